//! Exponentially fitted fluxes as jump rates between neighbouring cells.

use super::Equation;
use crate::grid::Axis;

/// B(z) = z/(eᶻ − 1), the Bernoulli function; B(0) = 1, B(−z) = B(z) + z.
pub fn bernoulli(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { z / z.exp_m1() }
}

/// Jump rates along one line of cells, per unit of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JumpRates {
    /// `right[i]`: from cell i to i + 1; the last is 0.
    pub right: Vec<f64>,
    /// `left[i]`: from cell i to i − 1; the first is 0.
    pub left: Vec<f64>,
}

impl JumpRates {
    /// The rates of an equation along `component`, at the other coordinates of `point`, at time t.
    pub fn along(equation: &dyn Equation, axis: &Axis, point: &[f64], component: usize, t: f64) -> Self {
        let (cells, h) = (axis.cells, axis.width());
        let mut at = point.to_vec();
        at[component] = axis.centre(0);
        let mut rates = Self { right: vec![0.0; cells], left: vec![0.0; cells] };
        let mut diffusion = equation.diffusion(&at, t);
        for i in 0..cells - 1 {
            at[component] = axis.centre(i + 1);
            let next = equation.diffusion(&at, t);
            at[component] = axis.centre(i);
            let noisy = diffusion > 0.0 && next > 0.0;
            let w = if noisy { equation.log_equilibrium_ratio(&at, t, component, h) } else { f64::INFINITY };
            if w.is_finite() {
                rates.right[i] = bernoulli(-w) * diffusion / (h * h);
                rates.left[i + 1] = bernoulli(w) * next / (h * h);
            } else {
                // Without noise the fitted flux is the upwind flux.
                at[component] += 0.5 * h;
                let drift = equation.drift(&at, t, component);
                rates.right[i] = drift.max(0.0) / h + diffusion / (h * h);
                rates.left[i + 1] = (-drift).max(0.0) / h + next / (h * h);
            }
            diffusion = next;
        }
        rates
    }

    /// The generator applied to a density: what flows in less what flows out, per unit of time.
    pub fn apply(&self, density: &[f64]) -> Vec<f64> {
        let mut change = vec![0.0; density.len()];
        for i in 0..density.len() - 1 {
            let flux = self.right[i] * density[i] - self.left[i + 1] * density[i + 1];
            change[i] -= flux;
            change[i + 1] += flux;
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bernoulli_function_is_accurate_from_tiny_to_huge() {
        assert!((bernoulli(1e-12) - (1.0 - 0.5e-12)).abs() < 1e-16);
        assert!((bernoulli(-3.0) - bernoulli(3.0) - 3.0).abs() < 1e-15);
        assert_eq!(bernoulli(-1000.0), 1000.0);
        assert_eq!(bernoulli(1000.0), 0.0);
    }
}
