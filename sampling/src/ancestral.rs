//! Ancestral sampling: the reverse chain of DDPM (Ho et al. 2020, alg. 2; papers/002 eq. 4.2.45) on any time grid.
//!
//! The step from `t` to `s < t` draws from the Gaussian `q(x_s | x_t, x₀)` with `x₀` replaced by its expectation given
//! `x_t`. On the knots of a discrete chain these are exactly the chain's updates; for variance-exploding processes
//! they are those of papers/002 eq. 4.2.10 (corrected).

use burn::tensor::Tensor;
use fokker_model::Score;
use serde::{Deserialize, Serialize};

/// Variance of the reverse step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PosteriorVariance {
    /// That of `q(x_s | x_t, x₀)`, right if the data were one point: DDPM's `β̃`.
    Small,
    /// That of `q(x_t | x_s)`, right if the data were Gaussian with the process's own law: DDPM's `β`.
    #[default]
    Large,
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
    let denoised = score.denoised(x.clone(), &vec![t; x.dims()[0]]);
    let std = match variance {
        PosteriorVariance::Small => posterior.std_small,
        PosteriorVariance::Large => posterior.std_large,
    };
    x.mul_scalar(posterior.x_t) + denoised.mul_scalar(posterior.x0) + normal.mul_scalar(std)
}
