//! The probability-flow ODE in x/α over σ/α by Euler's method.

use fokker_process::Process;

use super::flow_sampler::FlowSampler;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo};
use crate::register_sampler;
use crate::sampler::Sampler;
use crate::solvers::EULER;

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    order: Some(EULER.order),
    calls_per_step: EULER.evaluations(),
    leaves_pure_noise: true,
    encodes: Encodes::ToPureNoise,
    ..MethodInfo::new("euler", "The probability-flow ODE in x/α over σ/α by Euler's method.")
};

impl Method {
    /// [`EULER`] on the probability flow.
    pub const EULER: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(FlowSampler { solver: EULER })
    }
}

register_sampler!(&INFO, &Kind);
