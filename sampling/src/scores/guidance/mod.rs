//! Guidance: a score pushed away from a worse one.
//!
//! The worse one is the *guide*. Classifier-free guidance (Ho & Salimans 2022) takes the same network without its condition, autoguidance
//! (Karras et al. 2024b, eq. 3) a worse network under the same condition: fewer steps, fewer parameters. [`Guided`] is the score that comes
//! of it, and [`GuidanceMethod`] says how the two are put together. Both choices are free of each other.

mod guided;
mod linear;
mod projected;
mod zero_star;

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::method::{Equation, Schedule};

pub use guided::Guided;
pub use projected::Projection;

/// How strongly a score is guided, where, and by which formula.
///
/// ```
/// use fokker_sampling::{Guidance, GuidanceMethod, Projection};
///
/// let guidance = Guidance::from(4.0).within(0.3, 5.0).by(GuidanceMethod::Apg(Projection { eta: 0.0, radius: Some(15.0), momentum: -0.5 }));
/// assert!(guidance.acts() && !Guidance::default().acts());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// The weight `w`: 1 is the plain score, 0 the guide's, and more than 1 exaggerates what they differ in.
    pub weight: f64,
    /// The noise levels `σ/α` between which the guidance acts (Kynkäänniemi et al. 2024); outside of them the score is the plain one, at half
    /// the price.
    pub interval: (f64, f64),
    /// The formula.
    pub method: GuidanceMethod,
}

/// The formula by which a score `D` and its guide `G` are put together with the weight `w`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum GuidanceMethod {
    /// `G + w (D − G)` (Ho & Salimans 2022, eq. 6).
    Linear {
        /// The share `φ` in \[0, 1\] of the result that is brought back to the deviation of `D` (Lin et al. 2023, eq. 15–16).
        rescale: f64,
    },
    /// Adaptive projected guidance of the predicted data (Sadat et al. 2025).
    Apg(Projection),
    /// CFG-Zero* (Fan et al. 2025): `w D + (1 − w) s* G` of the velocities, with the scale `s*` that brings the guide nearest to `D`.
    CfgZeroStar {
        /// In so many first steps of the sampler the velocity is 0, so that the state stays.
        zero_init: usize,
    },
}

impl Default for Guidance {
    fn default() -> Self {
        Self::from(1.0)
    }
}

/// Linear guidance of a weight, at all noise levels.
impl From<f64> for Guidance {
    fn from(weight: f64) -> Self {
        Self { weight, interval: (0.0, f64::INFINITY), method: GuidanceMethod::Linear { rescale: 0.0 } }
    }
}

impl Guidance {
    /// The same for noise levels `σ/α` in \[low, high\] alone.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { interval: (low, high), ..self }
    }

    /// The same by another formula.
    #[must_use]
    pub fn by(self, method: GuidanceMethod) -> Self {
        Self { method, ..self }
    }

    /// Whether it changes the score.
    pub fn acts(&self) -> bool {
        self.weight != 1.0 || self.zero_init() > 0
    }

    /// Steps in which the state stays.
    fn zero_init(&self) -> usize {
        match self.method {
            GuidanceMethod::CfgZeroStar { zero_init } => zero_init,
            _ => 0,
        }
    }

    /// Whether the result of a call depends on the calls before it.
    pub fn has_memory(&self) -> bool {
        matches!(self.method, GuidanceMethod::Apg(Projection { momentum, .. }) if momentum != 0.0)
    }

    /// Checks the numbers, and that the formula fits a sampler and a process.
    ///
    /// # Errors
    /// The number that does not work; a formula that has no meaning under the process or on the way of the sampler.
    pub fn validate(&self, sampler: &SamplerConfig, process: &dyn Process) -> Result<(), SamplingError> {
        let refuse = |key: &str, message: String| Err(SamplingError::argument(key, message));
        if !self.weight.is_finite() {
            return refuse("guidance", format!("{} is no finite number", self.weight));
        }
        let (low, high) = self.interval;
        if !(low >= 0.0 && low <= high) {
            return refuse("guidance interval", format!("{low} to {high}: must rise from 0 or more"));
        }
        let info = sampler.kind.info();
        let name = info.name;
        if !matches!(self.method, GuidanceMethod::Linear { .. }) && process.phase_space().is_some() {
            let message =
                format!("{} has velocities, and no data are predicted on the way; take linear", process.name());
            return refuse("guidance method", message);
        }
        match self.method {
            GuidanceMethod::Linear { rescale } if !(0.0..=1.0).contains(&rescale) => {
                refuse("guidance rescale", format!("{rescale} must lie between 0 and 1"))
            }
            GuidanceMethod::Apg(projection) => {
                projection.validate()?;
                if self.has_memory() && (info.schedule != Schedule::Grid || info.equation == Equation::Langevin) {
                    let message =
                        format!("{name} does not go down a grid of steps, along which the momentum is; take 0");
                    return refuse("guidance momentum", message);
                }
                Ok(())
            }
            GuidanceMethod::CfgZeroStar { zero_init: steps } if steps > 0 => {
                let message = if info.schedule != Schedule::Grid || info.equation == Equation::Langevin {
                    format!("{name} does not go down a grid, and has no first steps; take 0")
                } else if sampler.draws_noise() {
                    format!(
                        "{name} draws noise, and a velocity of 0 is for flows alone; take 0, or a sampler of the probability flow"
                    )
                } else if steps >= sampler.steps() {
                    format!("{steps} of {} steps: some must be left; take fewer", sampler.steps())
                } else {
                    return Ok(());
                };
                refuse("guidance zero-init", message)
            }
            _ => Ok(()),
        }
    }
}
