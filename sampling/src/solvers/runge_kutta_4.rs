//! The classical Runge–Kutta method of fourth order (Hairer, Nørsett & Wanner 1993, table II.1.2).

use burn::tensor::Tensor;

use super::combination::combine;
use super::dynamics::Flow;
use super::solver::OdeSolver;

/// Four slopes: at the beginning, twice in the middle, at the end.
#[derive(Clone, Copy, Debug)]
pub struct RungeKutta4;

impl<const D: usize> OdeSolver<D> for RungeKutta4 {
    fn order(&self) -> f64 {
        4.0
    }

    fn evaluations_per_step(&self) -> usize {
        4
    }

    fn step(&self, flow: &dyn Flow<D>, x: Tensor<D>, t0: f64, t1: f64) -> Tensor<D> {
        let (h, middle) = (t1 - t0, 0.5 * (t0 + t1));
        let k1 = flow.drift(x.clone(), t0);
        let k2 = flow.drift(combine(&[(1.0, &x), (0.5 * h, &k1)]), middle);
        let k3 = flow.drift(combine(&[(1.0, &x), (0.5 * h, &k2)]), middle);
        let k4 = flow.drift(combine(&[(1.0, &x), (h, &k3)]), t1);
        combine(&[(1.0, &x), (h / 6.0, &k1), (h / 3.0, &k2), (h / 3.0, &k3), (h / 6.0, &k4)])
    }
}
