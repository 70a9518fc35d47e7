//! The variance-exploding process with geometric noise.
//!
//! dx = √(d[σ²]/dt) dw (Song et al. 2021, eq. 9 and 31; [Lecture 6, eq. 1.22–1.25]; [Lai 2023, Appendix A]) with
//! L = ln(σ_max/σ_min),
//!
//! ```text
//! g²(t) = σ_min² (2L/T) e^{2Lt/T},      α = 1,      σ²(t) = σ_min² (e^{2Lt/T} − 1).
//! ```
//!
//! This is the exact transition kernel: σ(0) = 0, so x_0 is the data. The convention σ(t) = σ_min (σ_max/σ_min)^{t/T}
//! of score_sde differs by the constant σ_min² and has the same g; there x_0 is data already blurred by σ_min
//! [Lecture 6, eq. 1.26–1.28]. To stop where the noise on the data is σ_min, set min_time = T ln 2 / (2L).
//!
//! That example is [`BlurredVe`](crate::BlurredVe): the same g², with σ(t)² larger by σ_min² and σ(T) = σ_max, where here
//! σ(T)² = σ_max² − σ_min². The chain `ncsn_chain` has its σ at the knots.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`Ve`]; `kind = "ve"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VeConfig {
    /// σ_min > 0, in data units. Default 0.01.
    pub sigma_min: f64,
    /// σ_max > σ_min, in data units; σ(T)² = σ_max² − σ_min². Default 50.
    pub sigma_max: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-5.
    pub min_time: f64,
}

impl Default for VeConfig {
    fn default() -> Self {
        Self { sigma_min: 0.01, sigma_max: 50.0, horizon: 1.0, min_time: 1e-5 }
    }
}

/// The variance-exploding process with geometric noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Ve {
    sigma_min: f64,
    /// 2L/T.
    rate: f64,
    horizon: f64,
    min_time: f64,
}

impl Ve {
    /// The process with σ between `sigma_min` and `sigma_max`, in data units; all else as in [`VeConfig::default`].
    ///
    /// # Errors
    /// As [`Ve::from_config`].
    pub fn new(sigma_min: f64, sigma_max: f64) -> Result<Self, ProcessError> {
        Self::from_config(&VeConfig { sigma_min, sigma_max, ..VeConfig::default() })
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`VeConfig`] states.
    pub fn from_config(config: &VeConfig) -> Result<Self, ProcessError> {
        let check = Check("ve");
        check.times(config.min_time, config.horizon)?;
        check.sigmas(config.sigma_min, config.sigma_max)?;
        let rate = 2.0 * (config.sigma_max / config.sigma_min).ln() / config.horizon;
        Ok(Self { sigma_min: config.sigma_min, rate, horizon: config.horizon, min_time: config.min_time })
    }
}

impl Default for Ve {
    /// With the parameters of [`VeConfig::default`].
    fn default() -> Self {
        Self::from_config(&VeConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for Ve {
    fn name(&self) -> &'static str {
        "ve"
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
        self.sigma_min * self.sigma_min * self.rate * (self.rate * t).exp()
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        let std = self.sigma_min * (0.5 * self.rate * s).exp() * (self.rate * (t - s)).exp_m1().sqrt();
        Transition { scale: 1.0, std }
    }

    fn log_snr(&self, t: f64) -> f64 {
        -2.0 * self.sigma_min.ln() - (self.rate * t).exp_m1().ln()
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        let growth = (-lambda - 2.0 * self.sigma_min.ln()).exp();
        (growth.ln_1p() / self.rate).clamp(0.0, self.horizon)
    }

    fn is_variance_exploding(&self) -> bool {
        true
    }
}

impl ProcessKind for VeConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Ve::from_config(self)?))
    }
}

register_process!(VeConfig as "ve");
