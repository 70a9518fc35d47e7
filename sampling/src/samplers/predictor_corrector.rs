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
use fokker_model::divergence::{broadcast, inner_product};
use fokker_process::Process;

use super::langevin::langevin_step;
use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::grid::TimeGrid;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Processes};
use crate::options::{CorrectorConfig, CorrectorRule, SamplerOption};
use crate::register_sampler;
use crate::sampler::{Sampler, Step, denoised_at, score_at};
use crate::solvers::{Brownian, combine};

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
    broadcast(inner_product(x.clone(), x.clone()))
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Sde,
    calls_per_step: 2,
    steps: 100,
    grid: &TimeGrid::Quadratic,
    noise: Noise::Always,
    options: &[SamplerOption::Grid, SamplerOption::Predictor, SamplerOption::Corrector],
    leaves_pure_noise: true,
    ..MethodInfo::new("predictor_corrector", "A sampler with Langevin corrections (Song et al. 2021).")
};

impl Method {
    /// [`PredictorCorrector`].
    pub const PREDICTOR_CORRECTOR: Self = Self::of(&INFO);
}

/// The predictor that a configuration means under a process.
fn predictor(config: &SamplerConfig, process: &dyn Process) -> Method {
    let has_chain = Processes::Chains.include(process);
    config.predictor.unwrap_or(if has_chain { Method::REVERSE_DIFFUSION } else { Method::EXPONENTIAL_EULER })
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, process: &dyn Process) -> Box<dyn Sampler<D>> {
        let predictor = SamplerConfig::new(predictor(config, process)).build(process);
        let predictor = predictor.expect("a validated predictor of a rank that samplers have");
        Box::new(PredictorCorrector { predictor, corrector: config.corrector(), last_scale: 1.0 })
    }

    fn validate(&self, config: &SamplerConfig, process: &dyn Process) -> Result<(), SamplingError> {
        let Some(predictor) = config.predictor else { return Ok(()) };
        if !predictor.is_single_step() {
            let message = format!(
                "{} does not go with corrections: a predictor must take single steps, such as reverse_diffusion, \
                 ancestral, reverse_sde or ddim",
                predictor.name()
            );
            return Err(SamplingError::sampler("predictor", message));
        }
        let (steps, grid) = (config.steps, config.grid.clone());
        SamplerConfig { steps, grid, ..SamplerConfig::new(predictor) }.validate(process)
    }

    fn score_calls(&self, config: &SamplerConfig, process: &dyn Process) -> Option<usize> {
        let (corrections, predictor) = (config.corrector().steps, predictor(config, process));
        let calls = predictor.info().calls_per_step;
        let grid = Some(config.grid());
        let alone = SamplerConfig { steps: config.steps, grid, ..SamplerConfig::new(predictor) };
        let spared = if alone.first_step_is_closed(process) { calls - 1 } else { 0 };
        let of_steps = config.steps() * (calls + corrections) - spared;
        Some(of_steps + usize::from(config.denoise) * (1 + corrections))
    }
}

register_sampler!(&INFO, &Kind);
