//! A sampler by name, with its options.

use std::collections::BTreeMap;

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::grid::TimeGrid;
use crate::method::{Equation, Method, Noise, Schedule};
use crate::options::{ChurnConfig, CorrectorConfig, LangevinConfig, PosteriorVariance, SamplerOption, SolverType};
use crate::scores::{DataRange, Threshold};
use crate::solvers::{BackwardNoise, ToleranceConfig};

/// A sampler: method, number of steps, time grid, final denoising, and the options of the method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerConfig {
    /// The method.
    pub kind: Method,
    /// Number of steps; the method's customary number if absent. Discrete grids count their points instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// The times of the steps; if absent, quadratic for ancestral updates, equal in log-SNR for annealed Langevin
    /// dynamics, and Karras's for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<TimeGrid>,
    /// Replace the last state by the expected clean data (Tweedie).
    #[serde(default = "yes")]
    pub denoise: bool,
    /// What keeps the predicted data within range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// The range of the data that thresholds are for; a run sets it by its preprocessing. Default [−1, 1].
    #[serde(skip)]
    pub range: DataRange,
    /// `σ̃` of [Aamari 2025, Thm 2.10]: 1 (if absent) is the reverse SDE, 0 the probability flow; a number or points
    /// `[t, σ̃]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backward_noise: Option<BackwardNoise>,
    /// Variance of the reverse step; `large` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<PosteriorVariance>,
    /// DDIM's η in \[0, 1\]; 0 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<f64>,
    /// UniPC's order, 1 to 3; 2 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<usize>,
    /// The member of the family; `midpoint`, `exact` and `bh2` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solver_type: Option<SolverType>,
    /// Whether methods with memory take steps of lower order at the end; if absent, UniPC does, and the others do with
    /// less than 15 steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_order_final: Option<bool>,
    /// The predictor; `reverse_diffusion` if absent, or `exponential_euler` where there is no chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictor: Option<Method>,
    /// The corrector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrector: Option<CorrectorConfig>,
    /// Churn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churn: Option<ChurnConfig>,
    /// The steps of Langevin dynamics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub langevin: Option<LangevinConfig>,
    /// What the error control allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<ToleranceConfig>,
    /// Numbers of a sampler that this crate does not have, by the names that its [`MethodInfo`](crate::MethodInfo) lists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, f64>,
}

fn yes() -> bool {
    true
}

impl SamplerConfig {
    /// A method with its customary settings.
    pub fn new(kind: Method) -> Self {
        Self {
            kind,
            steps: None,
            grid: None,
            denoise: true,
            threshold: None,
            range: DataRange::default(),
            backward_noise: None,
            variance: None,
            eta: None,
            order: None,
            solver_type: None,
            lower_order_final: None,
            predictor: None,
            corrector: None,
            churn: None,
            langevin: None,
            tolerance: None,
            parameters: BTreeMap::new(),
        }
    }

    /// Another method with its customary settings, for the same data: their range stays, and what keeps predictions within it, unless the
    /// method predicts no data.
    #[must_use]
    pub fn with_method(&self, kind: Method) -> Self {
        if kind == self.kind {
            return self.clone();
        }
        let threshold = self.threshold.filter(|_| kind.info().equation != Equation::Langevin);
        Self { range: self.range, threshold, ..Self::new(kind) }
    }

    /// The options that were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = SamplerOption> {
        let options = [
            (SamplerOption::Grid, self.grid.is_some()),
            (SamplerOption::BackwardNoise, self.backward_noise.is_some()),
            (SamplerOption::Variance, self.variance.is_some()),
            (SamplerOption::Eta, self.eta.is_some()),
            (SamplerOption::Order, self.order.is_some()),
            (SamplerOption::SolverType, self.solver_type.is_some()),
            (SamplerOption::LowerOrderFinal, self.lower_order_final.is_some()),
            (SamplerOption::Predictor, self.predictor.is_some()),
            (SamplerOption::Corrector, self.corrector.is_some()),
            (SamplerOption::Churn, self.churn.is_some()),
            (SamplerOption::Langevin, self.langevin.is_some()),
            (SamplerOption::Tolerance, self.tolerance.is_some()),
        ];
        options.into_iter().filter(|(_, given)| *given).map(|(option, _)| option)
    }

    /// Number of steps that are reported on the way; a sampler that chooses its steps reports percents.
    pub fn steps(&self) -> usize {
        match self.kind.info().schedule {
            Schedule::Adaptive => 100,
            _ => self.grid().intervals(self.steps_or_points()),
        }
    }

    /// Number of steps, or of points for discrete grids.
    pub(crate) fn steps_or_points(&self) -> usize {
        self.steps.unwrap_or(self.kind.info().steps)
    }

    /// The times of the steps under a process.
    pub fn times(&self, process: &dyn Process) -> Vec<f64> {
        match self.kind.info().schedule {
            Schedule::Adaptive => vec![process.horizon(), process.min_time()],
            Schedule::SmallestTime => vec![process.min_time(); self.steps() + 1],
            Schedule::Grid => self.grid().times(process, self.steps_or_points()),
        }
    }

    /// The time grid.
    pub fn grid(&self) -> TimeGrid {
        self.grid.clone().unwrap_or_else(|| self.kind.info().grid.clone())
    }

    /// The backward noise.
    pub fn backward_noise(&self) -> BackwardNoise {
        self.backward_noise.clone().unwrap_or(BackwardNoise::Constant(1.0))
    }

    /// Whether the sampler draws noise on its way, with these options.
    pub fn draws_noise(&self) -> bool {
        match self.kind.info().noise {
            Noise::None => false,
            Noise::Always => true,
            Noise::Optional(_) => {
                let takes = |option| self.kind.takes(option);
                (takes(SamplerOption::BackwardNoise) && !self.backward_noise().is_zero())
                    || (takes(SamplerOption::Eta) && self.eta() > 0.0)
                    || (takes(SamplerOption::Churn) && self.churn().amount > 0.0)
            }
        }
    }

    /// Whether the sampler draws noise in a step that begins at a time.
    pub(crate) fn draws_at(&self, t: f64) -> bool {
        match self.kind.takes(SamplerOption::BackwardNoise) {
            true => self.backward_noise().at(t) > 0.0,
            false => self.kind.info().noise == Noise::Always,
        }
    }

    /// Whether the first step begins in pure noise and is not the sampler's own: it asks the score once.
    pub(crate) fn first_step_is_closed(&self, process: &dyn Process) -> bool {
        let begins = || self.times(process).first().is_some_and(|&t| process.mean_scale(t) == 0.0);
        !self.kind.info().leaves_pure_noise && process.reaches_pure_noise() && begins()
    }

    /// η.
    pub fn eta(&self) -> f64 {
        self.eta.unwrap_or(0.0)
    }

    /// UniPC's order.
    pub fn order(&self) -> usize {
        self.order.unwrap_or(2)
    }

    /// The member of the family, or the method's customary one.
    pub fn solver_type_or(&self, customary: SolverType) -> SolverType {
        self.solver_type.unwrap_or(customary)
    }

    /// The corrector.
    pub fn corrector(&self) -> CorrectorConfig {
        self.corrector.unwrap_or_default()
    }

    /// The churn.
    pub fn churn(&self) -> ChurnConfig {
        self.churn.unwrap_or_default()
    }

    /// The steps of Langevin dynamics.
    pub fn langevin(&self) -> LangevinConfig {
        self.langevin.unwrap_or_default()
    }

    /// The tolerance.
    pub fn tolerance(&self) -> ToleranceConfig {
        self.tolerance.unwrap_or_default()
    }

    /// A number of the sampler by its name: as given, or its default; NaN if the sampler has no such number.
    pub fn parameter(&self, name: &str) -> f64 {
        let default = || self.kind.info().parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        self.parameters.get(name).copied().or_else(default).unwrap_or(f64::NAN)
    }
}
