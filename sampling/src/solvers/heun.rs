//! Heun's method: the trapezoidal rule with an Euler predictor (Karras et al. 2022, algorithm 1).

use burn::tensor::Tensor;

use super::dynamics::Flow;
use super::solver::OdeSolver;

/// `x + ½ h (drift(x, t0) + drift(x + h drift(x, t0), t1))`.
#[derive(Clone, Copy, Debug)]
pub struct Heun;

impl<const D: usize> OdeSolver<D> for Heun {
    fn order(&self) -> f64 {
        2.0
    }

    fn evaluations_per_step(&self) -> usize {
        2
    }

    fn step(&self, flow: &dyn Flow<D>, x: Tensor<D>, t0: f64, t1: f64) -> Tensor<D> {
        let slope = flow.drift(x.clone(), t0);
        let predicted = x.clone() + slope.clone().mul_scalar(t1 - t0);
        x + (slope + flow.drift(predicted, t1)).mul_scalar(0.5 * (t1 - t0))
    }
}
