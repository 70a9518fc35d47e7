//! The reverse SDE by the Euler–Maruyama method.

use fokker_process::Process;

use super::reverse_sde_sampler::ReverseSdeSampler;
use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::Sampler;
use crate::solvers::EulerMaruyama;

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["euler_maruyama"],
    equation: Equation::Sde,
    order: Some(EulerMaruyama::WEAK_ORDER),
    strong_order: Some(EulerMaruyama::STRONG_ORDER),
    calls_per_step: EulerMaruyama::EVALUATIONS,
    steps: 200,
    noise: Noise::Optional("0 and up"),
    options: &[SamplerOption::Grid, SamplerOption::BackwardNoise],
    ..MethodInfo::new("reverse_sde", "The reverse SDE by the Euler–Maruyama method.")
};

impl Method {
    /// [`EulerMaruyama`] on the reverse SDE.
    pub const REVERSE_SDE: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(ReverseSdeSampler { solver: EulerMaruyama, backward_noise: config.backward_noise() })
    }
}

register_sampler!(&INFO, &Kind);
