//! A score for all times from its value at the first: [Lai 2023, eq. 11].

use burn::tensor::Tensor;
use fokker_kernels::memo::Memo;
use fokker_model::divergence::inner_product;
use fokker_model::{Derivatives, Score};
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::differentiation::Differentiation;
use super::residual::{Directions, residual, residual_along, unit};
use crate::loss::{Loss, LossEntry, LossKind, noisy};

/// `‖ε_θ(x_t, t)‖ + ‖s_θ(x₀, t₀) − s(x₀, t₀)‖` with the true score `s` at the first time `t₀ = min_time` alone
/// [Lai 2023, eq. 11]. `frozen` is the same score with parameters that are not under differentiation.
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]`, one time for each example → `[batch]`
pub fn initial_value<const D: usize>(
    score: &dyn Derivatives<D>,
    frozen: &dyn Derivatives<D>,
    truth: &dyn Score<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
    directions: &Directions<D>,
) -> Tensor<1> {
    let process = score.process();
    let x = noisy(process, &x0, &noise, t).inner();
    // Both evaluate the score and its first derivatives along the directions and in time.
    let mut memo = Memo::new();
    let recording = memo.record();
    let residual = residual(frozen, x.clone(), t, directions, Differentiation::Exact);
    drop(recording);
    let (w, _) = unit(residual);
    let replaying = memo.replay();
    let (evolution, _) = residual_along(score, x, t, w, directions, Differentiation::Exact);
    drop(replaying);
    let start = vec![process.min_time(); t.len()];
    let difference = score.score(x0.clone(), &start) - truth.score(x0, &start);
    // The root of zero has no derivative.
    evolution + inner_product(difference.clone(), difference).add_scalar(1e-12).sqrt()
}

/// The settings: there are none.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InitialValue {}

impl LossKind for InitialValue {
    fn loss(&self) -> Loss {
        Loss::InitialValue
    }
}

register!(LossEntry, InitialValue, "initial_value");
