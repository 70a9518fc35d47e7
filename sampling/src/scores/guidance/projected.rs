//! Adaptive projected guidance (Sadat et al. 2025), which keeps large weights from making colours too strong.

use burn::tensor::Tensor;
use fokker_model::divergence::{broadcast, inner_product};
use fokker_model::per_example::scale_examples;
use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// The three changes that adaptive projected guidance makes to linear guidance of the predicted data. With `eta = 1`, no radius and no
/// momentum nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// `η`: what is kept of the part that is parallel to the prediction, which is what makes colours too strong.
    pub eta: f64,
    /// `r`: the largest norm of the difference over all numbers of an example, in the network's units; none for no limit.
    pub radius: Option<f64>,
    /// `β` in (−1, 1): the share of the sum of former differences that is added to each; below 0 it is a reverse momentum.
    pub momentum: f64,
}

impl Default for Projection {
    /// The parallel part left out, and nothing else.
    fn default() -> Self {
        Self { eta: 0.0, radius: None, momentum: 0.0 }
    }
}

impl Projection {
    pub(super) fn validate(&self) -> Result<(), SamplingError> {
        let refuse = |key: &str, message: String| Err(SamplingError::argument(key, message));
        if !self.eta.is_finite() {
            return refuse("guidance eta", format!("{} is no finite number", self.eta));
        }
        if let Some(radius) = self.radius.filter(|radius| !(radius.is_finite() && *radius > 0.0)) {
            return refuse("guidance radius", format!("{radius} must be above 0"));
        }
        if self.momentum.abs() < 1.0 {
            return Ok(());
        }
        refuse("guidance momentum", format!("{} must lie between -1 and 1, without them", self.momentum))
    }

    /// `Δ_t + β Δ̄_{t+1}`: the difference with its momentum (Sadat et al. 2025).
    pub(super) fn with_momentum<const D: usize>(&self, difference: Tensor<D>, former: Option<Tensor<D>>) -> Tensor<D> {
        match former {
            Some(former) => difference + former.mul_scalar(self.momentum),
            None => difference,
        }
    }

    /// `D + (w − 1)(Δ_⊥ + η Δ_∥)` with `Δ ← Δ min(1, r/‖Δ‖)`, `Δ_∥ = ⟨Δ, D⟩/⟨D, D⟩ D` and `Δ_⊥ = Δ − Δ_∥` (Sadat et al. 2025).
    ///
    /// # Shapes
    /// `data`, `difference`: `[batch, …]`, one weight for each example → the same
    pub(super) fn apply<const D: usize>(&self, data: Tensor<D>, difference: Tensor<D>, weights: &[f64]) -> Tensor<D> {
        let difference = match self.radius {
            Some(radius) => {
                let norm: Tensor<D> = broadcast(inner_product(difference.clone(), difference.clone())).sqrt();
                difference * norm.add_scalar(TINY).recip().mul_scalar(radius).clamp_max(1.0)
            }
            None => difference,
        };
        let along: Tensor<D> = broadcast(inner_product(difference.clone(), data.clone()));
        let square: Tensor<D> = broadcast(inner_product(data.clone(), data.clone()));
        let parallel = data.clone() * (along / square.add_scalar(TINY));
        let update = difference + parallel.mul_scalar(self.eta - 1.0);
        data + scale_examples(update, weights.iter().map(|weight| weight - 1.0))
    }
}

/// What keeps 0/0 away: a norm of 0 belongs to a difference of 0.
const TINY: f64 = 1e-30;
