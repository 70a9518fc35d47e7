//! The Euler–Maruyama method (Kloeden & Platen 1992, ch. 10; [SDE tutorial, §2.2.1, after eq. 2.2.16]).

use burn::tensor::Tensor;

use super::dynamics::Dynamics;
use super::solver::{Brownian, SdeSolver};

/// `x + drift h + diffusion Δw`.
#[derive(Clone, Copy, Debug)]
pub struct EulerMaruyama;

impl EulerMaruyama {
    /// The order of strong convergence: 1 rather than ½, because the noise is additive.
    pub const STRONG_ORDER: f64 = 1.0;
    /// The order of weak convergence.
    pub const WEAK_ORDER: f64 = 1.0;
    /// How often a step asks for the drift.
    pub const EVALUATIONS: usize = 1;
}

impl<const D: usize> SdeSolver<D> for EulerMaruyama {
    fn step(
        &self,
        dynamics: &dyn Dynamics<D>,
        x: Tensor<D>,
        t0: f64,
        t1: f64,
        brownian: &mut dyn Brownian<D>,
    ) -> Tensor<D> {
        let next = x.clone() + dynamics.drift(x.clone(), t0).mul_scalar(t1 - t0);
        match dynamics.diffusion(t0) {
            0.0 => next,
            diffusion => next + brownian.increment(t0, t1, &x).mul_scalar(diffusion),
        }
    }
}
