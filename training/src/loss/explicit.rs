//! Explicit score matching [Lecture 6, Prop. 1, first line], where the true score is known.

use burn::tensor::Tensor;
use fokker_model::Score;

use super::{noisy, per_coordinate, square_norm};

/// `‖ε_θ(x_t) − E[ε | x_t]‖² / dimension` with the true expectation.
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]` → `[batch]`
pub fn explicit<const D: usize>(
    score: &dyn Score<D>,
    truth: &dyn Score<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
) -> Tensor<1> {
    let x = noisy(score.process(), &x0, &noise, t);
    let target = truth.noise(x.clone(), t);
    per_coordinate(square_norm(score.noise(x, t) - target), &x0)
}
