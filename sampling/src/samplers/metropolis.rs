//! Langevin dynamics with Metropolis's correction (MALA; Roberts & Tweedie 1996), for a density known by its score.
//!
//! The proposal `x' = x + δ s(x) + √(2δ) z` is accepted with probability `min(1, e^a)`,
//!
//! ```text
//! a = ln p(x') − ln p(x) − |x − x' − δ s(x')|²/4δ + |x' − x − δ s(x)|²/4δ.
//! ```
//!
//! The difference of the log-densities is the integral of the score along the straight line from `x` to `x'`, by
//! Simpson's rule: exact where the score is a cubic along the line, Gaussians included. Each step asks for the score at
//! the middle and at the proposal. Acceptance is decided for each example by itself, on the device.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::divergence::{broadcast, inner_product};
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Schedule};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::{Diagnostics, Sampler, Step, score_at};
use crate::solvers::{Brownian, combine};

/// Metropolis-adjusted Langevin dynamics at the smallest time.
#[derive(Clone, Debug)]
pub struct MetropolisLangevin<const D: usize> {
    step_size: f64,
    /// The score at the present state.
    gradient: Option<Tensor<D>>,
    accepted: Option<Tensor<1>>,
    proposed: usize,
}

impl<const D: usize> MetropolisLangevin<D> {
    /// A walk with `δ = step_size · σ²`.
    pub fn new(step_size: f64) -> Self {
        Self { step_size, gradient: None, accepted: None, proposed: 0 }
    }
}

impl<const D: usize> Sampler<D> for MetropolisLangevin<D> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let t = step.from();
        let delta = self.step_size * score.process().std(t).powi(2);
        let gradient = self.gradient.take().unwrap_or_else(|| score_at(score, &x, t));
        let z = noise.normal(&x);
        let proposal = combine(&[(1.0, &x), (delta, &gradient), ((2.0 * delta).sqrt(), &z)]);
        let difference = proposal.clone() - x.clone();
        let middle = score_at(score, &combine(&[(1.0, &x), (0.5, &difference)]), t);
        let at_proposal = score_at(score, &proposal, t);
        let along = combine(&[(1.0 / 6.0, &gradient), (4.0 / 6.0, &middle), (1.0 / 6.0, &at_proposal)]);
        let back = combine(&[(1.0, &difference), (delta, &at_proposal)]);
        let log_ratio = inner_product(along, difference) - inner_product(back.clone(), back).div_scalar(4.0 * delta)
            + inner_product(z.clone(), z).mul_scalar(0.5);
        let log_ratio: Tensor<D> = broadcast(log_ratio);
        // −ln u is exponential, and so is half of the sum of two squared normal numbers.
        let single = x.clone().slice(std::array::from_fn::<_, D, _>(|axis| 0..if axis == 0 { x.dims()[0] } else { 1 }));
        let (u, v) = (noise.normal(&single), noise.normal(&single));
        let exponential = (u.square() + v.square()).mul_scalar(0.5);
        let accept = (log_ratio + exponential).greater_equal_scalar(0.0);
        let counted = accept.clone().float().reshape([x.dims()[0]]).mean();
        self.accepted = Some(match self.accepted.take() {
            Some(sum) => sum + counted,
            None => counted,
        });
        self.proposed += 1;
        let accept = accept.expand(x.dims());
        self.gradient = Some(gradient.mask_where(accept.clone(), at_proposal));
        x.mask_where(accept, proposal)
    }

    fn diagnostics(&self) -> Diagnostics {
        let mean = |sum: Tensor<1>| sum.into_scalar::<f64>() / self.proposed as f64;
        Diagnostics { acceptance: self.accepted.clone().map(mean), ..Diagnostics::default() }
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["mala"],
    equation: Equation::Langevin,
    calls_per_step: 2,
    steps: 1000,
    schedule: Schedule::SmallestTime,
    begins_in_noise: Some("all its steps are at the smallest time, whatever noise the state has"),
    noise: Noise::Always,
    options: &[SamplerOption::Langevin],
    leaves_pure_noise: true,
    ..MethodInfo::new("metropolis_langevin", "Langevin dynamics at the smallest time, with Metropolis's correction.")
};

impl Method {
    /// [`MetropolisLangevin`].
    pub const METROPOLIS_LANGEVIN: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(MetropolisLangevin::new(config.langevin().step_size))
    }

    fn validate(&self, config: &SamplerConfig, _: &dyn Process) -> Result<(), SamplingError> {
        config.langevin().validate_one_level()
    }

    /// The score of the first state; then the middle's and the proposal's in each step.
    fn score_calls(&self, config: &SamplerConfig, _: &dyn Process) -> Option<usize> {
        Some(1 + config.steps() * INFO.calls_per_step + usize::from(config.denoise))
    }
}

register_sampler!(&INFO, &Kind);
