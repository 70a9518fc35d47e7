//! Constant matrices on a clock of their own.

use nalgebra::DMatrix;

use super::{MatrixError, MatrixProcess, MatrixTransition, TimeInvariant};
use crate::quadrature;

/// dx = β(t) F x dt + √β(t) L dβ: the process of F and L, run at the speed β(t) ≥ 0.
pub struct TimeScaled<B> {
    standard: TimeInvariant,
    rate: B,
}

impl<B> std::fmt::Debug for TimeScaled<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TimeScaled").field("standard", &self.standard).finish_non_exhaustive()
    }
}

impl<B: Fn(f64) -> f64 + Send + Sync> TimeScaled<B> {
    /// F, n × n, and L, n × m, at the speed `rate(t)`.
    ///
    /// # Errors
    /// As [`TimeInvariant::new`].
    pub fn new(drift: DMatrix<f64>, noise: DMatrix<f64>, rate: B) -> Result<Self, MatrixError> {
        Ok(Self { standard: TimeInvariant::new(drift, noise)?, rate })
    }

    /// [SDE tutorial, Example 8], the variance-preserving process dx = −½ σ(t) x dt + √σ(t) dβ in ℝⁿ, with
    /// Σ(t) = I + e^{−∫σ} (Σ(0) − I).
    ///
    /// # Errors
    /// For n = 0.
    pub fn variance_preserving(dimension: usize, rate: B) -> Result<Self, MatrixError> {
        let identity = DMatrix::identity(dimension, dimension);
        Self::new(&identity * -0.5, identity, rate)
    }
}

impl<B: Fn(f64) -> f64 + Send + Sync> MatrixProcess for TimeScaled<B> {
    fn dimension(&self) -> usize {
        self.standard.dimension()
    }

    fn drift(&self, t: f64) -> DMatrix<f64> {
        self.standard.drift(t) * (self.rate)(t)
    }

    fn noise(&self, t: f64) -> DMatrix<f64> {
        self.standard.noise(t) * (self.rate)(t).sqrt()
    }

    fn transition(&self, s: f64, t: f64) -> MatrixTransition {
        self.standard.transition(0.0, quadrature::integrate(&self.rate, s, t, 0.0))
    }
}
