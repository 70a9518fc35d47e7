//! Posterior gradients: the score of the data plus the gradient of the likelihood of what was measured.
//!
//! Given `x_t`, the data are about normal around `x̂₀(x_t)` with variance `r² = s²σ²/(α²s² + σ²)`, `s` the deviation of
//! the data, so (Song et al. 2023, "ΠGDM", eq. 6–7; Chung et al. 2023, "DPS", for another variance)
//!
//! ```text
//! ∇ln p(y | x_t) ≈ (∂x̂₀/∂x_t)ᵀ Aᵀ (y − A x̂₀)/(c r² + σ_y²),      A Aᵀ = c I.
//! ```
//!
//! For isotropic Gaussian data it is exact. The Jacobian of an exact denoiser is symmetric (it is `α/σ²` times the
//! covariance of the data given `x_t`), so the product with its transpose is a directional derivative, and a central
//! difference of two more network calls gives it: no tape, any score, any backend. In all three network calls.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::divergence::{broadcast, inner_product};
use fokker_model::per_example::{per_example, scale_examples};
use fokker_process::Process;

use super::operator::LinearOperator;

/// The score of the data given a measurement.
pub struct PosteriorGradient<S, A, const D: usize> {
    /// The score of the data.
    pub score: S,
    /// What was measured.
    pub operator: A,
    /// The measurement, `[batch, …]` or `[1, …]`.
    pub measured: Tensor<D>,
    /// Deviation `σ_y ≥ 0` of the measurement's noise, in data units.
    pub noise_std: f64,
    /// Deviation `s > 0` of the data.
    pub data_std: f64,
}

/// The step of the difference, in units of σ. Single precision loses `1e-7/1e-2` of the derivative where `x̂₀` is computed to `1e-7`. A
/// network that predicts the noise gives `x̂₀ = (x − σ ε)/α`, whose rounding is `1/α` times that: 150 times at VP's horizon, where
/// α = 0.0066, so about 0.15 % of the derivative there.
const DIFFERENCE: f64 = 1e-2;

impl<S: Score<D>, A: LinearOperator<D>, const D: usize> Score<D> for PosteriorGradient<S, A, D> {
    fn process(&self) -> &dyn Process {
        self.score.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let process = self.process();
        let eps = self.score.noise(x.clone(), t);
        let data = scale_examples(x.clone(), t.iter().map(|&t| 1.0 / process.mean_scale(t)))
            - scale_examples(eps.clone(), t.iter().map(|&t| process.std(t) / process.mean_scale(t)));
        let missing = self.measured.clone() - self.operator.apply(data);
        let direction = self.operator.adjoint(missing);
        // The direction is made as long as √(its number of values) times σ, and the derivative shrunk again.
        let each = direction.dims()[1..].iter().product::<usize>() as f64;
        let square: Tensor<D> = broadcast(inner_product(direction.clone(), direction.clone()));
        let length = square.div_scalar(each).sqrt().add_scalar(1e-12);
        let unit = direction / length.clone();
        let step = scale_examples(unit, t.iter().map(|&t| DIFFERENCE * process.std(t)));
        let ahead = self.score.denoised(x.clone() + step.clone(), t);
        let behind = self.score.denoised(x - step, t);
        let factors = t.iter().map(|&t| {
            let (alpha, sigma) = (process.mean_scale(t), process.std(t));
            let spread = (self.data_std * sigma).powi(2) / ((alpha * self.data_std).powi(2) + sigma * sigma);
            // −σ of the score, 1/(2 · DIFFERENCE · σ) of the difference.
            -1.0 / (2.0 * DIFFERENCE * (self.operator.gain() * spread + self.noise_std.powi(2)))
        });
        let device = eps.device();
        eps + (ahead - behind) * length * per_example::<D>(factors, &device)
    }
}
