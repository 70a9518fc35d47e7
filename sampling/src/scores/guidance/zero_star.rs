//! CFG-Zero* (Fan et al. 2025): guidance of velocities with a scale of its own for each example.

use burn::tensor::Tensor;
use fokker_model::divergence::{broadcast, inner_product};
use fokker_model::per_example::scale_examples;
use fokker_model::{Output, Parameterization};
use fokker_process::Process;

use super::guided::Prediction;

/// `w u + (1 − w) s* ū` with `s* = ⟨u, ū⟩/‖ū‖²`, which minimises `‖u − s ū‖²` (Fan et al. 2025).
pub(super) fn optimised<const D: usize>(velocity: Tensor<D>, guide: Tensor<D>, weights: &[f64]) -> Tensor<D> {
    let along: Tensor<D> = broadcast(inner_product(velocity.clone(), guide.clone()));
    let square: Tensor<D> = broadcast(inner_product(guide.clone(), guide.clone()));
    let nearest = guide * (along / square.add_scalar(1e-30));
    nearest.clone() + scale_examples(velocity - nearest, weights.iter().copied())
}

/// The noise or the data that belong to a velocity, as those of a network that puts velocities out ([`Output::Velocity`]).
pub(super) fn of_velocity<const D: usize>(
    asked: Prediction,
    process: &dyn Process,
    x: Tensor<D>,
    velocity: Tensor<D>,
    t: &[f64],
) -> Tensor<D> {
    let reading = Parameterization { output: Output::Velocity, ..Parameterization::default() };
    let at = |&t: &f64| match asked {
        Prediction::Noise => reading.noise(process, t),
        Prediction::Data => reading.denoised(process, t),
    };
    scale_examples(x, t.iter().map(|t| at(t).input)) + scale_examples(velocity, t.iter().map(|t| at(t).output))
}
