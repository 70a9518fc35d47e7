//! Replacement: the predicted data are corrected where they were measured.
//!
//! ```text
//! x̂₀ ← x̂₀ + A⁺ (y − A x̂₀),      A⁺ = Aᵀ/c
//! ```
//!
//! (Wang et al. 2023, "DDNM", eq. 8). With a mask this puts the measured pixels into the prediction, and every
//! sampler's own noise onto them: Song et al. 2021's inpainting. The final denoising step returns data that agree with
//! the measurement.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use super::operator::LinearOperator;
use crate::scores::threshold::noise_of_denoised;

/// A score whose predictions agree with a measurement.
pub struct Replacement<S, A, const D: usize> {
    /// The score of the data.
    pub score: S,
    /// What was measured.
    pub operator: A,
    /// The measurement, `[batch, …]` or `[1, …]`.
    pub measured: Tensor<D>,
}

impl<S: Score<D>, A: LinearOperator<D>, const D: usize> Score<D> for Replacement<S, A, D> {
    fn process(&self) -> &dyn Process {
        self.score.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let data = self.denoised(x.clone(), t);
        noise_of_denoised(self.process(), x, data, t)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let data = self.score.denoised(x, t);
        let missing = self.measured.clone() - self.operator.apply(data.clone());
        data + self.operator.adjoint(missing).div_scalar(self.operator.gain())
    }
}
