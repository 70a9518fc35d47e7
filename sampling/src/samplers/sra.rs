//! The reverse SDE by Rößler's SRA1.

use fokker_process::Process;

use super::reverse_sde_sampler::ReverseSdeSampler;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::Sampler;
use crate::solvers::Sra;

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Sde,
    order: Some(Sra::WEAK_ORDER),
    strong_order: Some(Sra::STRONG_ORDER),
    calls_per_step: Sra::EVALUATIONS,
    steps: 100,
    noise: Noise::Optional("0 and up"),
    options: &[SamplerOption::Grid, SamplerOption::BackwardNoise],
    ..MethodInfo::new("sra", "The reverse SDE by Rößler's SRA1.")
};

impl Method {
    /// [`Sra`] on the reverse SDE.
    pub const SRA: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(ReverseSdeSampler { solver: Sra, backward_noise: config.backward_noise() })
    }
}

register_sampler!(&INFO, &Kind);
