//! What is known of a sampler: its row of the registry. Capabilities are fields, so that nobody has to read names.

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::grid::TimeGrid;
use crate::options::SamplerOption;

/// What a sampler walks along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Equation {
    /// A reverse SDE, or a chain that tends to it.
    Sde,
    /// The probability-flow ODE: deterministic but for the initial state.
    Ode,
    /// Langevin dynamics at fixed noise levels.
    Langevin,
}

/// Which processes a sampler works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// All scalar ones.
    Any,
    /// Those that are the limit of DDPM's or NCSN's chain: variance preserving or exploding.
    Chains,
    /// Those of positions and velocities.
    PhaseSpace,
}

impl Processes {
    /// Whether a process is one of them.
    pub fn include(self, process: &dyn Process) -> bool {
        match self {
            Self::Any => process.phase_space().is_none(),
            Self::Chains => process.is_variance_preserving() || process.is_variance_exploding(),
            Self::PhaseSpace => process.phase_space().is_some(),
        }
    }
}

/// Whether a sampler draws noise on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Never.
    None,
    /// Only with an option, which the words name.
    Optional(&'static str),
    /// Always.
    Always,
}

/// Whether a sampler also walks the other way, from data to noise ([`SamplerConfig::encode`](crate::SamplerConfig::encode)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encodes {
    /// No: its steps go from noise to data alone, or draw noise.
    No,
    /// Yes. Its own step has no value into pure noise, where `α = 0`; that step is taken in closed form.
    ToNoise,
    /// Yes, into pure noise as well.
    ToPureNoise,
}

/// Where a sampler's steps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// On a time grid.
    Grid,
    /// The sampler chooses them; it reports percents.
    Adaptive,
    /// All at the smallest time.
    SmallestTime,
}

/// What is known of a sampler.
#[derive(Clone, Copy, Debug)]
pub struct MethodInfo {
    /// Its name in configurations and on the command line.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// One line about it.
    pub summary: &'static str,
    /// What it walks along.
    pub equation: Equation,
    /// Its order for ordinary differential equations, or its weak order; none for Langevin dynamics.
    pub order: Option<f64>,
    /// Its strong order, where a path of the noise is followed.
    pub strong_order: Option<f64>,
    /// Network calls in each step, with its customary options.
    pub calls_per_step: usize,
    /// The customary number of steps.
    pub steps: usize,
    /// The customary time grid.
    pub grid: &'static TimeGrid,
    /// Where its steps are.
    pub schedule: Schedule,
    /// The processes it works with.
    pub processes: Processes,
    /// Whether it draws noise.
    pub noise: Noise,
    /// Whether its own step has a value from pure noise, where `α = 0`. Otherwise [`FromPureNoise`](crate::FromPureNoise) takes that
    /// step, under processes that begin there.
    pub leaves_pure_noise: bool,
    /// Whether a step needs more than the state before it, so that the state must not be changed in between.
    pub has_memory: bool,
    /// Why its walk can begin in noise alone, as the end of a sentence; none if it may begin at any time of its grid, from data with the
    /// noise of that time ([`SamplerConfig::draw_from`](crate::SamplerConfig::draw_from)).
    pub begins_in_noise: Option<&'static str>,
    /// Whether it also walks from data to noise, with options under which it draws no noise.
    pub encodes: Encodes,
    /// The options it takes.
    pub options: &'static [SamplerOption],
    /// The numbers it takes in `parameters`, with their defaults.
    pub parameters: &'static [(&'static str, f64)],
}

impl MethodInfo {
    /// A deterministic method without memory for any process: one call in a step, 20 steps on Karras's grid.
    pub const fn new(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            summary,
            equation: Equation::Ode,
            order: None,
            strong_order: None,
            calls_per_step: 1,
            steps: 20,
            grid: &TimeGrid::Karras { rho: 7.0 },
            schedule: Schedule::Grid,
            processes: Processes::Any,
            noise: Noise::None,
            leaves_pure_noise: false,
            has_memory: false,
            begins_in_noise: None,
            encodes: Encodes::No,
            options: &[SamplerOption::Grid],
            parameters: &[],
        }
    }
}

/// A registered sampler. Configurations name it; two methods are equal if their names are.
///
/// ```
/// use fokker_sampling::{Method, SamplerOption};
///
/// let method: Method = "dpmpp_2m".parse().unwrap();
/// assert_eq!(method, Method::DPM_SOLVER_PP_2M);
/// assert!(method.info().has_memory && method.takes(SamplerOption::Grid));
/// ```
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Method(&'static MethodInfo);

impl Method {
    /// The method of a row. It works once the row is [registered](crate::register_sampler).
    pub const fn of(info: &'static MethodInfo) -> Self {
        Self(info)
    }

    /// Its row of the registry.
    pub fn info(self) -> &'static MethodInfo {
        self.0
    }

    /// The name in configurations and on the command line.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether it takes an option.
    pub fn takes(self, option: SamplerOption) -> bool {
        self.0.options.contains(&option)
    }

    /// Whether one step of the grid needs nothing but the state before it, so that the state may be changed in between.
    pub fn is_single_step(self) -> bool {
        let walks_a_grid = self.0.schedule == Schedule::Grid && self.0.equation != Equation::Langevin;
        walks_a_grid && !self.0.has_memory && !self.takes(SamplerOption::Predictor)
    }
}

impl std::fmt::Debug for Method {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "Method({})", self.name())
    }
}

impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Method {}

impl std::hash::Hash for Method {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.name().into()
    }
}
