//! The Runge–Kutta pair of Dormand & Prince (1980), of order 5 with an estimate of order 4 for the error.

use burn::tensor::Tensor;

use super::combination::combine;
use super::dynamics::Flow;
use super::solver::OdeSolver;

/// The nodes.
pub(crate) const NODES: [f64; 7] = [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0];

/// The rows of the tableau; the last one is the solution of order 5, and its slope the first of the next step.
pub(crate) const STAGES: [&[f64]; 7] = [
    &[],
    &[0.2],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// The weights of order 5 less those of order 4.
pub(crate) const ERROR: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];

/// The method of order 5 with a step that is given; [`integrate`](crate::adaptive::integrate) chooses its own.
#[derive(Clone, Copy, Debug)]
pub struct DormandPrince;

impl<const D: usize> OdeSolver<D> for DormandPrince {
    fn order(&self) -> f64 {
        5.0
    }

    fn evaluations_per_step(&self) -> usize {
        6
    }

    fn step(&self, flow: &dyn Flow<D>, x: Tensor<D>, t0: f64, t1: f64) -> Tensor<D> {
        let h = t1 - t0;
        let mut slopes: Vec<Tensor<D>> = Vec::with_capacity(6);
        for (row, node) in STAGES.iter().zip(NODES).take(6) {
            let stage = x.clone() + weighted(row, &slopes).map_or_else(|| x.zeros_like(), |sum| sum.mul_scalar(h));
            slopes.push(flow.drift(stage, t0 + node * h));
        }
        let last = weighted(STAGES[6], &slopes);
        last.map_or(x.clone(), |sum| x + sum.mul_scalar(h))
    }
}

/// `Σ weight · slope`; none if there are none.
pub(crate) fn weighted<const D: usize>(weights: &[f64], slopes: &[Tensor<D>]) -> Option<Tensor<D>> {
    let terms: Vec<(f64, &Tensor<D>)> = weights.iter().copied().zip(slopes).collect();
    (!terms.is_empty()).then(|| combine(&terms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_nodes_and_the_error_to_nothing() {
        for (row, node) in STAGES.iter().zip(NODES) {
            assert!((row.iter().sum::<f64>() - node).abs() < 1e-14);
        }
        assert!(ERROR.iter().sum::<f64>().abs() < 1e-16);
        // Order 4 of the estimate: it vanishes on polynomials of degree 3 in time.
        for power in 1..=3 {
            let sum: f64 = ERROR.iter().zip(NODES).map(|(weight, node)| weight * node.powi(power)).sum();
            assert!(sum.abs() < 1e-15, "{power}: {sum}");
        }
    }
}
