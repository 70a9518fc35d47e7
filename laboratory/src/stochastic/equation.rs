//! Paths of the stochastic equation.

use super::QWiener;
use crate::fokker_planck::{Equation, Scheme, Solver};
use crate::grid::Field;
use crate::paths::BrownianPath;

/// du = A(t) u dt + B dW with B the identity on the modes of W: semi-implicit Euler–Maruyama,
/// (1 − Δt A) uₙ₊₁ = uₙ + ΔWₙ.
///
/// Its mean is exactly the noiseless implicit step of the mean: noise that is added and an operator that is linear.
#[derive(Clone, Copy, Debug)]
pub struct StochasticEquation<'a, E> {
    solver: Solver<E>,
    noise: &'a QWiener,
}

impl<'a, E: Equation + Copy> StochasticEquation<'a, E> {
    /// The equation of A with a Q-Wiener process.
    pub fn new(equation: E, noise: &'a QWiener) -> Self {
        Self { solver: Solver::new(equation, Scheme::ImplicitEuler), noise }
    }

    /// The noiseless solver.
    pub fn solver(&self) -> &Solver<E> {
        &self.solver
    }

    /// Follows one realisation from `u` at time 0; `observe` sees the step's number, the time and the state, the
    /// initial one first. The path's steps are the steps.
    pub fn follow(&self, u: &mut Field, path: &BrownianPath, mut observe: impl FnMut(usize, f64, &Field)) {
        let step = path.horizon() / path.steps() as f64;
        observe(0, 0.0, u);
        for k in 0..path.steps() {
            self.noise.add(u, path.increment(k));
            self.solver.step(u, k as f64 * step, (k + 1) as f64 * step);
            observe(k + 1, (k + 1) as f64 * step, u);
        }
    }
}
