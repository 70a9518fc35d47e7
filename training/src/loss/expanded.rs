//! Denoising score matching with the square multiplied out, and the part that does not depend on θ left out
//! [Lecture 6, Prop. 1, third line, and eq. 1.30].

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::divergence::inner_product;
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::kind::{LossEntry, LossKind};
use super::{Loss, noisy, per_coordinate, square_norm};

/// `(‖ε_θ(x_t)‖² − 2 ε_θ(x_t) · ε) / dimension`.
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]` → `[batch]`
pub fn expanded<const D: usize>(score: &dyn Score<D>, x0: Tensor<D>, noise: Tensor<D>, t: &[f64]) -> Tensor<1> {
    let estimate = score.noise(noisy(score.process(), &x0, &noise, t), t);
    let product = inner_product(estimate.clone(), noise).mul_scalar(2.0);
    per_coordinate(square_norm(estimate) - product, &x0)
}

/// The settings: there are none.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expanded {}

impl LossKind for Expanded {
    fn loss(&self) -> Loss {
        Loss::Expanded
    }
}

register!(LossEntry, Expanded, "expanded");
