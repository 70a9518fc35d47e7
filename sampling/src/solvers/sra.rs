//! A stochastic Runge–Kutta method of strong order 3/2 for additive noise: SRA1 (Rößler 2010, table 6.3).

use burn::tensor::Tensor;

use super::combination::combine;
use super::dynamics::Dynamics;
use super::solver::{Brownian, SdeSolver};

/// Two drifts, the increment of the path and its integral.
///
/// ```text
/// H  = x + ¾ h a(t0, x) + 3/2 b(t1) I/h
/// x' = x + h (⅓ a(t0, x) + ⅔ a(t0 + ¾ h, H)) + b(t1) (Δw − I/h) + b(t0) I/h,     I = ∫ (w(t) − w(t0)) dt
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sra;

impl Sra {
    /// The order of strong convergence.
    pub const STRONG_ORDER: f64 = 1.5;
    /// The order of weak convergence.
    pub const WEAK_ORDER: f64 = 2.0;
    /// How often a step asks for the drift.
    pub const EVALUATIONS: usize = 2;
}

impl<const D: usize> SdeSolver<D> for Sra {
    fn step(
        &self,
        dynamics: &dyn Dynamics<D>,
        x: Tensor<D>,
        t0: f64,
        t1: f64,
        brownian: &mut dyn Brownian<D>,
    ) -> Tensor<D> {
        let h = t1 - t0;
        let (before, after) = (dynamics.diffusion(t0), dynamics.diffusion(t1));
        let (increment, integral) = match (before, after) {
            (0.0, 0.0) => (x.zeros_like(), x.zeros_like()),
            _ => brownian.increment_and_integral(t0, t1, &x),
        };
        let slope = dynamics.drift(x.clone(), t0);
        let stage = combine(&[(1.0, &x), (0.75 * h, &slope), (1.5 * after / h, &integral)]);
        let second = dynamics.drift(stage, t0 + 0.75 * h);
        combine(&[
            (1.0, &x),
            (h / 3.0, &slope),
            (2.0 * h / 3.0, &second),
            (after, &increment),
            ((before - after) / h, &integral),
        ])
    }
}
