//! The Ornstein–Uhlenbeck process, in the convention of [Aamari 2025].
//!
//! dX = −λ X dt + √2 σ dB [Aamari 2025, Definition 2.1], so f = −λ, g² = 2σ², α = e^{−λt} and
//! std² = (σ²/λ)(1 − e^{−2λt}), which tends to the stationary N(0, σ²/λ): that is the prior. With σ² = λ it preserves
//! the variance.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process, variance_preserving};

/// Parameters of [`OrnsteinUhlenbeck`]; `kind = "ornstein_uhlenbeck"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrnsteinUhlenbeckConfig {
    /// The rate λ > 0, per unit of time. Default 1.
    pub lambda: f64,
    /// σ > 0, data units per square root of time. Default 1.
    pub sigma: f64,
    /// T > 0. Default 5: the mean has decayed to e^{−5}.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-3.
    pub min_time: f64,
}

impl Default for OrnsteinUhlenbeckConfig {
    fn default() -> Self {
        Self { lambda: 1.0, sigma: 1.0, horizon: 5.0, min_time: 1e-3 }
    }
}

/// The Ornstein–Uhlenbeck process.
///
/// ```
/// use fokker_process::{OrnsteinUhlenbeck, Process};
///
/// let process = OrnsteinUhlenbeck::new(2.0, 1.0)?;
/// // It tends to N(0, σ²/λ).
/// assert!((process.std(process.horizon()).powi(2) - 0.5).abs() < 1e-8);
/// # Ok::<(), fokker_process::ProcessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OrnsteinUhlenbeck {
    lambda: f64,
    sigma: f64,
    horizon: f64,
    min_time: f64,
}

impl OrnsteinUhlenbeck {
    /// The process with rate `lambda`, per unit of time, and noise `sigma`, in data units per square root of time; all else as in
    /// [`OrnsteinUhlenbeckConfig::default`].
    ///
    /// # Errors
    /// As [`OrnsteinUhlenbeck::from_config`].
    pub fn new(lambda: f64, sigma: f64) -> Result<Self, ProcessError> {
        Self::from_config(&OrnsteinUhlenbeckConfig { lambda, sigma, ..OrnsteinUhlenbeckConfig::default() })
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`OrnsteinUhlenbeckConfig`] states.
    pub fn from_config(config: &OrnsteinUhlenbeckConfig) -> Result<Self, ProcessError> {
        let check = Check("ornstein_uhlenbeck");
        check.times(config.min_time, config.horizon)?;
        check.positive("lambda", config.lambda)?;
        check.positive("sigma", config.sigma)?;
        let &OrnsteinUhlenbeckConfig { lambda, sigma, horizon, min_time } = config;
        Ok(Self { lambda, sigma, horizon, min_time })
    }

    fn stationary_std(&self) -> f64 {
        self.sigma / self.lambda.sqrt()
    }
}

impl Default for OrnsteinUhlenbeck {
    /// With the parameters of [`OrnsteinUhlenbeckConfig::default`].
    fn default() -> Self {
        Self::from_config(&OrnsteinUhlenbeckConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for OrnsteinUhlenbeck {
    fn name(&self) -> &'static str {
        "ornstein_uhlenbeck"
    }

    fn horizon(&self) -> f64 {
        self.horizon
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, _t: f64) -> f64 {
        -self.lambda
    }

    fn diffusion_squared(&self, _t: f64) -> f64 {
        2.0 * self.sigma * self.sigma
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        let standard = variance_preserving::transition(2.0 * self.lambda * (t - s));
        Transition { scale: standard.scale, std: self.stationary_std() * standard.std }
    }

    fn log_snr(&self, t: f64) -> f64 {
        variance_preserving::log_snr(2.0 * self.lambda * t) - 2.0 * self.stationary_std().ln()
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        let integral = variance_preserving::integral_of_log_snr(lambda + 2.0 * self.stationary_std().ln());
        (integral / (2.0 * self.lambda)).clamp(0.0, self.horizon)
    }

    fn prior_std(&self) -> f64 {
        self.stationary_std()
    }

    fn is_variance_preserving(&self) -> bool {
        self.sigma * self.sigma == self.lambda
    }
}

impl ProcessKind for OrnsteinUhlenbeckConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(OrnsteinUhlenbeck::from_config(self)?))
    }
}

register_process!(OrnsteinUhlenbeckConfig as "ornstein_uhlenbeck");
