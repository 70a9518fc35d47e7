//! CFG-Zero* (Fan et al. 2025): guidance of velocities with a scale of its own for each example.

use burn::tensor::Tensor;
use fokker_model::divergence::{broadcast, inner_product};
use fokker_model::per_example::scale_examples;
use fokker_process::Process;

/// `w u + (1 − w) s* ū` with `s* = ⟨u, ū⟩/‖ū‖²`, which minimises `‖u − s ū‖²` (Fan et al. 2025).
pub(super) fn optimised<const D: usize>(velocity: Tensor<D>, guide: Tensor<D>, weights: &[f64]) -> Tensor<D> {
    let along: Tensor<D> = broadcast(inner_product(velocity.clone(), guide.clone()));
    let square: Tensor<D> = broadcast(inner_product(guide.clone(), guide.clone()));
    let nearest = guide * (along / square.add_scalar(1e-30));
    nearest.clone() + scale_examples(velocity - nearest, weights.iter().copied())
}

/// `ε = (α u − α′ x)/(α σ′ − α′ σ)`: the noise that belongs to a velocity `u = α′ x₀ + σ′ ε`.
pub(super) fn noise_of_velocity<const D: usize>(
    process: &dyn Process,
    x: Tensor<D>,
    velocity: Tensor<D>,
    t: &[f64],
) -> Tensor<D> {
    scale_examples(velocity, t.iter().map(|&t| process.mean_scale(t) / wronskian(process, t)))
        - scale_examples(x, t.iter().map(|&t| process.mean_scale_derivative(t) / wronskian(process, t)))
}

/// `x₀ = (σ′ x − σ u)/(α σ′ − α′ σ)`: the data that belong to it.
pub(super) fn denoised_of_velocity<const D: usize>(
    process: &dyn Process,
    x: Tensor<D>,
    velocity: Tensor<D>,
    t: &[f64],
) -> Tensor<D> {
    scale_examples(x, t.iter().map(|&t| process.std_derivative(t) / wronskian(process, t)))
        - scale_examples(velocity, t.iter().map(|&t| process.std(t) / wronskian(process, t)))
}

/// `α σ′ − α′ σ`, above 0 because `σ/α` rises.
fn wronskian(process: &dyn Process, t: f64) -> f64 {
    process.mean_scale(t) * process.std_derivative(t) - process.mean_scale_derivative(t) * process.std(t)
}
