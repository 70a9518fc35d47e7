//! The straight path from data to noise: rectified flow, the conditional optimal-transport path of flow matching.
//!
//! x_t = (1 − t) x_0 + s t ε (Liu et al. 2023, eq. 1; Lipman et al. 2023, eq. 20 with σ_min = 0 and time reversed; Esser et
//! al. 2024, eq. 13), so α = 1 − t, σ = s t, and
//!
//! ```text
//! f = −1/(1 − t),     g² = 2 s² t/(1 − t),     λ = 2 ln((1 − t)/(s t)),     λ′ = −2/(t (1 − t)).
//! ```
//!
//! At t = 1 nothing is left of the data: x_1 = s ε exactly, λ = −∞, and both rates are infinite. Whatever walks away from
//! there takes σ/(α + σ/s) = t for its variable, in which the flow is smooth, or a closed step.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`LinearPath`]; `kind = "linear_path"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearPathConfig {
    /// s > 0, the deviation of the noise at the end, in data units. Default 1.
    pub noise_std: f64,
    /// ε in (0, 1); the horizon is 1. Default 1e-3.
    pub min_time: f64,
}

impl Default for LinearPathConfig {
    fn default() -> Self {
        Self { noise_std: 1.0, min_time: 1e-3 }
    }
}

/// The straight path from data to noise.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearPath {
    noise_std: f64,
    min_time: f64,
}

impl LinearPath {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`LinearPathConfig`] states.
    pub fn from_config(config: &LinearPathConfig) -> Result<Self, ProcessError> {
        let &LinearPathConfig { noise_std, min_time } = config;
        let check = Check("linear_path");
        check.positive("noise_std", noise_std)?;
        check.times(min_time, 1.0)?;
        Ok(Self { noise_std, min_time })
    }
}

impl Default for LinearPath {
    /// With the parameters of [`LinearPathConfig::default`].
    fn default() -> Self {
        Self::from_config(&LinearPathConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for LinearPath {
    fn name(&self) -> &'static str {
        "linear_path"
    }

    fn horizon(&self) -> f64 {
        1.0
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        -1.0 / (1.0 - t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        2.0 * self.noise_std * self.noise_std * t / (1.0 - t)
    }

    /// The variance t² − a² s² of a unit noise is (t − a s)(t + a s), each factor without a difference that cancels.
    fn transition(&self, s: f64, t: f64) -> Transition {
        if s == t {
            return Transition { scale: 1.0, std: 0.0 };
        }
        let left = 1.0 - s;
        let sum = t * left + s * (1.0 - t);
        Transition { scale: (1.0 - t) / left, std: self.noise_std * ((t - s) * sum).sqrt() / left }
    }

    fn mean_scale(&self, t: f64) -> f64 {
        1.0 - t
    }

    fn std(&self, t: f64) -> f64 {
        self.noise_std * t
    }

    fn log_snr(&self, t: f64) -> f64 {
        2.0 * ((-t).ln_1p() - (self.noise_std * t).ln())
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        1.0 / (1.0 + self.noise_std * (0.5 * lambda).exp())
    }

    fn log_snr_derivative(&self, t: f64) -> f64 {
        -2.0 / (t * (1.0 - t))
    }

    fn mean_scale_derivative(&self, _t: f64) -> f64 {
        -1.0
    }

    fn variance_derivative(&self, t: f64) -> f64 {
        2.0 * self.noise_std * self.noise_std * t
    }

    fn second_derivatives(&self, _t: f64) -> Option<[f64; 2]> {
        Some([0.0, 0.0])
    }
}

impl ProcessKind for LinearPathConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(LinearPath::from_config(self)?))
    }
}

register_process!(LinearPathConfig as "linear_path");
