//! Heun's method: the trapezoidal rule with an Euler predictor (Karras et al. 2022, algorithm 1).

use burn::tensor::Tensor;

use crate::dynamics::Dynamics;
use crate::solver::{Brownian, Solver};

/// `x + ½ h (drift(x, t0) + drift(x + h drift(x, t0), t1))`, for ordinary differential equations.
#[derive(Clone, Copy, Debug)]
pub struct Heun;

impl<const D: usize> Solver<D> for Heun {
    fn strong_order(&self) -> f64 {
        2.0
    }

    fn weak_order(&self) -> f64 {
        2.0
    }

    fn evaluations_per_step(&self) -> usize {
        2
    }

    fn step(&self, dynamics: &dyn Dynamics<D>, x: Tensor<D>, t0: f64, t1: f64, _: &mut dyn Brownian<D>) -> Tensor<D> {
        assert_eq!(dynamics.diffusion(t0), 0.0, "Heun's method is for ordinary differential equations");
        let slope = dynamics.drift(x.clone(), t0);
        let predicted = x.clone() + slope.clone().mul_scalar(t1 - t0);
        x + (slope + dynamics.drift(predicted, t1)).mul_scalar(0.5 * (t1 - t0))
    }
}
