//! What is wrong with the parameters of a Gaussian mixture.

use thiserror::Error;

/// Parameters that no [`GaussianMixture`](crate::GaussianMixture) can have. Components count from 0.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum MixtureError {
    /// No component.
    #[error("a mixture needs at least one component")]
    Empty,
    /// Lists of different lengths.
    #[error("{weights} weights, {means} means and {covariances} covariances: there must be one of each per component")]
    Counts {
        /// Number of weights.
        weights: usize,
        /// Number of means.
        means: usize,
        /// Number of covariances.
        covariances: usize,
    },
    /// A weight that is not positive.
    #[error("weight of component {component} is {value}, but it must be a finite number above 0")]
    Weight {
        /// Index of the component.
        component: usize,
        /// The weight.
        value: f64,
    },
    /// A mean or covariance of another dimension than the first mean, or of dimension 0.
    #[error("{what} of component {component} has {found} entries, but it must have {expected}")]
    Dimension {
        /// Mean, covariance, or covariance row.
        what: &'static str,
        /// Index of the component.
        component: usize,
        /// Entries found.
        found: usize,
        /// Entries of the first mean, at least 1.
        expected: usize,
    },
    /// A mean or covariance entry that is not finite.
    #[error("{what} of component {component} contains {value}, but it must be finite")]
    NotFinite {
        /// Mean or covariance.
        what: &'static str,
        /// Index of the component.
        component: usize,
        /// The entry.
        value: f64,
    },
    /// A full covariance that is not symmetric.
    #[error(
        "covariance of component {component} is not symmetric: [{row}][{column}] and its mirror differ by {difference}"
    )]
    Asymmetric {
        /// Index of the component.
        component: usize,
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// By how much the two differ.
        difference: f64,
    },
    /// A variance, or an eigenvalue of a full covariance, that is not positive.
    #[error("covariance of component {component} has the variance (or eigenvalue) {value}, but all must be above 0")]
    Variance {
        /// Index of the component.
        component: usize,
        /// The variance or eigenvalue.
        value: f64,
    },
}
