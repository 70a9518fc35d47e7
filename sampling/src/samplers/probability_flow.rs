//! The probability-flow ODE in x/α over σ/α by Heun's method.

use fokker_process::Process;

use super::flow_sampler::FlowSampler;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo};
use crate::register_sampler;
use crate::sampler::Sampler;
use crate::solvers::HEUN;

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["heun"],
    order: Some(HEUN.order),
    calls_per_step: HEUN.evaluations(),
    leaves_pure_noise: true,
    encodes: Encodes::ToPureNoise,
    ..MethodInfo::new("probability_flow", "The probability-flow ODE in x/α over σ/α by Heun's method.")
};

impl Method {
    /// [`HEUN`] on the probability flow.
    pub const PROBABILITY_FLOW: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(FlowSampler { solver: HEUN })
    }
}

register_sampler!(&INFO, &Kind);
