//! Ancestral sampling: the reverse chain of DDPM (Ho et al. 2020, alg. 2; [SDE tutorial, eq. 4.2.45]) on any time grid.
//!
//! The step from `t` to `s < t` draws from the Gaussian `q(x_s | x_t, x₀)` with `x₀` replaced by its expectation given
//! `x_t`. On the knots of a discrete chain these are exactly the chain's updates; for variance-exploding processes
//! they are those of [SDE tutorial, eq. 4.2.10] (corrected).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Posterior;
use serde::{Deserialize, Serialize};

use super::sampler::{Sampler, Step, denoised_at};
use crate::solvers::Brownian;

/// Variance of the reverse step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PosteriorVariance {
    /// That of `q(x_s | x_t, x₀)`, right if the data were one point: DDPM's `β̃`.
    Small,
    /// That of `q(x_t | x_s)`, right if the data were Gaussian with the process's own law: DDPM's `β`.
    #[default]
    Large,
    /// Between both, in the logarithm: 0 is small, 1 large (Nichol & Dhariwal 2021, eq. 15).
    Interpolated(f64),
}

impl PosteriorVariance {
    /// The standard deviation of the step.
    pub fn std(self, posterior: &Posterior) -> f64 {
        match self {
            Self::Small => posterior.std_small,
            Self::Large => posterior.std_large,
            Self::Interpolated(v) => posterior.std_small.powf(1.0 - v) * posterior.std_large.powf(v),
        }
    }
}

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
