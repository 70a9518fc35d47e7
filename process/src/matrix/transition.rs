//! The Gaussian law of x_t given x_s.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;

/// x_t given x_s: N(Ψ x_s, Q).
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixTransition {
    /// Ψ(t, s), n × n.
    pub matrix: DMatrix<f64>,
    /// Q(t, s), n × n, symmetric and positive semidefinite up to rounding, in squared data units.
    pub covariance: DMatrix<f64>,
}

impl MatrixTransition {
    /// Nothing happens: Ψ = I, Q = 0.
    pub fn identity(dimension: usize) -> Self {
        Self { matrix: DMatrix::identity(dimension, dimension), covariance: DMatrix::zeros(dimension, dimension) }
    }

    /// This transition and then a later one [SDE tutorial, eq. 2.1.9]: Ψ = Ψ₂ Ψ₁, Q = Ψ₂ Q₁ Ψ₂ᵀ + Q₂.
    #[must_use]
    pub fn then(&self, later: &Self) -> Self {
        let carried = &later.matrix * &self.covariance * later.matrix.transpose();
        Self { matrix: &later.matrix * &self.matrix, covariance: symmetric(carried + &later.covariance) }
    }

    /// Mean and covariance of x_t for those of x_s: Ψ m, Ψ P Ψᵀ + Q.
    pub fn moments(&self, mean: &DVector<f64>, covariance: &DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let carried = &self.matrix * covariance * self.matrix.transpose();
        (&self.matrix * mean, symmetric(carried + &self.covariance))
    }

    /// A matrix A with A Aᵀ = Q, from the eigenvectors of Q. Q may be singular: noise need not have reached every coordinate.
    pub fn factor(&self) -> DMatrix<f64> {
        let eigen = self.covariance.clone().symmetric_eigen();
        let deviations = eigen.eigenvalues.map(|variance| variance.max(0.0).sqrt());
        eigen.eigenvectors * DMatrix::from_diagonal(&deviations)
    }

    /// A draw of x_t given x_s, with `factor` from [`factor`](Self::factor): one normal number for each coordinate.
    pub fn sample(&self, factor: &DMatrix<f64>, x: &DVector<f64>, rng: &mut fokker_random::Rng) -> DVector<f64> {
        let normals = DVector::from_fn(factor.ncols(), |_, _| rng.sample(StandardNormal));
        &self.matrix * x + factor * normals
    }

    /// ln p(x_t | x_s); none where Q is singular and there is no density.
    pub fn log_density(&self, x_s: &DVector<f64>, x_t: &DVector<f64>) -> Option<f64> {
        let cholesky = self.covariance.clone().cholesky()?;
        let away = x_t - &self.matrix * x_s;
        let log_determinant = 2.0 * cholesky.l_dirty().diagonal().map(f64::ln).sum();
        let normalization = x_t.len() as f64 * std::f64::consts::TAU.ln() + log_determinant;
        Some(-0.5 * (away.dot(&cholesky.solve(&away)) + normalization))
    }
}

/// The symmetric part: what rounding left of a symmetric matrix.
pub(crate) fn symmetric(matrix: DMatrix<f64>) -> DMatrix<f64> {
    (&matrix + matrix.transpose()) * 0.5
}
