//! DDIM (Song et al. 2020, eq. 12 and 16), with noise from none (η = 0) to that of the ancestral chain (η = 1).
//!
//! ```text
//! x_s = α_s x̂₀ + √(σ_s² − ς²) ε̂ + ς z,      ς = η σ_s √v/σ_t     (v the variance of x_t given x_s).
//! ```
//!
//! η = 0 is the exponential Euler method on the probability flow, and Euler's method in `x/α` over `σ/α`.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo, Noise};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::{Sampler, Step, denoised_at};
use crate::solvers::{Brownian, combine};

/// DDIM.
#[derive(Clone, Copy, Debug)]
pub struct Ddim {
    /// η in \[0, 1\].
    pub eta: f64,
}

impl<const D: usize> Sampler<D> for Ddim {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        let data = denoised_at(score, &x, t.time);
        // ε̂ = (x − α_t x̂₀)/σ_t, put into the formula so that no difference cancels in the coefficients.
        // Without noise the step goes from data to noise as well, where there is no such transition.
        let spread = if self.eta == 0.0 { 0.0 } else { score.process().transition(s.time, t.time).std / t.std };
        let log_spread = 0.5 * (-(self.eta * spread).powi(2)).ln_1p();
        let of_data = -s.mean_scale * (t.lambda - s.lambda + log_spread).exp_m1();
        let next = combine(&[(of_data, &data), (s.std / t.std * log_spread.exp(), &x)]);
        if self.eta == 0.0 {
            return next;
        }
        let std = self.eta * score.process().posterior(s.time, t.time).std_small;
        next + noise.unit_increment(t.time, s.time, &x).mul_scalar(std)
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    order: Some(1.0),
    noise: Noise::Optional("if eta > 0"),
    options: &[SamplerOption::Grid, SamplerOption::Eta],
    leaves_pure_noise: true,
    encodes: Encodes::ToNoise,
    ..MethodInfo::new("ddim", "DDIM; with eta above 0 a stochastic chain.")
};

impl Method {
    /// [`Ddim`].
    pub const DDIM: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(Ddim { eta: config.eta() })
    }
}

register_sampler!(&INFO, &Kind);
