//! The paths of a batch, while they are walked.

use burn::tensor::Tensor;

/// The states of a batch on their paths.
pub(super) struct Path<const D: usize> {
    /// The states, divided by their scale.
    pub state: Tensor<D>,
    /// The slope at the state.
    pub slope: Tensor<D>,
    /// The slopes of the integrals, example after example.
    pub integrand: Vec<f64>,
    /// The integrals, example after example.
    pub integrals: Vec<f64>,
}
