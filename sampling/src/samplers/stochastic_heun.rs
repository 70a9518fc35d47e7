//! The reverse SDE by Heun's method for additive noise.

use fokker_process::Process;

use super::reverse_sde_sampler::ReverseSdeSampler;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::Sampler;
use crate::solvers::StochasticHeun;

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Sde,
    order: Some(StochasticHeun::WEAK_ORDER),
    strong_order: Some(StochasticHeun::STRONG_ORDER),
    calls_per_step: StochasticHeun::EVALUATIONS,
    steps: 100,
    noise: Noise::Optional("0 and up"),
    options: &[SamplerOption::Grid, SamplerOption::BackwardNoise],
    ..MethodInfo::new("stochastic_heun", "The reverse SDE by Heun's method for additive noise.")
};

impl Method {
    /// [`StochasticHeun`] on the reverse SDE.
    pub const STOCHASTIC_HEUN: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(ReverseSdeSampler { solver: StochasticHeun, backward_noise: config.backward_noise() })
    }
}

register_sampler!(&INFO, &Kind);
