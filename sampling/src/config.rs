//! A sampler by name, with its options.

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::error::SamplingError;
use crate::grid::{MOST_STEPS, TimeGrid};
use crate::method::{Kind, Method, Processes};
use crate::options::{ChurnConfig, CorrectorConfig, LangevinConfig, SolverType};
use crate::samplers::PosteriorVariance;
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
        }
    }

    /// The keys that were given besides those that all methods take.
    fn given(&self) -> Vec<&'static str> {
        let keys = [
            ("grid", self.grid.is_some()),
            ("backward_noise", self.backward_noise.is_some()),
            ("variance", self.variance.is_some()),
            ("eta", self.eta.is_some()),
            ("order", self.order.is_some()),
            ("solver_type", self.solver_type.is_some()),
            ("lower_order_final", self.lower_order_final.is_some()),
            ("predictor", self.predictor.is_some()),
            ("corrector", self.corrector.is_some()),
            ("churn", self.churn.is_some()),
            ("langevin", self.langevin.is_some()),
            ("tolerance", self.tolerance.is_some()),
        ];
        keys.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect()
    }

    /// Checks the numbers, and that method, options and process go together.
    ///
    /// # Errors
    /// The field that does not fit, with the reason.
    pub fn validate(&self, process: &dyn Process) -> Result<(), SamplingError> {
        let info = self.kind.info();
        for key in self.given() {
            if !info.options.contains(&key) {
                let takers: Vec<&str> =
                    Method::ALL.map(Method::info).iter().filter(|i| i.options.contains(&key)).map(|i| i.name).collect();
                let message = format!("{} does not take it; those that do: {}", info.name, takers.join(", "));
                return fail(key, &message);
            }
        }
        if self.kind == Method::DormandPrince && self.steps.is_some() {
            return fail("steps", "dormand_prince chooses its steps by the tolerance");
        }
        if let Some(steps) = self.steps.filter(|steps| !(1..=MOST_STEPS).contains(steps)) {
            return fail("steps", &format!("{steps} is not in 1..={MOST_STEPS}"));
        }
        self.grid().validate(process, self.steps_or_points())?;
        self.validate_options()?;
        if let Some(predictor) = self.predictor {
            let mut alone = Self::new(predictor);
            (alone.steps, alone.grid) = (self.steps, self.grid.clone());
            if !predictor.is_single_step() {
                let message = format!(
                    "{} does not go with corrections: a predictor must take single steps, such as reverse_diffusion, \
                     ancestral, reverse_sde or ddim",
                    predictor.name()
                );
                return fail("predictor", &message);
            }
            alone.validate(process)?;
        }
        if info.processes == Processes::Chains && !has_chain(process) {
            let message = format!(
                "{} updates exist for variance-preserving and variance-exploding chains, which {} is not; use \
                 reverse_sde or probability_flow",
                info.name,
                process.name()
            );
            return fail("kind", &message);
        }
        Ok(())
    }

    fn validate_options(&self) -> Result<(), SamplingError> {
        self.threshold.map_or(Ok(()), |threshold| threshold.validate())?;
        if self.threshold.is_some() && self.kind.info().kind == Kind::Langevin {
            return fail("threshold", "Langevin dynamics follow the score and predict no data");
        }
        self.backward_noise.as_ref().map_or(Ok(()), BackwardNoise::validate)?;
        if let Some(PosteriorVariance::Interpolated(v)) = self.variance
            && !(0.0..=1.0).contains(&v)
        {
            return fail("variance", &format!("{v} does not lie between small (0) and large (1)"));
        }
        let eta = self.eta();
        if !(0.0..=1.0).contains(&eta) {
            return fail("eta", &format!("{eta} does not lie between 0 (no noise) and 1 (the ancestral chain's)"));
        }
        if !(1..=3).contains(&self.order()) {
            return fail("order", &format!("{} is not 1, 2 or 3", self.order()));
        }
        let fits: &[SolverType] = match self.kind {
            Method::UniPc => &[SolverType::Bh1, SolverType::Bh2],
            Method::DpmSolver3M | Method::DpmSolverPp3M | Method::SdeDpmSolverPp3M => {
                &[SolverType::Exact, SolverType::Published]
            }
            _ => &[SolverType::Midpoint, SolverType::Heun],
        };
        if let Some(solver_type) = self.solver_type
            && !fits.contains(&solver_type)
        {
            return fail("solver_type", &format!("{} has the types {fits:?}", self.kind.name()).to_lowercase());
        }
        let (corrector, churn, langevin) = (self.corrector(), self.churn(), self.langevin());
        if !(1..=MOST_STEPS).contains(&corrector.steps) || !positive(corrector.snr) {
            return fail("corrector", &format!("needs steps in 1..={MOST_STEPS} and snr > 0"));
        }
        let bounds = churn.amount.is_finite() && churn.amount >= 0.0 && churn.min >= 0.0 && churn.max >= churn.min;
        if !bounds || !positive(churn.noise) {
            return fail("churn", "needs amount ≥ 0, 0 ≤ min ≤ max and noise > 0");
        }
        if !positive(langevin.step_size) || !(1..=MOST_STEPS).contains(&langevin.steps_per_level) {
            return fail("langevin", &format!("needs step_size > 0 and steps_per_level in 1..={MOST_STEPS}"));
        }
        if self.kind != Method::AnnealedLangevin && langevin.steps_per_level != 5 {
            return fail("langevin", "steps_per_level belongs to annealed_langevin; the others have one level");
        }
        self.tolerance().validate()
    }

    /// Number of steps, or of points for discrete grids.
    pub(crate) fn steps_or_points(&self) -> usize {
        self.steps.unwrap_or(self.kind.info().steps)
    }

    /// The time grid.
    pub fn grid(&self) -> TimeGrid {
        let customary = match self.kind {
            Method::Ancestral | Method::ReverseDiffusion | Method::PredictorCorrector => TimeGrid::Quadratic,
            Method::AnnealedLangevin => TimeGrid::LogSnr,
            _ => TimeGrid::Karras { rho: 7.0 },
        };
        self.grid.clone().unwrap_or(customary)
    }

    /// The backward noise.
    pub fn backward_noise(&self) -> BackwardNoise {
        self.backward_noise.clone().unwrap_or(BackwardNoise::Constant(1.0))
    }

    /// η.
    pub fn eta(&self) -> f64 {
        self.eta.unwrap_or(0.0)
    }

    /// UniPC's order.
    pub fn order(&self) -> usize {
        self.order.unwrap_or(2)
    }

    /// The member of the family.
    pub fn solver_type(&self) -> SolverType {
        let customary = match self.kind {
            Method::UniPc => SolverType::Bh2,
            Method::DpmSolver3M | Method::DpmSolverPp3M | Method::SdeDpmSolverPp3M => SolverType::Exact,
            _ => SolverType::Midpoint,
        };
        self.solver_type.unwrap_or(customary)
    }

    /// The predictor under a process.
    pub fn predictor(&self, process: &dyn Process) -> Method {
        let customary = if has_chain(process) { Method::ReverseDiffusion } else { Method::ExponentialEuler };
        self.predictor.unwrap_or(customary)
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
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn fail(key: &str, message: &str) -> Result<(), SamplingError> {
    Err(SamplingError::sampler(key, message))
}

/// Whether the process is the limit of DDPM's or NCSN's chain.
fn has_chain(process: &dyn Process) -> bool {
    process.is_variance_preserving() || process.is_variance_exploding()
}
