//! How far the generated law can be from the data, by the error of the score [Aamari 2025, Prop. 4.3].
//!
//! With the backward noise `σ̃` in units of the forward noise, `σ² = ½ g²`, and `g²/σ_t² dt = −dλ` in the log-SNR,
//!
//! ```text
//! KL(p_ε | q) ≤ KL(p_T | p∞) + (1 + σ̃²)²/(4σ̃²) · ½ ∫_{λ(T)}^{λ(ε)} E|E[ε | x_t] − ε̂(x_t)|² dλ
//! ```
//!
//! is an expectation over noisy data, so data and their true score are all that is needed, in any dimension. The
//! coefficient is smallest, 1, at `σ̃ = 1`; `σ̃ = 0`, the probability flow, has no bound. `σ̃` is one number here; the proposition
//! allows any function of time, which goes under the integral. `laws::bound` of the crate
//! `laboratory` computes the same on a grid, together with the true divergence.
//!
//! Where only data are known, `|ε̂ − z|²` can stand for `|E[ε | x_t] − ε̂|²`, which it exceeds by the variance of `z` given
//! `x_t`: what remains is the bound of [`diffusion_bound`](super::diffusion_bound) on the likelihood itself, whose
//! distance to the divergence is the unknown entropy of the data.

use burn::tensor::Tensor;
use fokker_model::Score;

use super::density::{Draw, Told};
use super::diffusion_bound::{noisy, times};
use super::host::{host, squares};
use super::prior::Prior;
use crate::error::SamplingError;

/// The two terms, for each example; their means are the bound.
#[derive(Clone, Debug)]
pub struct KlBound {
    /// `ln p_T(x_T) − ln p∞(x_T)`, in nats.
    pub prior: Vec<f64>,
    /// The integral with its coefficient, in nats.
    pub score: Vec<f64>,
    /// How often the network was evaluated on each example.
    pub network_calls: usize,
}

impl KlBound {
    /// The sum for each example, in nats.
    pub fn totals(&self) -> Vec<f64> {
        self.prior.iter().zip(&self.score).map(|(a, b)| a + b).collect()
    }
}

/// The bound by `points` noise levels for each example, for a score, the true score, and both laws at the horizon.
///
/// # Shapes
/// `x0`: `[batch, …]`, draws from the data
///
/// # Errors
/// A backward noise that is not positive; [`SamplingError::Stopped`] if `observe` broke off.
pub fn kl_bound<const D: usize>(
    score: &dyn Score<D>,
    (truth, at_horizon): (&dyn Score<D>, &dyn Prior),
    prior: &dyn Prior,
    x0: &Tensor<D>,
    (backward_noise, points): (f64, usize),
    draw: &Draw,
    observe: Told,
) -> Result<KlBound, SamplingError> {
    if !(backward_noise > 0.0 && backward_noise.is_finite()) {
        let message = format!("{backward_noise} is not above 0, and the probability flow has no such bound");
        return Err(SamplingError::argument("backward_noise", message));
    }
    let coefficient = (1.0 + backward_noise.powi(2)).powi(2) / (4.0 * backward_noise.powi(2));
    let (process, batch) = (score.process(), x0.dims()[0]);
    let (end, _) = noisy(score, x0, &vec![process.horizon(); batch], draw, points);
    let ends = host(end);
    let ratio = |x: &[f64]| at_horizon.log_density(x) - prior.log_density(x);
    let mut bound = KlBound {
        prior: ends.chunks(ends.len() / batch).map(ratio).collect(),
        score: vec![0.0; batch],
        network_calls: points,
    };
    for point in 0..points {
        let (times, parts) = times(process, draw, point, points);
        let (state, _) = noisy(score, x0, &times, draw, point);
        let misses = squares(truth.noise(state.clone(), &times) - score.noise(state, &times));
        let terms = misses.into_iter().zip(parts).map(|(miss, part)| coefficient * 0.5 * part * miss);
        bound.score.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        if observe(100 * (point + 1) / points).is_break() {
            return Err(SamplingError::Stopped);
        }
    }
    Ok(bound)
}
