//! Bridges between two laws of data: stochastic interpolants.
//!
//! A process turns data into noise. An interpolant turns them into other data, and lets noise in on the way
//! (Albergo et al. 2023, sec. 2.1 and 4):
//!
//! ```text
//! x_t = α(t) x_0 + β(t) x_1 + γ(t) z,     x_0 ~ data,  x_1 ~ start,  z ~ N(0, I),     0 ≤ t ≤ 1,
//! α(0) = β(1) = 1,     α(1) = β(0) = γ(0) = γ(1) = 0.
//! ```
//!
//! As everywhere in fokker the data are at t = 0, and drawing goes from t = 1 down to 0; that paper has time reversed. With the
//! velocity b and the score s of the density p_t,
//!
//! ```text
//! b = E[α′ x_0 + β′ x_1 + γ′ z | x_t],     s = ∇ln p_t = −E[z | x_t]/γ,     ∂ₜp = −∇·(b p)      (sec. 2.2),
//! dx = (b − ε s) dt + √(2ε) dw̄   downwards in t,     dx = (b + ε s) dt + √(2ε) dw   upwards     (sec. 2.3)
//! ```
//!
//! have the density p_t at every t, for any ε(t) ≥ 0.
//!
//! | `path` | α | β |
//! |---|---|---|
//! | `linear` | 1 − t | t |
//! | `trigonometric` | cos(πt/2) | sin(πt/2) |
//!
//! | `bridge.kind` | γ | at the ends |
//! |---|---|---|
//! | `none` | 0 | no noise, and no score to be learnt |
//! | `brownian` | a √(t(1 − t)) | γ′ is infinite, γγ′ is not; for a bridge of noise a per square root of time |
//! | `sine` | a sin²(πt) | γ′ = 0 |

mod mixtures;

use std::f64::consts::{FRAC_PI_2, PI};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use mixtures::{InterpolatedLaw, InterpolatedMixtures};

/// How the two data are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterpolantPath {
    /// The straight line.
    #[default]
    Linear,
    /// A quarter of a circle, which keeps the variance of data of the same variance.
    Trigonometric,
}

/// The noise on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BridgeNoise {
    /// None.
    #[default]
    None,
    /// γ = a √(t(1 − t)).
    Brownian {
        /// a > 0, in data units.
        scale: f64,
    },
    /// γ = a sin²(πt).
    Sine {
        /// a > 0, in data units.
        scale: f64,
    },
}

impl BridgeNoise {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// γ(t), in data units; exactly 0 at both ends.
    pub fn std(&self, t: f64) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Brownian { scale } => scale * (t * (1.0 - t)).sqrt(),
            Self::Sine { scale } => scale * sine(t).powi(2),
        }
    }

    /// γ′(t), in data units per unit of time; infinite at the ends of a Brownian bridge.
    pub fn std_derivative(&self, t: f64) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Brownian { scale } => 0.5 * scale * (1.0 - 2.0 * t) / (t * (1.0 - t)).sqrt(),
            Self::Sine { scale } => scale * PI * (2.0 * PI * t).sin(),
        }
    }

    /// γγ′ = ½ (γ²)′, finite at all times.
    pub fn half_variance_derivative(&self, t: f64) -> f64 {
        match *self {
            Self::Brownian { scale } => 0.5 * scale * scale * (1.0 - 2.0 * t),
            Self::None | Self::Sine { .. } => self.std(t) * self.std_derivative(t),
        }
    }
}

/// sin(πt), from the nearer end: exactly 0 at both.
fn sine(t: f64) -> f64 {
    (PI * t.min(1.0 - t)).sin()
}

/// A scale of the noise that no bridge can have.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("bridge.scale = {value}: must be a finite number above 0")]
pub struct InterpolantError {
    /// The scale found.
    pub value: f64,
}

/// An interpolant: its path, and the noise on the way.
///
/// ```
/// use fokker_process::interpolant::{BridgeNoise, Interpolant};
///
/// let interpolant = Interpolant { bridge: BridgeNoise::Brownian { scale: 1.0 }, ..Interpolant::default() };
/// interpolant.validate()?;
/// assert_eq!((interpolant.data_scale(0.25), interpolant.start_scale(0.25)), (0.75, 0.25));
/// assert_eq!((interpolant.bridge.std(0.0), interpolant.bridge.std(0.5), interpolant.bridge.std(1.0)), (0.0, 0.5, 0.0));
/// # Ok::<(), fokker_process::interpolant::InterpolantError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Interpolant {
    /// How the two data are joined. Default `linear`.
    pub path: InterpolantPath,
    /// The noise on the way. Default none.
    pub bridge: BridgeNoise,
}

impl Interpolant {
    /// Checks the scale of the noise.
    ///
    /// # Errors
    /// When it is not a finite number above 0.
    pub fn validate(&self) -> Result<(), InterpolantError> {
        match self.bridge {
            BridgeNoise::Brownian { scale } | BridgeNoise::Sine { scale } if !(scale.is_finite() && scale > 0.0) => {
                Err(InterpolantError { value: scale })
            }
            _ => Ok(()),
        }
    }

    /// α(t).
    pub fn data_scale(&self, t: f64) -> f64 {
        match self.path {
            InterpolantPath::Linear => 1.0 - t,
            InterpolantPath::Trigonometric => (FRAC_PI_2 * (1.0 - t)).sin(),
        }
    }

    /// β(t).
    pub fn start_scale(&self, t: f64) -> f64 {
        match self.path {
            InterpolantPath::Linear => t,
            InterpolantPath::Trigonometric => (FRAC_PI_2 * t).sin(),
        }
    }

    /// α′(t), per unit of time.
    pub fn data_scale_derivative(&self, t: f64) -> f64 {
        match self.path {
            InterpolantPath::Linear => -1.0,
            InterpolantPath::Trigonometric => -FRAC_PI_2 * self.start_scale(t),
        }
    }

    /// β′(t), per unit of time.
    pub fn start_scale_derivative(&self, t: f64) -> f64 {
        match self.path {
            InterpolantPath::Linear => 1.0,
            InterpolantPath::Trigonometric => FRAC_PI_2 * self.data_scale(t),
        }
    }
}
