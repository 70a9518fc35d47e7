//! The exponential Euler method: the linear part exactly, the expected noise frozen over the step.
//!
//! In `x/α` over `η = σ/α = e^{−λ}` the reverse family of [Aamari 2025, Thm 2.10] is
//! `d(x/α) = (1 + σ̃²) ε(x) dη + σ̃ √(2η) dw̄` up to the sign of time, so with `ε` and `σ̃` frozen and
//! `h = λ_s − λ_t > 0`
//!
//! ```text
//! x_s = α_s/α_t x_t − (1 + σ̃²) σ_s (e^h − 1) ε(x_t) + σ̃ σ_s √(e^{2h} − 1) z.
//! ```
//!
//! `σ̃ = 0` is DDIM (Song et al. 2020) and DPM-Solver-1 (Lu et al. 2022); `σ̃ = 1` is SDE-DPM-Solver-1 (Lu et al.
//! 2022b).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Equation, Method, MethodInfo, Noise};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::{Sampler, Step, noise_at};
use crate::solvers::{BackwardNoise, Brownian, combine};

/// The exponential Euler method for the reverse family.
#[derive(Clone, Debug)]
pub struct ExponentialEuler {
    /// `σ̃`, taken at the beginning of each step.
    pub backward_noise: BackwardNoise,
}

impl<const D: usize> Sampler<D> for ExponentialEuler {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        let (h, knob) = (s.lambda - t.lambda, self.backward_noise.at(t.time));
        let eps = noise_at(score, &x, t.time);
        let drift = -(1.0 + knob * knob) * s.std * h.exp_m1();
        let next = combine(&[(s.mean_scale / t.mean_scale, &x), (drift, &eps)]);
        if knob == 0.0 {
            return next;
        }
        let z = noise.unit_increment(t.time, s.time, &x);
        next + z.mul_scalar(knob * s.std * (2.0 * h).exp_m1().sqrt())
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Sde,
    order: Some(1.0),
    strong_order: Some(1.0),
    steps: 200,
    noise: Noise::Optional("0 and up"),
    encodes: Encodes::ToNoise,
    options: &[SamplerOption::Grid, SamplerOption::BackwardNoise],
    ..MethodInfo::new("exponential_euler", "The reverse SDE with its linear part exact.")
};

impl Method {
    /// [`ExponentialEuler`].
    pub const EXPONENTIAL_EULER: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(ExponentialEuler { backward_noise: config.backward_noise() })
    }
}

register_sampler!(&INFO, &Kind);
