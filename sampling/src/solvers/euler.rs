//! Euler's method.

use burn::tensor::Tensor;

use super::dynamics::Flow;
use super::solver::OdeSolver;

/// `x + h drift(x, t0)`.
#[derive(Clone, Copy, Debug)]
pub struct Euler;

impl<const D: usize> OdeSolver<D> for Euler {
    fn order(&self) -> f64 {
        1.0
    }

    fn evaluations_per_step(&self) -> usize {
        1
    }

    fn step(&self, flow: &dyn Flow<D>, x: Tensor<D>, t0: f64, t1: f64) -> Tensor<D> {
        x.clone() + flow.drift(x, t0).mul_scalar(t1 - t0)
    }
}
