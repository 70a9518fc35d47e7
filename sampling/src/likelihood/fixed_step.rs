//! Explicit Runge–Kutta methods on a given grid, for states with integrals along their paths.

use std::ops::ControlFlow;

use burn::tensor::Tensor;

use super::config::LikelihoodSolver;
use crate::solvers::adaptive::Slopes;
use crate::solvers::dormand_prince::weighted;

/// The coefficients of a method (Hairer, Nørsett & Wanner 1993, def. II.1.1).
struct Tableau {
    nodes: &'static [f64],
    rows: &'static [&'static [f64]],
    weights: &'static [f64],
}

const EULER: Tableau = Tableau { nodes: &[0.0], rows: &[&[]], weights: &[1.0] };
const HEUN: Tableau = Tableau { nodes: &[0.0, 1.0], rows: &[&[], &[1.0]], weights: &[0.5, 0.5] };
const RK4: Tableau = Tableau {
    nodes: &[0.0, 0.5, 0.5, 1.0],
    rows: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    weights: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
};

/// Walks along `ratios`; `observe` is given the number of steps done. Returns the state and the integrals.
///
/// # Shapes
/// `state`: `[batch, …]` → the same, and `batch · integrals` numbers
pub(super) fn walk<const D: usize>(
    solver: LikelihoodSolver,
    slopes: &dyn Slopes<D>,
    mut state: Tensor<D>,
    ratios: &[f64],
    observe: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Option<(Tensor<D>, Vec<f64>)> {
    let tableau = match solver {
        LikelihoodSolver::Euler => EULER,
        LikelihoodSolver::Heun => HEUN,
        LikelihoodSolver::Rk4 | LikelihoodSolver::DormandPrince => RK4,
    };
    let batch = state.dims()[0];
    let mut integrals: Vec<f64> = Vec::new();
    for (index, pair) in ratios.windows(2).enumerate() {
        let (first, step) = (pair[0], pair[1] - pair[0]);
        let mut drifts: Vec<Tensor<D>> = Vec::with_capacity(tableau.nodes.len());
        for ((row, node), weight) in tableau.rows.iter().zip(tableau.nodes).zip(tableau.weights) {
            let stage = match weighted(row, &drifts) {
                Some(change) => state.clone() + change.mul_scalar(step),
                None => state.clone(),
            };
            let (drift, integrands) = slopes.slopes(stage, &vec![first + node * step; batch]);
            drifts.push(drift);
            integrals.resize(integrands.len(), 0.0);
            integrals.iter_mut().zip(integrands).for_each(|(sum, integrand)| *sum += step * weight * integrand);
        }
        if let Some(change) = weighted(tableau.weights, &drifts) {
            state = state + change.mul_scalar(step);
        }
        if observe(index + 1).is_break() {
            return None;
        }
    }
    Some((state, integrals))
}
