//! The variance-preserving path along a quarter of a circle, up to pure noise.
//!
//! x_t = cos θ x_0 + sin θ ε with θ = πt/2 (Albergo & Vanden-Eijnden 2023, with time reversed), so
//!
//! ```text
//! f = −(π/2) tan θ,     g² = π tan θ,     λ = −2 ln tan θ,     λ′ = −2π/sin 2θ.
//! ```
//!
//! It is the process [`Cosine`](crate::Cosine) without offset and without cap: at t = 1 both rates are infinite, α is 0 and x_1 = ε
//! exactly. The velocity dx/dt is π/2 times the `v` of Salimans & Ho 2022.

use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`TrigonometricPath`]; `kind = "trigonometric_path"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrigonometricPathConfig {
    /// ε in (0, 1); the horizon is 1. Default 1e-3.
    pub min_time: f64,
}

impl Default for TrigonometricPathConfig {
    fn default() -> Self {
        Self { min_time: 1e-3 }
    }
}

/// The variance-preserving path up to pure noise.
#[derive(Clone, Debug, PartialEq)]
pub struct TrigonometricPath {
    min_time: f64,
}

impl TrigonometricPath {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`TrigonometricPathConfig`] states.
    pub fn from_config(config: &TrigonometricPathConfig) -> Result<Self, ProcessError> {
        let &TrigonometricPathConfig { min_time } = config;
        Check("trigonometric_path").times(min_time, 1.0)?;
        Ok(Self { min_time })
    }
}

impl Default for TrigonometricPath {
    /// With the parameters of [`TrigonometricPathConfig::default`].
    fn default() -> Self {
        Self::from_config(&TrigonometricPathConfig::default()).expect("the default parameters are in range")
    }
}

/// cos θ, as the sine of the rest of the quarter: exactly 0 at t = 1.
fn cos(t: f64) -> f64 {
    (FRAC_PI_2 * (1.0 - t)).sin()
}

/// sin θ.
fn sin(t: f64) -> f64 {
    (FRAC_PI_2 * t).sin()
}

impl Process for TrigonometricPath {
    fn name(&self) -> &'static str {
        "trigonometric_path"
    }

    fn horizon(&self) -> f64 {
        1.0
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        -FRAC_PI_2 * sin(t) / cos(t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        PI * sin(t) / cos(t)
    }

    /// The variance is sin(θ_t − θ_s) sin(θ_t + θ_s)/cos² θ_s.
    fn transition(&self, s: f64, t: f64) -> Transition {
        if s == t {
            return Transition { scale: 1.0, std: 0.0 };
        }
        let sum = sin(t) * cos(s) + cos(t) * sin(s);
        Transition { scale: cos(t) / cos(s), std: (sin(t - s) * sum).sqrt() / cos(s) }
    }

    fn mean_scale(&self, t: f64) -> f64 {
        cos(t)
    }

    fn std(&self, t: f64) -> f64 {
        sin(t)
    }

    fn log_snr(&self, t: f64) -> f64 {
        2.0 * (cos(t).ln() - sin(t).ln())
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        (-0.5 * lambda).exp().atan() / FRAC_PI_2
    }

    fn log_snr_derivative(&self, t: f64) -> f64 {
        -PI / (sin(t) * cos(t))
    }

    fn mean_scale_derivative(&self, t: f64) -> f64 {
        -FRAC_PI_2 * sin(t)
    }

    fn variance_derivative(&self, t: f64) -> f64 {
        PI * sin(t) * cos(t)
    }

    fn second_derivatives(&self, t: f64) -> Option<[f64; 2]> {
        Some([cos(t), sin(t)].map(|coefficient| -FRAC_PI_2 * FRAC_PI_2 * coefficient))
    }

    fn is_variance_preserving(&self) -> bool {
        true
    }
}

impl ProcessKind for TrigonometricPathConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(TrigonometricPath::from_config(self)?))
    }
}

register_process!(TrigonometricPathConfig as "trigonometric_path");
