//! Ancestral sampling: the reverse chain of DDPM (Ho et al. 2020, alg. 2; [SDE tutorial, eq. 4.2.45]) on any time grid.
//!
//! The step from `t` to `s < t` draws from the Gaussian `q(x_s | x_t, x₀)` with `x₀` replaced by its expectation given
//! `x_t`. On the knots of a discrete chain these are exactly the chain's updates; for variance-exploding processes
//! they are those of [SDE tutorial, eq. 4.2.10] (corrected).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::grid::TimeGrid;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Processes};
use crate::options::{PosteriorVariance, SamplerOption};
use crate::register_sampler;
use crate::sampler::{Sampler, Step, denoised_at};
use crate::solvers::Brownian;

/// One ancestral step from `t` to the earlier `s`; `normal` holds independent draws from N(0, 1).
///
/// # Shapes
/// `x`, `normal`: `[batch, …]` → the same
pub fn ancestral_step<const D: usize>(
    score: &dyn Score<D>,
    variance: PosteriorVariance,
    x: Tensor<D>,
    t: f64,
    s: f64,
    normal: Tensor<D>,
) -> Tensor<D> {
    let posterior = score.process().posterior(s, t);
    let denoised = denoised_at(score, &x, t);
    x.mul_scalar(posterior.x_t) + denoised.mul_scalar(posterior.x0) + normal.mul_scalar(variance.std(&posterior))
}

/// Ancestral updates on a grid.
#[derive(Clone, Copy, Debug)]
pub struct Ancestral {
    /// The variance of the steps.
    pub variance: PosteriorVariance,
}

impl<const D: usize> Sampler<D> for Ancestral {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let normal = noise.unit_increment(step.from(), step.to(), &x);
        ancestral_step(score, self.variance, x, step.from(), step.to(), normal)
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["ddpm"],
    equation: Equation::Sde,
    order: Some(1.0),
    strong_order: Some(1.0),
    steps: 200,
    grid: &TimeGrid::Quadratic,
    processes: Processes::Chains,
    noise: Noise::Always,
    options: &[SamplerOption::Grid, SamplerOption::Variance],
    leaves_pure_noise: true,
    ..MethodInfo::new("ancestral", "DDPM's ancestral updates.")
};

impl Method {
    /// [`Ancestral`].
    pub const ANCESTRAL: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(Ancestral { variance: config.variance.unwrap_or_default() })
    }
}

register_sampler!(&INFO, &Kind);
