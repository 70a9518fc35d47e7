//! The variance-exploding process from data that are blurred first [Lecture 6, eq. 1.26–1.30].
//!
//! X_0 ~ N(x_0, η_min²) and dX = √β(t) dB with the β of [`Ve`](crate::Ve), eq. 1.22, so that
//!
//! ```text
//! X_t | x_0 ~ N(x_0, η̃²(t)),      η̃(t) = η_min (η_max/η_min)^{t/T},      g² = β = 2 η̃²(t) ln(η_max/η_min)/T.
//! ```
//!
//! η̃ is geometric from the beginning, and ln η̃ is uniform for uniform times; [`Ve`](crate::Ve) starts from a point and has
//! σ² = η̃² − η_min². This is also the convention of score_sde.
//!
//! As a [`Process`], x_0 is the datum at t = 0 and the blur comes at once: σ(0) = 0 and σ(t) = η̃(t) for every t > 0. The
//! transition from 0 holds the blur, the one from s > 0 does not. Reverse processes stop at min_time, where the noise on the
//! data is η_min, and the last step of a sampler takes that off.
//!
//! The loss of eq. 1.30 is this process with uniform times, the weighting `sigma2` and the loss `expanded`, up to the factor 2.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`BlurredVe`]; `kind = "blurred_ve"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlurredVeConfig {
    /// η_min > 0, the deviation of the blur, in data units. Default 0.01.
    pub sigma_min: f64,
    /// η_max > η_min, the deviation at the horizon, in data units. Default 50.
    pub sigma_max: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-5.
    pub min_time: f64,
}

impl Default for BlurredVeConfig {
    fn default() -> Self {
        Self { sigma_min: 0.01, sigma_max: 50.0, horizon: 1.0, min_time: 1e-5 }
    }
}

/// The variance-exploding process from blurred data.
#[derive(Clone, Debug, PartialEq)]
pub struct BlurredVe {
    sigma_min: f64,
    /// 2 ln(η_max/η_min)/T.
    rate: f64,
    horizon: f64,
    min_time: f64,
}

impl BlurredVe {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`BlurredVeConfig`] states.
    pub fn from_config(config: &BlurredVeConfig) -> Result<Self, ProcessError> {
        let check = Check("blurred_ve");
        check.times(config.min_time, config.horizon)?;
        check.sigmas(config.sigma_min, config.sigma_max)?;
        let rate = 2.0 * (config.sigma_max / config.sigma_min).ln() / config.horizon;
        Ok(Self { sigma_min: config.sigma_min, rate, horizon: config.horizon, min_time: config.min_time })
    }

    /// η̃(t).
    fn blurred_std(&self, t: f64) -> f64 {
        self.sigma_min * (0.5 * self.rate * t).exp()
    }
}

impl Process for BlurredVe {
    fn name(&self) -> &'static str {
        "blurred_ve"
    }

    fn horizon(&self) -> f64 {
        self.horizon
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, _t: f64) -> f64 {
        0.0
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        self.rate * self.blurred_std(t).powi(2)
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        let std = match (s == 0.0, t == 0.0) {
            (true, true) => 0.0,
            (true, false) => self.blurred_std(t),
            _ => self.blurred_std(s) * (self.rate * (t - s)).exp_m1().sqrt(),
        };
        Transition { scale: 1.0, std }
    }

    fn log_snr(&self, t: f64) -> f64 {
        if t == 0.0 { f64::INFINITY } else { -2.0 * self.sigma_min.ln() - self.rate * t }
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        ((-lambda - 2.0 * self.sigma_min.ln()) / self.rate).clamp(0.0, self.horizon)
    }

    fn is_variance_exploding(&self) -> bool {
        true
    }
}

impl ProcessKind for BlurredVeConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(BlurredVe::from_config(self)?))
    }
}

register_process!(BlurredVeConfig as "blurred_ve");
