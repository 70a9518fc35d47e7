//! The equations that are walked back in time, without a word about networks.
//!
//! The forward process `dx = f x dt + g dw` has a whole family of reverse processes with the same marginals
//! ([Aamari 2025, Thm 2.10]; Anderson 1982 and Song et al. 2021 for the two best known members): for any backward noise
//! `σ̃ ≥ 0`,
//!
//! ```text
//! dx = [f x − ½ (1 + σ̃²) g² ∇ log p_t(x)] dt + σ̃ g dw̄,     t from T down to 0.
//! ```
//!
//! `σ̃ = 0` is the probability-flow ODE, `σ̃ = 1` the reverse SDE. Drift and noise are scalars that depend on time alone. The theorem
//! with noise that depends on the state is more than this. [SDE tutorial, eq. 2.4.19] with a matrix `L(t)` is in
//! `samplers/phase_space/` for positions with velocities, and for any matrix in the laboratory.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::scale_examples;

use super::backward_noise::BackwardNoise;

/// An Itô equation `dx = drift(x, t) dt + diffusion(t) dw` with additive noise.
///
/// Solvers walk it in either direction; a solver never asks for more than this.
pub trait Dynamics<const D: usize> {
    /// The drift.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn drift(&self, x: Tensor<D>, t: f64) -> Tensor<D>;
    /// The factor of the noise; 0 where there is none.
    fn diffusion(&self, t: f64) -> f64;
}

/// An ordinary differential equation `dx = drift(x, t) dt`: what a solver that knows no noise can walk.
pub trait Flow<const D: usize> {
    /// The drift.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn drift(&self, x: Tensor<D>, t: f64) -> Tensor<D>;
}

/// The reverse process with a chosen backward noise [Aamari 2025, Thm 2.10].
#[derive(Clone)]
pub struct ReverseDynamics<'a, const D: usize> {
    score: &'a dyn Score<D>,
    backward_noise: BackwardNoise,
}

impl<'a, const D: usize> ReverseDynamics<'a, D> {
    /// `backward_noise` is `σ̃ ≥ 0`: 0 for the probability-flow ODE, 1 for the reverse SDE; a number or a function of
    /// t.
    pub fn new(score: &'a dyn Score<D>, backward_noise: impl Into<BackwardNoise>) -> Self {
        Self { score, backward_noise: backward_noise.into() }
    }
}

impl<const D: usize> Dynamics<D> for ReverseDynamics<'_, D> {
    fn drift(&self, x: Tensor<D>, t: f64) -> Tensor<D> {
        let process = self.score.process();
        let factor = 0.5 * (1.0 + self.backward_noise.at(t).powi(2)) * process.diffusion_squared(t) / process.std(t);
        let noise = self.score.noise(x.clone(), &vec![t; x.dims()[0]]);
        x.mul_scalar(process.drift(t)) + noise.mul_scalar(factor)
    }

    fn diffusion(&self, t: f64) -> f64 {
        self.backward_noise.at(t) * self.score.process().diffusion_squared(t).sqrt()
    }
}

/// The probability-flow ODE in the coordinates in which its linear part is gone.
///
/// With `x̂ = x/α` and the noise-to-data ratio `σ̂ = σ/α` in the place of time, the flow of *every* linear process is
/// `dx̂/dσ̂ = E[ε | x]` (Karras et al. 2022, sec. 3; Song et al. 2020, eq. 14). Nothing is left of the process but
/// the map between `t` and `σ̂`, so solvers make no error on the linear part.
#[derive(Clone, Copy)]
pub struct ProbabilityFlow<'a, const D: usize> {
    score: &'a dyn Score<D>,
}

impl<'a, const D: usize> ProbabilityFlow<'a, D> {
    /// The flow of a score.
    pub fn new(score: &'a dyn Score<D>) -> Self {
        Self { score }
    }

    /// The score.
    pub fn score(&self) -> &'a dyn Score<D> {
        self.score
    }

    /// `σ̂ = σ/α` at time `t`.
    pub fn ratio(&self, t: f64) -> f64 {
        (-0.5 * self.score.process().log_snr(t)).exp()
    }

    /// The time with `σ/α = ratio`.
    pub fn time(&self, ratio: f64) -> f64 {
        self.score.process().time_of_log_snr(-2.0 * ratio.ln())
    }

    /// α at the time with `σ/α = ratio`.
    pub fn mean_scale(&self, ratio: f64) -> f64 {
        self.score.process().mean_scale(self.time(ratio))
    }

    /// The drift with a ratio of its own for each example.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `ratios`: `batch` numbers → like `x`
    pub fn drift_each(&self, x: Tensor<D>, ratios: &[f64]) -> Tensor<D> {
        let process = self.score.process();
        let times: Vec<f64> = ratios.iter().map(|&ratio| self.time(ratio)).collect();
        self.score.noise(scale_examples(x, times.iter().map(|&t| process.mean_scale(t))), &times)
    }
}

impl<const D: usize> Flow<D> for ProbabilityFlow<'_, D> {
    /// `x` is `x̂ = x_t/α`, `ratio` is `σ̂`.
    fn drift(&self, x: Tensor<D>, ratio: f64) -> Tensor<D> {
        let batch = x.dims()[0];
        self.drift_each(x, &vec![ratio; batch])
    }
}
