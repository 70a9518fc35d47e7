//! Euler's method.

use burn::tensor::Tensor;

use crate::dynamics::Dynamics;
use crate::solver::{Brownian, Solver};

/// `x + h drift(x, t0)`, for ordinary differential equations.
#[derive(Clone, Copy, Debug)]
pub struct Euler;

impl<const D: usize> Solver<D> for Euler {
    fn strong_order(&self) -> f64 {
        1.0
    }

    fn weak_order(&self) -> f64 {
        1.0
    }

    fn evaluations_per_step(&self) -> usize {
        1
    }

    fn step(&self, dynamics: &dyn Dynamics<D>, x: Tensor<D>, t0: f64, t1: f64, _: &mut dyn Brownian<D>) -> Tensor<D> {
        assert_eq!(dynamics.diffusion(t0), 0.0, "Euler's method is for ordinary differential equations");
        x.clone() + dynamics.drift(x, t0).mul_scalar(t1 - t0)
    }
}
