//! Denoising score matching for the derivatives of the score (Meng et al. 2021, "Estimating high order gradients of
//! the data distribution by denoising"; Lu et al. 2022c, "Maximum likelihood training for score-based diffusion ODEs by
//! high-order denoising score matching").
//!
//! With `e = ε − E[ε | x_t]`, derivatives of the score are moments of what the noise could have been:
//!
//! ```text
//! σ² J + I        = E[e eᵀ | x_t]                 σ³ ∇(vᵀJv) = −E[(v·e)² e | x_t]
//! ```
//!
//! so both are learnt by regression. In the place of `E[ε | x_t]` stands the network's own estimate, and in the place of
//! `E[e eᵀ]` its own Jacobian, neither of them differentiated. The second regression is written so that an error `δ` of
//! the estimate enters with its third power only: with `ℓ = ε − ε_θ` and `C = σ²J_θ + I`, the target is
//! `−((v·ℓ)² − vᵀCv) ℓ + 2 (v·ℓ) C v`.

use burn::tensor::Tensor;
use fokker_model::Derivatives;
use fokker_model::divergence::{broadcast, inner_product};
use fokker_model::per_example::scale_examples;
use fokker_registry::register;
use serde::{Deserialize, Serialize};

use super::kind::{LossEntry, LossKind};
use super::{Loss, noisy, per_coordinate, square_norm};

/// `‖σ² J v + v − (ℓ · v) ℓ‖² / dimension` for a random `v`.
///
/// # Shapes
/// `x0`, `noise`, `v`: `[batch, …]` → `[batch]`
pub fn first_derivative<const D: usize>(
    score: &dyn Derivatives<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
    v: Tensor<D>,
) -> Tensor<1> {
    let process = score.process();
    let (estimate, product) = score.noise_jvp(noisy(process, &x0, &noise, t), t, v.clone());
    let error = (noise - estimate).detach();
    let spread = v.clone() - scale_examples(product, t.iter().map(|&t| process.std(t)));
    let target = error.clone() * broadcast(inner_product(error, v));
    per_coordinate(square_norm(spread - target), &x0)
}

/// `(σ³ u·∇(vᵀJv) − u·target)² / dimension` for random `u` and `v`.
///
/// # Shapes
/// `x0`, `noise`, `u`, `v`: `[batch, …]` → `[batch]`
pub fn second_derivative<const D: usize>(
    score: &dyn Derivatives<D>,
    x0: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
    [u, v]: [Tensor<D>; 2],
) -> Tensor<1> {
    let process = score.process();
    let powers = |x: Tensor<D>, power: i32| scale_examples(x, t.iter().map(|&t| process.std(t).powi(power)));
    let second = score.score_second(noisy(process, &x0, &noise, t), t, u.clone(), v.clone());
    let error = (noise + powers(second.score, 1)).detach();
    let covariance = (v.clone() + powers(second.along_v, 2)).detach();
    let along = inner_product(error.clone(), v.clone());
    let spread = along.clone().square() - inner_product(covariance.clone(), v.clone());
    let target = covariance * broadcast(along.mul_scalar(2.0)) - error * broadcast(spread);
    let difference = inner_product(powers(second.mixed, 3), v) - inner_product(target, u);
    per_coordinate(difference.square(), &x0)
}

/// The settings.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HigherOrder {
    #[serde(default = "unit")]
    pub first: f64,
    #[serde(default)]
    pub second: f64,
}

fn unit() -> f64 {
    1.0
}

impl LossKind for HigherOrder {
    fn loss(&self) -> Loss {
        Loss::HigherOrder { first: self.first, second: self.second }
    }
}

register!(LossEntry, HigherOrder, "higher_order");
