//! Predictor–corrector sampling (Song et al. 2021, algorithms 2–5): at each noise level some steps of Langevin dynamics
//! correct the law before a step of another sampler goes on.
//!
//! The corrector's step size follows from a signal-to-noise ratio `r`,
//!
//! ```text
//! x ← x + ε s(x) + √(2ε) z,      ε = 2 a² (r ‖z‖/‖s(x)‖)²,
//! ```
//!
//! with `a` the scale of the forward step (√(1−β) for VP, 1 for VE). The norms are those of each example, where the
//! authors' code takes the mean over the batch: an image must not depend on those drawn with it. With `rule =
//! "expected"` the quotient is replaced by σ: then the step size does not depend on the state, and the corrector leaves the
//! law unbiased to first order in any dimension. The two rules agree where the noise is far above the data's width. For data
//! from `N(0, s²)` the quotient tends in high dimension to `√(α²s² + σ²)`, so below that noise the expected step is shorter, by the
//! factor `σ²/(α²s² + σ²)`.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::divergence::{broadcast, inner};

use super::langevin::langevin_step;
use super::sampler::{Sampler, Step, denoised_at, score_at};
use crate::options::{CorrectorConfig, CorrectorRule};
use crate::solvers::Brownian;
use crate::solvers::combine;

/// A single-step sampler with Langevin corrections before each step.
pub struct PredictorCorrector<const D: usize> {
    /// The sampler that goes from one level to the next.
    pub predictor: Box<dyn Sampler<D>>,
    /// The corrections.
    pub corrector: CorrectorConfig,
    /// The scale of the last forward step.
    pub last_scale: f64,
}

impl<const D: usize> PredictorCorrector<D> {
    fn correct(&self, score: &dyn Score<D>, x: Tensor<D>, t: f64, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let factor = 2.0 * (self.last_scale * self.corrector.snr).powi(2);
        (0..self.corrector.steps).fold(x, |x, _| match self.corrector.rule {
            CorrectorRule::Expected => {
                let delta = factor * score.process().std(t).powi(2);
                langevin_step(score, x, t, delta, noise)
            }
            CorrectorRule::Sample => {
                let gradient = score_at(score, &x, t);
                let z = noise.normal(&x);
                let delta = (square(&z) / square(&gradient)).mul_scalar(factor);
                combine(&[(1.0, &x), (1.0, &(delta.clone() * gradient)), (2f64.sqrt(), &(delta.sqrt() * z))])
            }
        })
    }
}

impl<const D: usize> Sampler<D> for PredictorCorrector<D> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        self.last_scale = score.process().transition(step.to(), step.from()).scale;
        let x = self.correct(score, x, step.from(), noise);
        self.predictor.step(score, x, step, noise)
    }

    fn finish(&mut self, score: &dyn Score<D>, x: Tensor<D>, t: f64, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        self.last_scale = score.process().mean_scale(t);
        let x = self.correct(score, x, t, noise);
        denoised_at(score, &x, t)
    }
}

/// `‖x‖²` of each example, `[batch, 1, …]`.
fn square<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    broadcast(inner(x.clone(), x.clone()))
}
