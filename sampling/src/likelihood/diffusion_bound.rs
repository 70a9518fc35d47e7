//! The variational bound of the reverse SDE, a chain of infinitely many steps.
//!
//! With `λ = ln(α²/σ²)`, `x_t = α x₀ + σ z` and the estimate `ε̂ = E[ε | x_t]`
//!
//! ```text
//! −ln p(x₀) ≤ KL(q(x_T | x₀) ‖ prior) + ½ ∫_{λ(T)}^{λ(ε)} E|ε̂ − z|² dλ + E[−ln p(x₀ | x_ε)]
//! ```
//!
//! (Kingma et al. 2021, eq. 11–17; with `g²/σ² dt = −dλ` and Gaussian integration by parts this is the bound of Song et
//! al. 2021b, Theorem 3). It is a bound for what the reverse *SDE* generates, whose likelihood is not that of the
//! probability flow unless the score is exact.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::scale_examples;
use rand::RngExt;

use super::chain_bound::prior_divergence;
use super::decoder::Decoder;
use super::density::{Draw, Told};
use super::host::squares;

/// The three terms of each example, in nats.
#[derive(Clone, Debug)]
pub struct DiffusionBound {
    /// `KL(q(x_T | x₀) ‖ prior)`.
    pub prior: Vec<f64>,
    /// The integral.
    pub diffusion: Vec<f64>,
    /// The decoder's term.
    pub decoder: Vec<f64>,
    /// How often the network was evaluated on each example.
    pub network_calls: usize,
}

impl DiffusionBound {
    /// The bound of each example, in nats.
    pub fn totals(&self) -> Vec<f64> {
        self.prior.iter().zip(&self.diffusion).zip(&self.decoder).map(|((a, b), c)| a + b + c).collect()
    }
}

/// The bound for each example of a batch, the integral by `points` noise levels of each example's own, one in each part
/// of equal size of the log-SNR; `None` if `observe` broke off.
///
/// # Shapes
/// `x0`: `[batch, …]`
pub fn diffusion_bound<const D: usize>(
    score: &dyn Score<D>,
    x0: &Tensor<D>,
    decoder: Decoder,
    points: usize,
    draw: &Draw,
    observe: Told,
) -> Option<DiffusionBound> {
    let process = score.process();
    let (batch, smallest) = (x0.dims()[0], process.min_time());
    let z = draw.normals(x0, 0);
    let state = x0.clone().mul_scalar(process.mean_scale(smallest)) + z.mul_scalar(process.std(smallest));
    let denoised = score.denoised(state, &vec![smallest; batch]);
    let std = (-0.5 * process.log_snr(smallest)).exp();
    let mut bound = DiffusionBound {
        prior: prior_divergence(process, x0, process.horizon()),
        diffusion: vec![0.0; batch],
        decoder: decoder.nats(x0, &denoised, std),
        network_calls: points + 1,
    };
    for point in 0..points {
        let (times, parts) = times(score.process(), draw, point, points);
        let (state, z) = noisy(score, x0, &times, draw, point);
        let misses = squares(score.noise(state, &times) - z);
        let terms = misses.into_iter().zip(parts).map(|(miss, part)| 0.5 * part * miss);
        bound.diffusion.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        if observe(100 * (point + 1) / points).is_break() {
            return None;
        }
    }
    Some(bound)
}

/// A time for each example in one part of the integral, and the size of its part in λ.
///
/// Parts are equal in λ. From pure noise, where λ = −∞, they are equal in `S = ln(1 + c² α²/σ²)`, `c` the deviation of the noise
/// there: `dλ = (1 + σ²/(c² α²)) dS`, and `σ²/α² |ε̂ − z|² = |x̂₀ − x₀|²`, so that the integrand is bounded at both ends.
pub(super) fn times(
    process: &dyn fokker_process::Process,
    draw: &Draw,
    point: usize,
    points: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (low, high) = (process.log_snr(process.horizon()), process.log_snr(process.min_time()));
    let shift = |&example: &u64| -> f64 { point as f64 + draw.time_rng(example, point).random::<f64>() };
    if process.reaches_pure_noise() {
        let square = process.prior_std().powi(2);
        let part = (square * high.exp()).ln_1p() / points as f64;
        let draws = draw.examples.iter().map(|example| {
            let snr = (shift(example) * part).exp_m1();
            (process.time_of_log_snr((snr / square).ln()), part * (1.0 + 1.0 / snr))
        });
        return draws.unzip();
    }
    let part = (high - low) / points as f64;
    let time = |example| process.time_of_log_snr(low + shift(example) * part);
    (draw.examples.iter().map(time).collect(), vec![part; draw.examples.len()])
}

/// The data with noise of these times, and the noise.
pub(super) fn noisy<const D: usize>(
    score: &dyn Score<D>,
    x0: &Tensor<D>,
    times: &[f64],
    draw: &Draw,
    point: usize,
) -> (Tensor<D>, Tensor<D>) {
    let process = score.process();
    let z = draw.normals(x0, 1 + point);
    let state = scale_examples(x0.clone(), times.iter().map(|&t| process.mean_scale(t)))
        + scale_examples(z.clone(), times.iter().map(|&t| process.std(t)));
    (state, z)
}
