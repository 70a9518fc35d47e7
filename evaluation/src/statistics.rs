//! Mean and covariance: all that the Fréchet distance knows of a cloud.

use nalgebra::{DMatrix, DVector};

use crate::{EvaluationError, Features};

/// Mean and covariance of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl Statistics {
    /// Of features; the covariance is divided by `n − 1`, as `numpy.cov` does.
    pub fn of(features: &Features) -> Self {
        Self::of_columns(&features.relative_to(&vec![0.0; features.dimension()]))
    }

    /// Of a matrix with a column for each vector.
    pub(crate) fn of_columns(columns: &DMatrix<f64>) -> Self {
        let mean = columns.column_mean();
        let mut centred = columns.clone();
        for mut column in centred.column_iter_mut() {
            column -= &mean;
        }
        let covariance = &centred * centred.transpose() / (columns.ncols() as f64 - 1.0);
        Self { mean, covariance }
    }

    /// Of numbers that were computed elsewhere: `covariance` row after row.
    ///
    /// # Errors
    /// Numbers that are not finite, another count than the square of the mean's, a matrix that is not symmetric or has a
    /// negative variance.
    pub fn new(name: &str, mean: Vec<f64>, covariance: Vec<f64>) -> Result<Self, EvaluationError> {
        let refuse = |problem: String| Err(EvaluationError::input(name, problem));
        let size = mean.len();
        if size == 0 || covariance.len() != size * size {
            let found = covariance.len();
            return refuse(format!("sigma has {found} numbers; expected {size} × {size}, since mu has {size}"));
        }
        if mean.iter().chain(&covariance).any(|value| !value.is_finite()) {
            return refuse("mu and sigma must be finite".into());
        }
        let covariance = DMatrix::from_row_slice(size, size, &covariance);
        let largest = covariance.amax();
        // Products in single precision leave differences of this size.
        if (&covariance - covariance.transpose()).amax() > 1e-5 * largest {
            return refuse("sigma is not symmetric, so it is no covariance".into());
        }
        if covariance.diagonal().min() < -1e-5 * largest {
            return refuse("sigma has a negative variance".into());
        }
        let covariance = (&covariance + covariance.transpose()) * 0.5;
        Ok(Self { mean: DVector::from_vec(mean), covariance })
    }

    /// The length of a vector.
    pub fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// The mean.
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// The covariance, row after row.
    pub fn covariance(&self) -> &[f64] {
        // It is symmetric: rows are columns.
        self.covariance.as_slice()
    }

    /// The covariance as a matrix.
    pub(crate) fn matrix(&self) -> &DMatrix<f64> {
        &self.covariance
    }

    /// The squared distance between the means.
    pub(crate) fn between_means(&self, other: &Self) -> f64 {
        (&self.mean - &other.mean).norm_squared()
    }
}
