//! Slopes at a place of each example's own.

use burn::tensor::Tensor;

use super::dynamics::ProbabilityFlow;

/// The slope of each example at its own place, and the slopes of numbers that are integrated along its path.
pub(crate) trait Slopes<const D: usize> {
    /// The slopes of the states, and then of each example's integrals: as many for every example, example after example.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `places`: `batch` numbers → like `x`, and `batch · integrals` numbers
    fn slopes(&self, x: Tensor<D>, places: &[f64]) -> (Tensor<D>, Vec<f64>);
}

impl<const D: usize> Slopes<D> for ProbabilityFlow<'_, D> {
    fn slopes(&self, x: Tensor<D>, places: &[f64]) -> (Tensor<D>, Vec<f64>) {
        (self.drift_each(x, places), Vec::new())
    }
}
