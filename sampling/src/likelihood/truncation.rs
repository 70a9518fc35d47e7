//! What is done about the smallest time `ε = min_time`, at which the path begins.
//!
//! With `z ~ N(0, I)`, `x̂_ε = x₀ + σ̂ z` and the estimate `ε̂ = E[ε | x_ε]`, the decoder of a variational correction is
//! `p(x₀ | x_ε) = N(x̂_ε − σ̂ ε̂, v σ̂²)`, whose mean is Tweedie's, and
//!
//! ```text
//! ln p(x₀) ≥ E[ln p_ε(x_ε) + ln p(x₀ | x_ε) − ln q(x_ε | x₀)]
//!          = E[ln p̂(x̂_ε) + ½|z|² − |z − ε̂|²/(2v) − ½ D ln v]
//! ```
//!
//! (Song et al. 2021b, sec. 4.2 "correction"; Kim et al. 2022, Appx. A). With `v = 1` this is the published one. The
//! covariance of `x₀` given `x_ε` is `σ̂² (I − σ ∂ₓE[ε | x_ε])` (Tweedie's formula of second order), so the best number
//! for all coordinates is `v = 1 − σ tr ∂ₓE[ε | x_ε]/D`, and the trace is known: it is the first integrand of the path.
//! As `v` depends on `x_ε` and the probe alone, the bound stays a bound whatever it is.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::host::squares;

/// What is done about the smallest time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Nothing: `ln p_ε` at the datum itself, the density of noisy data.
    None,
    /// An estimate of `ln p₀`: the path is continued to `t = 0` with `E[ε] ∝ σ̂`, which a smooth density has, up to
    /// `O(σ̂⁴)`. No bound, and of no use where the data are finer than `σ̂`.
    Extrapolated,
    /// A lower bound of `ln p₀` in the mean over `z`: the decoder's deviation is `σ/α`.
    Variational,
    /// The same with the decoder's deviation by Tweedie's formula of second order: tight for smooth densities.
    #[default]
    Matched,
}

/// No decoder has less than this share of σ̂²: a bad estimate of the trace must not ruin the bound.
const SMALLEST_VARIANCE: f64 = 1e-2;

impl Truncation {
    /// Whether the result is a lower bound of `ln p₀` in the mean (and the bits per dimension an upper bound).
    pub fn is_bound(self) -> bool {
        matches!(self, Self::Variational | Self::Matched)
    }

    /// `½|z|² − |z − ε̂|²/(2v) − ½ D ln v` for each estimate of `σ tr ∂ₓE[ε]`, example after example.
    pub(super) fn decoder<const D: usize>(self, z: Tensor<D>, noise: Tensor<D>, traces: &[f64]) -> Vec<f64> {
        let batch = z.dims()[0];
        let dimension = z.dims()[1..].iter().product::<usize>() as f64;
        let (prior, misses) = (squares(z.clone()), squares(z - noise));
        let columns = traces.len() / batch;
        traces
            .iter()
            .enumerate()
            .map(|(k, trace)| {
                let v = match self {
                    Self::Matched => (1.0 - trace / dimension).clamp(SMALLEST_VARIANCE, 1.0),
                    _ => 1.0,
                };
                0.5 * (prior[k / columns] - misses[k / columns] / v - dimension * v.ln())
            })
            .collect()
    }
}
