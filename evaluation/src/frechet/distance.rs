//! The Fréchet distance between two Gaussians.

use nalgebra::DMatrix;

use crate::{EvaluationError, Statistics};

/// One side of the distance, prepared: its statistics and a factor `L` of its covariance, `C = L Lᵀ`.
pub struct Frechet {
    statistics: Statistics,
    factor: DMatrix<f64>,
}

impl Frechet {
    /// From these statistics.
    pub fn from(statistics: Statistics) -> Self {
        let factor = cholesky(statistics.matrix());
        Self { statistics, factor }
    }

    /// The squared distance `‖m − n‖² + tr(C + D − 2 (C^½ D C^½)^½)` (Heusel et al. 2017, eq. 6), which is called FID
    /// where the features are those of InceptionV3.
    ///
    /// `C^½ D C^½` and `Lᵀ D L` have the same eigenvalues other than 0, so the trace of the root is the sum of the roots of
    /// the eigenvalues of the second, which is as small as the rank of `C`. The usual code takes the root of the matrix
    /// `C D`, which is not symmetric, and adds `1e-6` to the diagonals where that fails.
    ///
    /// # Errors
    /// Statistics of another dimension.
    pub fn to(&self, other: &Statistics) -> Result<f64, EvaluationError> {
        let (one, two) = (self.statistics.dimension(), other.dimension());
        if one != two {
            let problem = format!("one has {one} dimensions, the other {two}; both must come from the same extractor");
            return Err(EvaluationError::input("statistics", problem));
        }
        // The smaller of the two Gram matrices of the factors has no eigenvalues that are 0 but for rounding, whose roots
        // would be eight digits larger.
        let other_factor = cholesky(other.matrix());
        let product = self.factor.transpose() * other_factor;
        let gram = if product.nrows() <= product.ncols() {
            &product * product.transpose()
        } else {
            product.transpose() * &product
        };
        let root: f64 = gram.symmetric_eigenvalues().iter().map(|value| value.max(0.0).sqrt()).sum();
        let traces = self.statistics.matrix().trace() + other.matrix().trace();
        // Rounding alone makes it negative.
        Ok((self.statistics.between_means(other) + traces - 2.0 * root).max(0.0))
    }
}

/// The squared Fréchet distance between two Gaussians: [`Frechet::to`].
///
/// ```
/// use fokker_evaluation::{Statistics, frechet_distance};
///
/// // On a line it is the difference of means and of deviations: (1 − 3)² + (2 − 5)².
/// let one = Statistics::new("one", vec![1.0], vec![4.0])?;
/// let other = Statistics::new("other", vec![3.0], vec![25.0])?;
/// assert_eq!(frechet_distance(&one, &other)?, 13.0);
/// # Ok::<(), fokker_evaluation::EvaluationError>(())
/// ```
///
/// # Errors
/// Statistics of different dimensions.
pub fn frechet_distance(one: &Statistics, other: &Statistics) -> Result<f64, EvaluationError> {
    Frechet::from(one.clone()).to(other)
}

/// `L` with `C = L Lᵀ`, with as many columns as `C` has rank: Cholesky's factor with pivots (Higham 2002, section 10.3).
///
/// It stops where all remaining variances are rounding, `d ε max C_ii`.
fn cholesky(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let size = covariance.nrows();
    let mut left = covariance.diagonal();
    let rounding = size as f64 * f64::EPSILON * left.amax();
    let mut factor = DMatrix::<f64>::zeros(size, size);
    for column in 0..size {
        let pivot = left.imax();
        if left[pivot] <= rounding {
            return factor.columns(0, column).into_owned();
        }
        let root = left[pivot].sqrt();
        let (known, mut rest) = factor.columns_range_pair_mut(0..column, column..size);
        let mut new = rest.column_mut(0);
        new.copy_from(&covariance.column(pivot));
        // −= known · (the pivot's row of known)ᵀ
        let row = known.row(pivot).transpose();
        new.gemv(-1.0, &known, &row, 1.0);
        new /= root;
        for (left, value) in left.iter_mut().zip(new.iter()) {
            *left -= value * value;
        }
        left[pivot] = 0.0;
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_has_the_rank_and_the_product_of_the_covariance() {
        // Rank 2 of 3: the third is the sum of the others.
        let rows = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, -1.0, 0.5, -0.5]);
        let covariance = rows.transpose() * rows;
        let factor = cholesky(&covariance);
        assert_eq!(factor.shape(), (3, 2));
        assert!((&factor * factor.transpose() - covariance).amax() < 1e-14);
        assert_eq!(cholesky(&DMatrix::zeros(3, 3)).ncols(), 0);
    }
}
