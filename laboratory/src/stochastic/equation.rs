//! Paths of the stochastic equation.

use super::{AdditiveNoise, NoiseOperator, QWiener};
use crate::fokker_planck::{Equation, Scheme, Solver};
use crate::grid::Field;
use crate::paths::BrownianPath;

/// du = A(t) u dt + B(t, u) dW: semi-implicit Euler–Maruyama, (1 − Δt A) uₙ₊₁ = uₙ + B(tₙ, uₙ) ΔWₙ.
///
/// Its mean is exactly the noiseless implicit step of the mean, since B ΔW has the mean 0. Strong order 1 where B does not
/// depend on u, ½ where it does; weak order 1.
#[derive(Clone, Copy, Debug)]
pub struct StochasticEquation<'a, E, B = AdditiveNoise> {
    solver: Solver<E>,
    noise: &'a QWiener,
    operator: B,
}

impl<'a, E: Equation + Copy> StochasticEquation<'a, E> {
    /// The equation of A with a Q-Wiener process, B = 1.
    pub fn new(equation: E, noise: &'a QWiener) -> Self {
        Self::with_operator(equation, noise, AdditiveNoise)
    }
}

impl<'a, E: Equation + Copy, B: NoiseOperator> StochasticEquation<'a, E, B> {
    /// The equation of A with B(t, u) dW.
    pub fn with_operator(equation: E, noise: &'a QWiener, operator: B) -> Self {
        Self { solver: Solver::new(equation, Scheme::ImplicitEuler), noise, operator }
    }

    /// The noiseless solver.
    pub fn solver(&self) -> &Solver<E> {
        &self.solver
    }

    /// Takes one step from t to t + h with the increments of the Brownian motions of the modes.
    pub fn step(&self, u: &mut Field, t: f64, h: f64, increments: &[f64]) {
        self.operator.add(t, u, self.noise, increments);
        self.solver.step(u, t, t + h);
    }

    /// Follows one realisation from `u` at time 0; `observe` sees the step's number, the time and the state, the
    /// initial one first. The path's steps are the steps.
    pub fn follow(&self, u: &mut Field, path: &BrownianPath, observe: impl FnMut(usize, f64, &Field)) {
        self.follow_from(u, 0.0, path, observe);
    }

    /// The same from `u` at time `from`, over the path's horizon. The solution is a Markov process [Seo, Theorem 1.1]: to go
    /// on from the state at some time, with increments of its own, has the law of not having stopped.
    pub fn follow_from(
        &self,
        u: &mut Field,
        from: f64,
        path: &BrownianPath,
        mut observe: impl FnMut(usize, f64, &Field),
    ) {
        let h = path.horizon() / path.steps() as f64;
        observe(0, from, u);
        for k in 0..path.steps() {
            self.step(u, from + k as f64 * h, h, path.increment(k));
            observe(k + 1, from + (k + 1) as f64 * h, u);
        }
    }
}
