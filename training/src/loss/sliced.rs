//! Sliced score matching (Song et al. 2020b, "Sliced score matching"; [SDE tutorial, eq. 4.1.18]): implicit score matching
//! along random directions.

use burn::tensor::Tensor;
use fokker_model::divergence::inner_product;
use fokker_model::{Derivatives, Probe};
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::kind::{LossEntry, LossKind};
use super::{Loss, noisy, numbers, one, per_coordinate, square_norm};

/// The mean over directions `v` of `((v · ε_θ)² − 2σ vᵀ ∂ε_θ v) / dimension`, which is
/// `σ²((v · s_θ)² + 2 vᵀ J v) / dimension`; with `variance_reduced`, `‖s_θ‖²` stands for `(v · s_θ)²`.
///
/// # Shapes
/// `x0`, `noise` and each direction: `[batch, …]` → `[batch]`
///
/// # Panics
/// If there is no direction.
pub fn sliced<const D: usize>(
    score: &dyn Derivatives<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
    directions: &[Tensor<D>],
    variance_reduced: bool,
) -> Tensor<1> {
    let process = score.process();
    let x = noisy(process, &x0, &noise, t);
    let twice = numbers(t.iter().map(|&t| 2.0 * process.std(t)), &x0);
    let along = directions.iter().map(|direction| {
        let (estimate, product) = score.noise_jvp(x.clone(), t, direction.clone());
        let square = match variance_reduced {
            true => square_norm(estimate),
            false => inner_product(estimate, direction.clone()).square(),
        };
        square - inner_product(product, direction.clone()) * twice.clone()
    });
    let sum = along.reduce(|sum, value| sum + value).expect("there is a direction");
    per_coordinate(sum.div_scalar(directions.len() as f64), &x0)
}

/// The settings.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sliced {
    #[serde(default = "yes")]
    pub variance_reduced: bool,
    #[serde(default = "one")]
    pub probes: usize,
    #[serde(default)]
    pub probe: Probe,
}

fn yes() -> bool {
    true
}

impl LossKind for Sliced {
    fn loss(&self) -> Loss {
        Loss::Sliced { variance_reduced: self.variance_reduced, probes: self.probes, probe: self.probe }
    }
}

register!(LossEntry, Sliced, "sliced");
