//! How a density is taken over one step.

use serde::{Deserialize, Serialize};

use super::{ChainSolver, JumpRates};

/// The scheme in time. Both keep mass and sign at any step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scheme {
    /// First order: one implicit step. Its mean over noise is exactly the noiseless step, so the stochastic equation
    /// uses it.
    ImplicitEuler,
    /// Second order: one implicit step v and two half steps u, combined to u + θ(u − v). θ = 1 cancels the first-order
    /// error; on a line on which that would take more than half of what is in a cell, θ is the largest that does not (no
    /// linear scheme above first order is positive at every step: Bolley & Crouzeix 1978).
    #[default]
    Extrapolated,
}

impl Scheme {
    /// Takes one line of cells over a step of length `step`.
    pub(crate) fn advance(self, solver: &mut ChainSolver, rates: &JumpRates, step: f64, line: &mut [f64]) {
        let mass: f64 = line.iter().sum();
        self.solve(solver, rates, step, line);
        // Rounding of the elimination has a sign; over thousands of steps it would add up to more than 1e-12.
        let (now, size) = line.iter().fold((0.0, 0.0), |(sum, size), value| (sum + value, size + value.abs()));
        if size > 0.0 {
            let lost = (mass - now) / size;
            line.iter_mut().for_each(|value| *value += lost * value.abs());
        }
    }

    fn solve(self, solver: &mut ChainSolver, rates: &JumpRates, step: f64, line: &mut [f64]) {
        if self == Self::ImplicitEuler {
            return solver.solve(rates, step, line);
        }
        let mut whole = line.to_vec();
        solver.solve(rates, step, &mut whole);
        solver.solve(rates, 0.5 * step, line);
        solver.solve(rates, 0.5 * step, line);
        let mut theta = 1.0f64;
        for (u, v) in line.iter().zip(&whole) {
            if 1.5 * u < *v {
                theta = theta.min(0.5 * u / (v - u));
            }
        }
        for (u, v) in line.iter_mut().zip(&whole) {
            *u += theta * (*u - v);
        }
    }
}
