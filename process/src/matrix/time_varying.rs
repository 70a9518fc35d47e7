//! Coefficients that are any functions of time.

use nalgebra::DMatrix;

use super::error::check;
use super::{MatrixError, MatrixProcess, MatrixTransition, magnus};

/// dx = F(t) x dt + L(t) dβ. Ψ has no closed form in general [SDE tutorial, §2.1]; it is integrated to a relative error of
/// some 1e-13 where the coefficients are smooth.
pub struct TimeVarying<F, L> {
    dimension: usize,
    drift: F,
    noise: L,
}

impl<F, L> std::fmt::Debug for TimeVarying<F, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TimeVarying").field("dimension", &self.dimension).finish_non_exhaustive()
    }
}

impl<F, L> TimeVarying<F, L>
where
    F: Fn(f64) -> DMatrix<f64> + Send + Sync,
    L: Fn(f64) -> DMatrix<f64> + Send + Sync,
{
    /// F(t), n × n, and L(t), n × m; their shapes must not depend on t.
    ///
    /// # Errors
    /// For shapes that do not fit, and entries that are not finite, at t = 0.
    pub fn new(drift: F, noise: L) -> Result<Self, MatrixError> {
        let first = drift(0.0);
        check(&first, &noise(0.0))?;
        Ok(Self { dimension: first.nrows(), drift, noise })
    }
}

impl<F, L> MatrixProcess for TimeVarying<F, L>
where
    F: Fn(f64) -> DMatrix<f64> + Send + Sync,
    L: Fn(f64) -> DMatrix<f64> + Send + Sync,
{
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn drift(&self, t: f64) -> DMatrix<f64> {
        (self.drift)(t)
    }

    fn noise(&self, t: f64) -> DMatrix<f64> {
        (self.noise)(t)
    }

    fn transition(&self, s: f64, t: f64) -> MatrixTransition {
        magnus::varying(&|time| magnus::block(&(self.drift)(time), &(self.noise)(time)), s, t)
    }
}
