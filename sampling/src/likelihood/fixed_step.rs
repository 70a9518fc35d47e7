//! Runge–Kutta methods on a given grid, for states with integrals along their paths.

use std::ops::ControlFlow;

use burn::tensor::Tensor;

use crate::solvers::{Slopes, Tableau};

/// Walks along `places`; `observe` is called with the number of steps done. Returns the state and the integrals.
///
/// # Shapes
/// `state`: `[batch, …]` → the same, and `batch · integrals` numbers
pub(super) fn walk<const D: usize>(
    tableau: Tableau,
    slopes: &dyn Slopes<D>,
    mut state: Tensor<D>,
    places: &[f64],
    observe: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Option<(Tensor<D>, Vec<f64>)> {
    let batch = state.dims()[0];
    let mut integrals: Vec<f64> = Vec::new();
    for (index, pair) in places.windows(2).enumerate() {
        let (first, step) = (pair[0], pair[1] - pair[0]);
        let (mut slope_number, steps) = (0, vec![step; batch]);
        let drifts = tableau.slopes(&state, &steps, None, |stage, node| {
            let (drift, integrands) = slopes.slopes(stage, &vec![first + node * step; batch]);
            let weight = step * tableau.weight(slope_number);
            slope_number += 1;
            integrals.resize(integrands.len(), 0.0);
            integrals.iter_mut().zip(integrands).for_each(|(sum, integrand)| *sum += weight * integrand);
            drift
        });
        state = tableau.advance(state, &steps, &drifts);
        if observe(index + 1).is_break() {
            return None;
        }
    }
    Some((state, integrals))
}
