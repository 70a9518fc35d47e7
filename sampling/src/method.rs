//! The registry of samplers: one row for each, with its requirements, its cost and its options.

use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// What a sampler walks along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The probability-flow ODE: deterministic but for the initial state.
    Ode,
    /// A reverse SDE, or a chain that tends to it.
    Sde,
    /// Langevin dynamics at fixed noise levels.
    Langevin,
}

/// Which processes a sampler works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// All.
    Any,
    /// Those that are the limit of DDPM's or NCSN's chain: variance preserving or exploding.
    Chains,
}

macro_rules! methods {
    ($($variant:ident $name:literal $(or $alias:literal)* : $kind:ident, order $order:expr, strong $strong:expr,
       calls $calls:literal, steps $steps:literal, $processes:ident, [$($option:literal),*], $text:literal;)*) => {
        /// The method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Method {
            $(#[doc = $text] $variant,)*
        }

        impl Method {
            /// Every method.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Its row of the registry.
            pub fn info(self) -> MethodInfo {
                match self {
                    $(Self::$variant => MethodInfo {
                        name: $name,
                        aliases: &[$($alias),*],
                        kind: Kind::$kind,
                        order: $order,
                        strong_order: $strong,
                        calls_per_step: $calls,
                        steps: $steps,
                        processes: Processes::$processes,
                        options: &[$($option),*],
                        summary: $text,
                    },)*
                }
            }
        }
    };
}

/// What is known of a sampler.
#[derive(Clone, Copy, Debug)]
pub struct MethodInfo {
    /// Its name in configurations and on the command line.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What it walks along.
    pub kind: Kind,
    /// Its order for ordinary differential equations, or its weak order; none for Langevin dynamics.
    pub order: Option<f64>,
    /// Its strong order, where a path of the noise is followed.
    pub strong_order: Option<f64>,
    /// Network calls in each step, with its customary options.
    pub calls_per_step: usize,
    /// The customary number of steps.
    pub steps: usize,
    /// The processes it works with.
    pub processes: Processes,
    /// The keys it takes besides those that all take.
    pub options: &'static [&'static str],
    /// One line about it.
    pub summary: &'static str,
}

methods! {
    ReverseSde "reverse_sde" or "euler_maruyama": Sde, order Some(1.0), strong Some(1.0), calls 1, steps 200, Any,
        ["grid", "backward_noise"], "The reverse SDE by the Euler–Maruyama method.";
    StochasticHeun "stochastic_heun": Sde, order Some(2.0), strong Some(1.0), calls 2, steps 100, Any,
        ["grid", "backward_noise"], "The reverse SDE by Heun's method for additive noise.";
    Sra "sra": Sde, order Some(2.0), strong Some(1.5), calls 2, steps 100, Any,
        ["grid", "backward_noise"], "The reverse SDE by Rößler's SRA1.";
    ExponentialEuler "exponential_euler": Sde, order Some(1.0), strong Some(1.0), calls 1, steps 200, Any,
        ["grid", "backward_noise"], "The reverse SDE with its linear part exact.";
    ReverseDiffusion "reverse_diffusion": Sde, order Some(1.0), strong Some(1.0), calls 1, steps 200, Chains,
        ["grid"], "The reverse SDE discretised like the forward chain (Song et al. 2021).";
    Ancestral "ancestral" or "ddpm": Sde, order Some(1.0), strong Some(1.0), calls 1, steps 200, Chains,
        ["grid", "variance"], "DDPM's ancestral updates.";
    PredictorCorrector "predictor_corrector": Sde, order None, strong None, calls 2, steps 100, Any,
        ["grid", "predictor", "corrector"], "A sampler with Langevin corrections (Song et al. 2021).";
    Euler "euler": Ode, order Some(1.0), strong None, calls 1, steps 20, Any,
        ["grid"], "The probability-flow ODE in x/α over σ/α by Euler's method.";
    ProbabilityFlow "probability_flow" or "heun": Ode, order Some(2.0), strong None, calls 2, steps 20, Any,
        ["grid"], "The probability-flow ODE in x/α over σ/α by Heun's method.";
    RungeKutta4 "rk4": Ode, order Some(4.0), strong None, calls 4, steps 20, Any,
        ["grid"], "The probability-flow ODE in x/α over σ/α by the classical Runge–Kutta method.";
    DormandPrince "dormand_prince" or "rk45": Ode, order Some(5.0), strong None, calls 6, steps 100, Any,
        ["tolerance"], "The probability-flow ODE with steps that fit each sample.";
    Ddim "ddim": Ode, order Some(1.0), strong None, calls 1, steps 20, Any,
        ["grid", "eta"], "DDIM; with eta above 0 a stochastic chain.";
    DpmSolver1 "dpm_solver_1": Ode, order Some(1.0), strong None, calls 1, steps 20, Any,
        ["grid"], "DPM-Solver-1, the exponential Euler method.";
    DpmSolver2 "dpm_solver_2": Ode, order Some(2.0), strong None, calls 2, steps 15, Any,
        ["grid"], "DPM-Solver-2, the exponential midpoint method.";
    DpmSolver3 "dpm_solver_3": Ode, order Some(3.0), strong None, calls 3, steps 10, Any,
        ["grid"], "DPM-Solver-3.";
    DpmSolver2M "dpm_solver_2m": Ode, order Some(2.0), strong None, calls 1, steps 20, Any,
        ["grid", "solver_type", "lower_order_final"], "DPM-Solver of second order with memory.";
    DpmSolver3M "dpm_solver_3m": Ode, order Some(3.0), strong None, calls 1, steps 20, Any,
        ["grid", "solver_type", "lower_order_final"], "DPM-Solver of third order with memory.";
    DpmSolverPp2S "dpm_solver_pp_2s": Ode, order Some(2.0), strong None, calls 2, steps 15, Any,
        ["grid"], "DPM-Solver++ of second order, one step at a time.";
    DpmSolverPp2M "dpm_solver_pp_2m" or "dpmpp_2m": Ode, order Some(2.0), strong None, calls 1, steps 20, Any,
        ["grid", "solver_type", "lower_order_final"], "DPM-Solver++ of second order with memory.";
    DpmSolverPp3M "dpm_solver_pp_3m" or "dpmpp_3m": Ode, order Some(3.0), strong None, calls 1, steps 20, Any,
        ["grid", "solver_type", "lower_order_final"], "DPM-Solver++ of third order with memory.";
    SdeDpmSolverPp2M "sde_dpm_solver_pp_2m" or "dpmpp_2m_sde": Sde, order Some(2.0), strong None, calls 1,
        steps 40, Any,
        ["grid", "solver_type", "lower_order_final"], "DPM-Solver++ of second order on the reverse SDE.";
    SdeDpmSolverPp3M "sde_dpm_solver_pp_3m" or "dpmpp_3m_sde": Sde, order Some(2.0), strong None, calls 1,
        steps 40, Any,
        ["grid", "solver_type", "lower_order_final"], "DPM-Solver++ of third order on the reverse SDE.";
    UniPc "unipc": Ode, order Some(3.0), strong None, calls 1, steps 20, Any,
        ["grid", "order", "solver_type", "lower_order_final"], "UniPC, predictor and corrector with memory.";
    EdmHeun "edm_heun" or "edm": Sde, order Some(2.0), strong None, calls 2, steps 20, Any,
        ["grid", "churn"], "Heun's method with churn (Karras et al. 2022, algorithm 2).";
    AnnealedLangevin "annealed_langevin": Langevin, order None, strong None, calls 5, steps 100, Any,
        ["grid", "langevin"], "Langevin dynamics at falling noise levels (Song & Ermon 2019).";
    Langevin "langevin": Langevin, order None, strong None, calls 1, steps 1000, Any,
        ["langevin"], "Langevin dynamics at the smallest time.";
    MetropolisLangevin "metropolis_langevin" or "mala": Langevin, order None, strong None, calls 2, steps 1000, Any,
        ["langevin"], "Langevin dynamics at the smallest time, with Metropolis's correction.";
}

impl Method {
    /// The name in configurations and on the command line.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Whether one step needs nothing but the state before it, so that the state may be changed in between.
    pub fn is_single_step(self) -> bool {
        let memory = self.info().options.contains(&"lower_order_final");
        !memory && self.info().kind != Kind::Langevin && self != Self::PredictorCorrector && self != Self::DormandPrince
    }
}

impl std::str::FromStr for Method {
    type Err = SamplingError;

    fn from_str(name: &str) -> Result<Self, SamplingError> {
        let named = |info: MethodInfo| info.name == name || info.aliases.contains(&name);
        Self::ALL.into_iter().find(|method| named(method.info())).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            SamplingError::sampler("kind", format!("there is no sampler '{name}'; there are {names}"))
        })
    }
}

impl TryFrom<String> for Method {
    type Error = SamplingError;

    fn try_from(name: String) -> Result<Self, SamplingError> {
        name.parse()
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.name().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_no_two_are_alike() {
        let mut names: Vec<&str> = Vec::new();
        for method in Method::ALL {
            let info = method.info();
            for name in info.aliases.iter().chain([&info.name]) {
                assert_eq!(name.parse::<Method>().unwrap(), method);
                names.push(name);
            }
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!("magic".parse::<Method>().unwrap_err().to_string().contains("magic"));
    }
}
