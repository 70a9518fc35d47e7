//! The probability-flow ODE in x/α over σ/α by the classical Runge–Kutta method.

use fokker_process::Process;

use super::flow_sampler::FlowSampler;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo};
use crate::register_sampler;
use crate::sampler::Sampler;
use crate::solvers::RUNGE_KUTTA_4;

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    order: Some(RUNGE_KUTTA_4.order),
    calls_per_step: RUNGE_KUTTA_4.evaluations(),
    leaves_pure_noise: true,
    encodes: Encodes::ToPureNoise,
    ..MethodInfo::new("rk4", "The probability-flow ODE in x/α over σ/α by the classical Runge–Kutta method.")
};

impl Method {
    /// [`RUNGE_KUTTA_4`] on the probability flow.
    pub const RUNGE_KUTTA_4: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(FlowSampler { solver: RUNGE_KUTTA_4 })
    }
}

register_sampler!(&INFO, &Kind);
