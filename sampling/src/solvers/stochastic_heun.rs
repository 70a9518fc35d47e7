//! Heun's method for additive noise (Kloeden & Platen 1992, sec. 15.1, eq. 1.5 with constant diffusion).

use burn::tensor::Tensor;

use super::combination::combine;
use super::dynamics::Dynamics;
use super::solver::{Brownian, SdeSolver};

/// The trapezoidal rule for drift and diffusion, with an Euler–Maruyama predictor.
///
/// With additive noise Itô's and Stratonovich's equation are the same; the weak order is 2. Without noise it is
/// [`HEUN`](crate::HEUN).
#[derive(Clone, Copy, Debug)]
pub struct StochasticHeun;

impl StochasticHeun {
    /// The order of strong convergence.
    pub const STRONG_ORDER: f64 = 1.0;
    /// The order of weak convergence.
    pub const WEAK_ORDER: f64 = 2.0;
    /// How often a step asks for the drift.
    pub const EVALUATIONS: usize = 2;
}

impl<const D: usize> SdeSolver<D> for StochasticHeun {
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
        let noise = match (before, after) {
            (0.0, 0.0) => x.zeros_like(),
            _ => brownian.increment(t0, t1, &x),
        };
        let slope = dynamics.drift(x.clone(), t0);
        let predicted = combine(&[(1.0, &x), (h, &slope), (0.5 * (before + after), &noise)]);
        let next = dynamics.drift(predicted, t1);
        combine(&[(1.0, &x), (0.5 * h, &slope), (0.5 * h, &next), (0.5 * (before + after), &noise)])
    }
}
