//! Exponential multistep methods in λ: DPM-Solver and DPM-Solver++ of second and third order, with and without noise
//! (Lu et al. 2022b, algorithm 2 and appendix B; the stochastic ones of section 5 there).
//!
//! With `h = λ_s − λ_t`, the step before `h₀`, the one before that `h₁`, `r₀ = h₀/h`, `r₁ = h₁/h`, and the predictions
//! `m₀` (now), `m₁`, `m₂`, the polynomial through them has at λ_t the derivatives
//!
//! ```text
//! D₁₀ = (m₀ − m₁)/r₀,  D₁₁ = (m₁ − m₂)/r₁,  second order:  h m′ ≈ D₁₀
//! third order:  h m′ ≈ D₁₀ + r₀/(r₀ + r₁) (D₁₀ − D₁₁),      h² m″ ≈ 2 D₂,  D₂ = (D₁₀ − D₁₁)/(r₀ + r₁)
//! ```
//!
//! and every step is `x_s = A x + B (φ₁ m₀ + φ₂ h m′ + φ₃ h² m″) + noise` with `φ₁ = e^c − 1`, `φ₂ = φ₁/c − 1`,
//! `φ₃ = (φ₁ − c)/c² − ½`. The second-order methods may take `φ₁/2` for `φ₂` (midpoint). The published code of the
//! third-order method leaves out the 2 before `D₂` and is therefore of second order (`solver_type = "published"`).
//!
//! | method | prediction | c | A | B | noise |
//! |---|---|---|---|---|---|
//! | DPM-Solver | ε | h | α_s/α_t | −σ_s | |
//! | DPM-Solver++ | x₀ | −h | σ_s/σ_t | −α_s | |
//! | SDE-DPM-Solver++ | x₀ | −2h | σ_s/σ_t e^{−h} | −α_s | σ_s √(1 − e^{−2h}) z |
//!
//! The first steps have less history and are of lower order; the error they leave is small where sampling begins, since
//! the prediction hardly moves at high noise.

use burn::tensor::Tensor;
use fokker_model::Score;

use super::phi::{phi2, phi3};
use crate::options::SolverType;
use crate::sampler::{Level, Sampler, Step, denoised_at, noise_at};
use crate::solvers::{Brownian, combine};

/// Which member of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultistepFamily {
    /// Noise prediction, deterministic.
    DpmSolver,
    /// Data prediction, deterministic.
    DpmSolverPp,
    /// Data prediction on the reverse SDE.
    SdeDpmSolverPp,
}

/// The method, with the predictions of the steps before.
#[derive(Clone, Debug)]
pub struct Multistep<const D: usize> {
    family: MultistepFamily,
    order: usize,
    solver_type: SolverType,
    lower_order_final: Option<bool>,
    /// λ and prediction, the newest first.
    history: Vec<(f64, Tensor<D>)>,
}

impl<const D: usize> Multistep<D> {
    /// The method of `order` 2 or 3. `lower_order_final` takes first-order steps at the end; absent, it does so below
    /// 15 steps, as Lu et al. advise.
    pub fn new(
        family: MultistepFamily,
        order: usize,
        solver_type: SolverType,
        lower_order_final: Option<bool>,
    ) -> Self {
        Self { family, order, solver_type, lower_order_final, history: Vec::new() }
    }

    fn order_of(&self, step: &Step) -> usize {
        let allowed = match self.lower_order_final.unwrap_or(step.total < 15) {
            true => self.order.min(step.remaining()),
            false => self.order,
        };
        allowed.min(self.history.len())
    }

    /// `φ₂ h m′ + φ₃ h² m″`.
    fn correction(&self, order: usize, c: f64, h: f64) -> Option<Tensor<D>> {
        let weight = match (order, self.solver_type) {
            (2, SolverType::Midpoint | SolverType::Published) => 0.5 * c.exp_m1(),
            _ => phi2(c),
        };
        let (now, before) = (&self.history[0], self.history.get(1)?);
        let r0 = (now.0 - before.0) / h;
        let first = (now.1.clone() - before.1.clone()).div_scalar(r0);
        if order < 3 {
            return Some(first.mul_scalar(weight));
        }
        let earlier = &self.history[2];
        let r1 = (before.0 - earlier.0) / h;
        let second = (before.1.clone() - earlier.1.clone()).div_scalar(r1);
        let bend = first.clone() - second;
        let twice = if self.solver_type == SolverType::Published { 1.0 } else { 2.0 };
        Some(combine(&[(weight, &first), ((weight * r0 + twice * phi3(c)) / (r0 + r1), &bend)]))
    }
}

impl<const D: usize> Sampler<D> for Multistep<D> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        let h = s.lambda - t.lambda;
        let prediction = match self.family {
            MultistepFamily::DpmSolver => noise_at(score, &x, t.time),
            _ => denoised_at(score, &x, t.time),
        };
        self.history.insert(0, (t.lambda, prediction));
        self.history.truncate(self.order);
        let (c, state, factor) = self.coefficients(t, s, h);
        let mut next = combine(&[(state, &x), (factor * c.exp_m1(), &self.history[0].1)]);
        let order = self.order_of(step);
        if order > 1
            && let Some(correction) = self.correction(order, c, h)
        {
            next = next + correction.mul_scalar(factor);
        }
        if self.family == MultistepFamily::SdeDpmSolverPp {
            let z = noise.unit_increment(t.time, s.time, &x);
            next = next + z.mul_scalar(s.std * (-(-2.0 * h).exp_m1()).sqrt());
        }
        next
    }
}

impl<const D: usize> Multistep<D> {
    /// `c`, `A` and `B` of the table.
    fn coefficients(&self, t: Level, s: Level, h: f64) -> (f64, f64, f64) {
        match self.family {
            MultistepFamily::DpmSolver => (h, s.mean_scale / t.mean_scale, -s.std),
            MultistepFamily::DpmSolverPp => (-h, s.std / t.std, -s.mean_scale),
            MultistepFamily::SdeDpmSolverPp => (-2.0 * h, s.std / t.std * (-h).exp(), -s.mean_scale),
        }
    }
}
