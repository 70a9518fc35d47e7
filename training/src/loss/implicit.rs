//! Implicit score matching (Hyvärinen 2005; [SDE tutorial, eq. 4.1.16]): the true score is integrated away by parts.

use burn::tensor::Tensor;
use fokker_model::{Derivatives, Divergence};
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::kind::{LossEntry, LossKind};
use super::{DivergenceEstimator, Loss, noisy, numbers, per_coordinate, square_norm};

/// `(‖ε_θ(x_t)‖² − 2σ div ε_θ(x_t)) / dimension`, which is `σ²(‖s_θ‖² + 2 div s_θ) / dimension`.
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]` → `[batch]`
pub fn implicit<const D: usize>(
    score: &dyn Derivatives<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
    divergence: &Divergence<D>,
) -> Tensor<1> {
    let process = score.process();
    let (estimate, divergence) = divergence.of_noise(score, noisy(process, &x0, &noise, t), t);
    let twice = numbers(t.iter().map(|&t| 2.0 * process.std(t)), &x0);
    per_coordinate(square_norm(estimate) - divergence * twice, &x0)
}

/// The settings.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Implicit {
    #[serde(default)]
    pub divergence: DivergenceEstimator,
}

impl LossKind for Implicit {
    fn loss(&self) -> Loss {
        Loss::Implicit { divergence: self.divergence }
    }
}

register!(LossEntry, Implicit, "implicit");
