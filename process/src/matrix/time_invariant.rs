//! Constant coefficients.

use nalgebra::DMatrix;

use super::error::check;
use super::{MatrixError, MatrixProcess, MatrixTransition, magnus};

/// dx = F x dt + L dβ with Ψ(t, s) = e^{F(t−s)} [SDE tutorial, Examples 1 and 2]. (The integrals of eq. 2.1.13 and 2.2.3 lack
/// the exponential: they are ∫ e^{F(t−τ)} L dβ.)
#[derive(Clone, Debug, PartialEq)]
pub struct TimeInvariant {
    drift: DMatrix<f64>,
    noise: DMatrix<f64>,
    block: DMatrix<f64>,
}

impl TimeInvariant {
    /// F, n × n, and L, n × m.
    ///
    /// # Errors
    /// For shapes that do not fit and entries that are not finite.
    pub fn new(drift: DMatrix<f64>, noise: DMatrix<f64>) -> Result<Self, MatrixError> {
        check(&drift, &noise)?;
        let block = magnus::block(&drift, &noise);
        Ok(Self { drift, noise, block })
    }

    /// x″ + γ x′ + β x = w for the state (x, x′): F = (0, 1; −β, −γ), L = (0; 1) [SDE tutorial, eq. 2.1.3–2.1.5].
    ///
    /// # Errors
    /// A β or γ that is not finite.
    pub fn oscillator(stiffness: f64, damping: f64) -> Result<Self, MatrixError> {
        let drift = DMatrix::from_row_slice(2, 2, &[0.0, 1.0, -stiffness, -damping]);
        Self::new(drift, DMatrix::from_column_slice(2, 1, &[0.0, 1.0]))
    }
}

impl MatrixProcess for TimeInvariant {
    fn dimension(&self) -> usize {
        self.drift.nrows()
    }

    fn drift(&self, _: f64) -> DMatrix<f64> {
        self.drift.clone()
    }

    fn noise(&self, _: f64) -> DMatrix<f64> {
        self.noise.clone()
    }

    fn transition(&self, s: f64, t: f64) -> MatrixTransition {
        magnus::invariant(&self.block, t - s)
    }
}
