//! The methods of the multistep family under their names.

use fokker_process::Process;

use super::multistep::{Multistep, MultistepFamily};
use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Equation, Method, MethodInfo, Noise};
use crate::options::{SamplerOption, SolverType};
use crate::register_sampler;
use crate::sampler::Sampler;

/// A row of the registry. The order of the methods with noise is the weak one, which is 2 for both. Those that predict the data
/// leave pure noise by their own formula.
const fn info(
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    order: f64,
    (with_noise, predicts_data): (bool, bool),
) -> MethodInfo {
    MethodInfo {
        aliases,
        equation: if with_noise { Equation::Sde } else { Equation::Ode },
        order: Some(order),
        steps: if with_noise { 40 } else { 20 },
        noise: if with_noise { Noise::Always } else { Noise::None },
        leaves_pure_noise: predicts_data,
        has_memory: true,
        encodes: if with_noise { Encodes::No } else { Encodes::ToNoise },
        options: &[SamplerOption::Grid, SamplerOption::SolverType, SamplerOption::LowerOrderFinal],
        ..MethodInfo::new(name, summary)
    }
}

static DPM_2M: MethodInfo = info("dpm_solver_2m", &[], "DPM-Solver of second order with memory.", 2.0, (false, false));
static DPM_3M: MethodInfo = info("dpm_solver_3m", &[], "DPM-Solver of third order with memory.", 3.0, (false, false));
static PP_2M: MethodInfo =
    info("dpm_solver_pp_2m", &["dpmpp_2m"], "DPM-Solver++ of second order with memory.", 2.0, (false, true));
static PP_3M: MethodInfo =
    info("dpm_solver_pp_3m", &["dpmpp_3m"], "DPM-Solver++ of third order with memory.", 3.0, (false, true));
static SDE_2M: MethodInfo = info(
    "sde_dpm_solver_pp_2m",
    &["dpmpp_2m_sde"],
    "DPM-Solver++ of second order on the reverse SDE.",
    2.0,
    (true, true),
);
static SDE_3M: MethodInfo = info(
    "sde_dpm_solver_pp_3m",
    &["dpmpp_3m_sde"],
    "DPM-Solver++ of third order on the reverse SDE.",
    2.0,
    (true, true),
);

impl Method {
    /// DPM-Solver of second order with memory.
    pub const DPM_SOLVER_2M: Self = Self::of(&DPM_2M);
    /// DPM-Solver of third order with memory.
    pub const DPM_SOLVER_3M: Self = Self::of(&DPM_3M);
    /// DPM-Solver++ of second order with memory.
    pub const DPM_SOLVER_PP_2M: Self = Self::of(&PP_2M);
    /// DPM-Solver++ of third order with memory.
    pub const DPM_SOLVER_PP_3M: Self = Self::of(&PP_3M);
    /// DPM-Solver++ of second order on the reverse SDE.
    pub const SDE_DPM_SOLVER_PP_2M: Self = Self::of(&SDE_2M);
    /// DPM-Solver++ of third order on the reverse SDE.
    pub const SDE_DPM_SOLVER_PP_3M: Self = Self::of(&SDE_3M);
}

/// A member of the family.
struct Kind {
    family: MultistepFamily,
    order: usize,
}

impl Kind {
    /// The customary solver type, and the other one.
    fn solver_types(&self) -> [SolverType; 2] {
        match self.order {
            3 => [SolverType::Exact, SolverType::Published],
            _ => [SolverType::Midpoint, SolverType::Heun],
        }
    }

    fn solver_type(&self, config: &SamplerConfig) -> SolverType {
        config.solver_type_or(self.solver_types()[0])
    }
}

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        let solver_type = self.solver_type(config);
        Box::new(Multistep::new(self.family, self.order, solver_type, config.lower_order_final))
    }

    fn validate(&self, config: &SamplerConfig, _: &dyn Process) -> Result<(), SamplingError> {
        self.solver_type(config).validate(config.kind.name(), &self.solver_types())
    }
}

register_sampler!(&DPM_2M, &Kind { family: MultistepFamily::DpmSolver, order: 2 });
register_sampler!(&DPM_3M, &Kind { family: MultistepFamily::DpmSolver, order: 3 });
register_sampler!(&PP_2M, &Kind { family: MultistepFamily::DpmSolverPp, order: 2 });
register_sampler!(&PP_3M, &Kind { family: MultistepFamily::DpmSolverPp, order: 3 });
register_sampler!(&SDE_2M, &Kind { family: MultistepFamily::SdeDpmSolverPp, order: 2 });
register_sampler!(&SDE_3M, &Kind { family: MultistepFamily::SdeDpmSolverPp, order: 3 });
