//! DPM-Solver-1, -2 and -3: exponential Runge–Kutta methods in λ for the noise prediction (Lu et al. 2022, alg. 1 and
//! 2, and appendix B).
//!
//! With `h = λ_s − λ_t` and `φ₁ = e^h − 1`, `φ₂ = φ₁/h − 1` the steps are
//!
//! ```text
//! 1:  x_s = α_s/α_t x − σ_s φ₁ ε(x)
//! 2:  u = first-order step to λ_t + r₁h (r₁ = ½);      x_s = α_s/α_t x − σ_s φ₁ (ε + (ε_u − ε)/(2 r₁))
//! 3:  u as in 2 with r₁ = ⅓; then at λ_t + r₂h (r₂ = ⅔), with everything at r₂h,
//!     v = α_v/α_t x − σ_v φ₁ ε − σ_v (r₂/r₁) φ₂ (ε_u − ε);      x_s = α_s/α_t x − σ_s φ₁ ε − σ_s/r₂ φ₂ (ε_v − ε)
//! ```

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use super::phi::phi2;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo};
use crate::register_sampler;
use crate::sampler::{Level, Sampler, Step, noise_at};
use crate::solvers::{Brownian, combine};

/// DPM-Solver of order 1, 2 or 3, one step at a time.
#[derive(Clone, Copy, Debug)]
pub struct DpmSolver {
    /// 1, 2 or 3.
    pub order: usize,
}

impl<const D: usize> Sampler<D> for DpmSolver {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let process = score.process();
        let (t, s) = step.levels(process);
        let h = s.lambda - t.lambda;
        let eps = noise_at(score, &x, t.time);
        let between = |fraction: f64| Level::of_lambda(process, t.lambda + fraction * h);
        // α_u/α_t x − σ_u φ₁ ε − σ_u · weight · change, at the level u.
        let advance = |u: Level, weight: f64, change: &Tensor<D>| {
            let phi1 = (u.lambda - t.lambda).exp_m1();
            combine(&[(u.mean_scale / t.mean_scale, &x), (-u.std * phi1, &eps), (-u.std * weight, change)])
        };
        match self.order {
            1 => advance(s, 0.0, &eps),
            2 => {
                let middle = between(0.5);
                let change = noise_at(score, &advance(middle, 0.0, &eps), middle.time) - eps.clone();
                advance(s, h.exp_m1(), &change)
            }
            _ => {
                let (r1, r2) = (1.0 / 3.0, 2.0 / 3.0);
                let (first, second) = (between(r1), between(r2));
                let change = noise_at(score, &advance(first, 0.0, &eps), first.time) - eps.clone();
                let at_second = advance(second, r2 / r1 * phi2(r2 * h), &change);
                let change = noise_at(score, &at_second, second.time) - eps.clone();
                advance(s, phi2(h) / r2, &change)
            }
        }
    }
}

/// A row of the registry.
const fn info(name: &'static str, summary: &'static str, order: usize, steps: usize) -> MethodInfo {
    let encodes = Encodes::ToNoise;
    MethodInfo { order: Some(order as f64), calls_per_step: order, steps, encodes, ..MethodInfo::new(name, summary) }
}

static FIRST: MethodInfo = info("dpm_solver_1", "DPM-Solver-1, the exponential Euler method.", 1, 20);
static SECOND: MethodInfo = info("dpm_solver_2", "DPM-Solver-2, the exponential midpoint method.", 2, 15);
static THIRD: MethodInfo = info("dpm_solver_3", "DPM-Solver-3.", 3, 10);

impl Method {
    /// [`DpmSolver`] of first order.
    pub const DPM_SOLVER_1: Self = Self::of(&FIRST);
    /// [`DpmSolver`] of second order.
    pub const DPM_SOLVER_2: Self = Self::of(&SECOND);
    /// [`DpmSolver`] of third order.
    pub const DPM_SOLVER_3: Self = Self::of(&THIRD);
}

/// The sampler itself, which has no options.
impl SamplerKind for DpmSolver {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(*self)
    }
}

register_sampler!(&FIRST, &DpmSolver { order: 1 });
register_sampler!(&SECOND, &DpmSolver { order: 2 });
register_sampler!(&THIRD, &DpmSolver { order: 3 });
