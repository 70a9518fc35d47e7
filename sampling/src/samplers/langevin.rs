//! Langevin dynamics: a walk whose law tends to the density whose score it is given.
//!
//! ```text
//! x ← x + δ ∇ln p(x) + √(2δ) z       [SDE tutorial, eq. 4.1.9]
//! ```

use burn::tensor::Tensor;
use fokker_model::Score;

use super::level::Level;
use super::sampler::{Sampler, Step, score_at};
use crate::solvers::Brownian;
use crate::solvers::combine;

/// One step of size `delta` at time `t`.
///
/// # Shapes
/// `x`: `[batch, …]` → the same
pub fn langevin_step<const D: usize>(
    score: &dyn Score<D>,
    x: Tensor<D>,
    t: f64,
    delta: f64,
    noise: &mut dyn Brownian<D>,
) -> Tensor<D> {
    let gradient = score_at(score, &x, t);
    combine(&[(1.0, &x), (delta, &gradient), ((2.0 * delta).sqrt(), &noise.normal(&x))])
}

/// Plain Langevin dynamics at the smallest time: each step of the grid is one step of the walk.
#[derive(Clone, Copy, Debug)]
pub struct Langevin {
    /// `δ` in units of the squared noise σ² of that time.
    pub step_size: f64,
}

impl<const D: usize> Sampler<D> for Langevin {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let delta = self.step_size * score.process().std(step.from()).powi(2);
        langevin_step(score, x, step.from(), delta, noise)
    }
}

/// Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1): some steps at every noise level, the step size in
/// proportion to the variance of the noise.
///
/// From one level to the next `x` is brought to the new scale of the data, which is 1 for variance-exploding processes.
#[derive(Clone, Copy, Debug)]
pub struct AnnealedLangevin {
    /// `δ/σ²`, the same at all levels.
    pub step_size: f64,
    /// Steps at each level.
    pub steps_per_level: usize,
}

impl<const D: usize> Sampler<D> for AnnealedLangevin {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s): (Level, Level) = step.levels(score.process());
        let x = combine(&[(s.mean_scale / t.mean_scale, &x)]);
        let delta = self.step_size * s.std * s.std;
        (0..self.steps_per_level).fold(x, |x, _| langevin_step(score, x, s.time, delta, noise))
    }
}
