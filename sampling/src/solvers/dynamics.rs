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
use super::coordinates::{Coordinates, ratio};

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

/// The probability-flow ODE in [`Coordinates`] in which its linear part is gone.
///
/// Nothing is left of the process but the map between `t` and the variable, so solvers make no error on the linear part.
#[derive(Clone, Copy)]
pub struct ProbabilityFlow<'a, const D: usize> {
    score: &'a dyn Score<D>,
    coordinates: Coordinates,
}

impl<'a, const D: usize> ProbabilityFlow<'a, D> {
    /// The flow of a score.
    pub fn new(score: &'a dyn Score<D>) -> Self {
        Self { score, coordinates: Coordinates::of(score.process()) }
    }

    /// The score.
    pub fn score(&self) -> &'a dyn Score<D> {
        self.score
    }

    /// The coordinates.
    pub fn coordinates(&self) -> Coordinates {
        self.coordinates
    }

    /// The variable `ρ` at time `t`.
    pub fn place(&self, t: f64) -> f64 {
        self.coordinates.of_ratio(ratio(self.score.process(), t))
    }

    /// The time of a place.
    pub fn time(&self, place: f64) -> f64 {
        self.score.process().time_of_log_snr(-2.0 * self.coordinates.ratio(place).ln())
    }

    /// What the state is divided by at time `t`: `α`, or `α + σ/c`.
    pub fn scale(&self, t: f64) -> f64 {
        let process = self.score.process();
        match self.coordinates {
            Coordinates::Ratio => process.mean_scale(t),
            Coordinates::Share { noise_std } => process.mean_scale(t) + process.std(t) / noise_std,
        }
    }

    /// The drift at a place of each example's own.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `places`: `batch` numbers → like `x`
    pub fn drift_each(&self, x: Tensor<D>, places: &[f64]) -> Tensor<D> {
        let times: Vec<f64> = places.iter().map(|&place| self.time(place)).collect();
        let x = scale_examples(x, times.iter().map(|&t| self.scale(t)));
        match self.coordinates {
            Coordinates::Ratio => self.score.noise(x, &times),
            Coordinates::Share { .. } => {
                let data = self.score.denoised(x.clone(), &times);
                self.slope_of_data(x, data, &times)
            }
        }
    }

    /// `c ε − x₀ = c (x − (α + σ/c) x₀)/σ` of [`Coordinates::Share`], or its derivative, from the expected data or theirs.
    pub(crate) fn slope_of_data(&self, x: Tensor<D>, data: Tensor<D>, times: &[f64]) -> Tensor<D> {
        let process = self.score.process();
        let factor = |t: f64| process.prior_std() / process.std(t);
        scale_examples(x, times.iter().map(|&t| factor(t)))
            - scale_examples(data, times.iter().map(|&t| factor(t) * self.scale(t)))
    }
}

impl<const D: usize> Flow<D> for ProbabilityFlow<'_, D> {
    /// `x` is the state divided by its scale, `place` stands for the time.
    fn drift(&self, x: Tensor<D>, place: f64) -> Tensor<D> {
        let batch = x.dims()[0];
        self.drift_each(x, &vec![place; batch])
    }
}
