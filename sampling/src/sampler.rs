//! Samplers by name: a time grid, a method, and what is done at the end.

use std::ops::ControlFlow;

use burn::tensor::{Device, Tensor};
use fokker_model::Score;
use fokker_process::Process;
use fokker_random::Stream;
use serde::{Deserialize, Serialize};

use crate::ancestral::{PosteriorVariance, ancestral_step};
use crate::dynamics::{ProbabilityFlow, ReverseDynamics};
use crate::error::SamplingError;
use crate::euler_maruyama::EulerMaruyama;
use crate::grid::TimeGrid;
use crate::heun::Heun;
use crate::noise::ImageNoise;
use crate::solver::Solver;

/// The method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The reverse SDE by Euler–Maruyama.
    ReverseSde,
    /// The probability-flow ODE by Heun's method, deterministic.
    ProbabilityFlow,
    /// DDPM's ancestral updates.
    Ancestral,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::ReverseSde, Self::ProbabilityFlow, Self::Ancestral];

    /// The name in configurations and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReverseSde => "reverse_sde",
            Self::ProbabilityFlow => "probability_flow",
            Self::Ancestral => "ancestral",
        }
    }
}

impl std::str::FromStr for Method {
    type Err = SamplingError;

    fn from_str(name: &str) -> Result<Self, SamplingError> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| SamplingError::Config {
            key: "kind",
            message: format!("there is no sampler '{name}'; there are {}", Self::ALL.map(Self::name).join(", ")),
        })
    }
}

/// A sampler: method, number of steps, time grid, final denoising.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerConfig {
    /// The method.
    pub kind: Method,
    /// Number of steps; 20 for the probability flow and 200 for the others, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// The times of the steps; quadratic for ancestral updates and Karras for the others, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<TimeGrid>,
    /// Replace the last state by the expected clean data (Tweedie).
    #[serde(default = "yes")]
    pub denoise: bool,
    /// `σ̃` of papers/004 Thm 2.10, for `reverse_sde`: 1 (if absent) is the reverse SDE, 0 the probability flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backward_noise: Option<f64>,
    /// Variance of the reverse step, for `ancestral`; `large` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<PosteriorVariance>,
}

fn yes() -> bool {
    true
}

impl SamplerConfig {
    /// A method with its customary settings.
    pub fn new(kind: Method) -> Self {
        Self { kind, steps: None, grid: None, denoise: true, backward_noise: None, variance: None }
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps.unwrap_or(if self.kind == Method::ProbabilityFlow { 20 } else { 200 })
    }

    /// The time grid.
    pub fn grid(&self) -> TimeGrid {
        let customary = match self.kind {
            Method::Ancestral => TimeGrid::Quadratic,
            _ => TimeGrid::Karras { rho: 7.0 },
        };
        self.grid.unwrap_or(customary)
    }

    /// Checks the numbers, and that the process admits the method.
    ///
    /// # Errors
    /// The field that does not fit, with the reason.
    pub fn validate(&self, process: &dyn Process) -> Result<(), SamplingError> {
        let require = |ok: bool, key, message: &str| {
            if ok { Ok(()) } else { Err(SamplingError::Config { key, message: message.into() }) }
        };
        require(self.steps() > 0, "steps", "must be at least 1")?;
        if let TimeGrid::Karras { rho } = self.grid() {
            require(rho.is_finite() && rho > 0.0, "grid.rho", &format!("{rho} is not positive"))?;
        }
        let backward_noise = self.backward_noise.unwrap_or(1.0);
        let valid = backward_noise.is_finite() && backward_noise >= 0.0;
        require(valid, "backward_noise", &format!("{backward_noise} is not a number ≥ 0"))?;
        let belongs = self.backward_noise.is_none() || self.kind == Method::ReverseSde;
        require(belongs, "backward_noise", "belongs to kind = \"reverse_sde\" alone")?;
        let belongs = self.variance.is_none() || self.kind == Method::Ancestral;
        require(belongs, "variance", "belongs to kind = \"ancestral\" alone")?;
        let reason = format!(
            "ancestral updates exist for variance-preserving and variance-exploding chains, which {} is not; use \
             reverse_sde or probability_flow",
            process.name()
        );
        require(self.kind != Method::Ancestral || has_chain(process), "kind", &reason)
    }

    /// Number of network calls for one batch.
    pub fn evaluations(&self) -> usize {
        let each = match self.kind {
            Method::ProbabilityFlow => Solver::<2>::evaluations_per_step(&Heun),
            Method::ReverseSde => Solver::<2>::evaluations_per_step(&EulerMaruyama),
            Method::Ancestral => 1,
        };
        self.steps() * each + usize::from(self.denoise)
    }

    /// Draws the images number `first, first + 1, …` of `seed`.
    ///
    /// `shape[0]` is their number. `observe` is called after every step with the number of steps done and the state;
    /// when it breaks, so does the sampler, with `None`.
    pub fn sample<const D: usize>(
        &self,
        score: &dyn Score<D>,
        shape: [usize; D],
        seed: u64,
        first: u64,
        device: &Device,
        observe: &mut dyn FnMut(usize, &Tensor<D>) -> ControlFlow<()>,
    ) -> Option<Tensor<D>> {
        let process = score.process();
        let times = self.grid().times(process, self.steps());
        let mut prior = ImageNoise::new(seed, Stream::Prior, first, shape[0]);
        let mut noise = ImageNoise::new(seed, Stream::Brownian, first, shape[0]);
        let mut x = prior.normal(shape, device).mul_scalar(process.prior_std());
        let reverse = ReverseDynamics::new(score, self.backward_noise.unwrap_or(1.0));
        let flow = ProbabilityFlow::new(score);
        for (step, pair) in times.windows(2).enumerate() {
            let (t0, t1) = (pair[0], pair[1]);
            x = match self.kind {
                Method::ReverseSde => EulerMaruyama.step(&reverse, x, t0, t1, &mut noise),
                Method::ProbabilityFlow => {
                    let rescaled = x.div_scalar(process.mean_scale(t0));
                    let rescaled = Heun.step(&flow, rescaled, flow.ratio(t0), flow.ratio(t1), &mut noise);
                    rescaled.mul_scalar(process.mean_scale(t1))
                }
                Method::Ancestral => {
                    let normal = noise.normal(shape, device);
                    ancestral_step(score, self.variance.unwrap_or_default(), x, t0, t1, normal)
                }
            };
            if observe(step + 1, &x).is_break() {
                return None;
            }
        }
        if self.denoise {
            x = score.denoised(x, &vec![process.min_time(); shape[0]]);
        }
        Some(x)
    }
}

/// Whether the process is the limit of DDPM's or NCSN's chain.
fn has_chain(process: &dyn Process) -> bool {
    let exploding = (1..=8).all(|k| process.drift(process.horizon() * f64::from(k) / 8.0) == 0.0);
    process.is_variance_preserving() || exploding
}
