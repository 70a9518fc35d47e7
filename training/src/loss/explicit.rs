//! Explicit score matching [Lecture 6, Prop. 1, first line], where the true score is known.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::kind::{LossEntry, LossKind};
use super::{Loss, noisy, per_coordinate, square_norm};

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

/// The settings: there are none.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explicit {}

impl LossKind for Explicit {
    fn loss(&self) -> Loss {
        Loss::Explicit
    }
}

register!(LossEntry, Explicit, "explicit");
