//! Denoising score matching (Vincent 2011; [Lecture 6, Prop. 1, second line]; [Lai 2023, eq. 3]).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::kind::{LossEntry, LossKind};
use super::{Loss, noisy, per_coordinate, square_norm};

/// `‖ε_θ(x_t) − ε‖² / dimension`, which is `σ²‖s_θ − ∇ log p(x_t | x₀)‖² / dimension`.
///
/// [`Objective::loss`](crate::Objective::loss) computes the same from the network's raw output, which loses nothing
/// where `ε_θ` is a difference of large numbers.
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]` → `[batch]`
pub fn denoising<const D: usize>(score: &dyn Score<D>, x0: Tensor<D>, noise: Tensor<D>, t: &[f64]) -> Tensor<1> {
    let estimate = score.noise(noisy(score.process(), &x0, &noise, t), t);
    per_coordinate(square_norm(estimate - noise), &x0)
}

/// The settings: there are none.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Denoising {}

impl LossKind for Denoising {
    fn loss(&self) -> Loss {
        Loss::Denoising
    }
}

register!(LossEntry, Denoising, "denoising");
