//! Langevin dynamics: a walk whose law tends to the density whose score it is given.
//!
//! ```text
//! x ← x + δ ∇ln p(x) + √(2δ) z       [SDE tutorial, eq. 4.1.9]
//! ```

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Schedule};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::{Sampler, Step, score_at};
use crate::solvers::{Brownian, combine};

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

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Langevin,
    steps: 1000,
    schedule: Schedule::SmallestTime,
    begins_in_noise: Some("all its steps are at the smallest time, whatever noise the state has"),
    noise: Noise::Always,
    options: &[SamplerOption::Langevin],
    leaves_pure_noise: true,
    ..MethodInfo::new("langevin", "Langevin dynamics at the smallest time.")
};

impl Method {
    /// [`Langevin`].
    pub const LANGEVIN: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(Langevin { step_size: config.langevin().step_size })
    }

    fn validate(&self, config: &SamplerConfig, _: &dyn Process) -> Result<(), SamplingError> {
        config.langevin().validate_one_level()
    }
}

register_sampler!(&INFO, &Kind);
