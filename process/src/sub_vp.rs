//! The sub-VP process: the mean of VP with less noise.
//!
//! dx = −½β x dt + √(β(1 − e^{−2B})) dw (Song et al. 2021, eq. 12 and 29), so α = e^{−B/2} and σ = 1 − e^{−B}: the
//! standard deviation is what the variance of VP is. Between two times, with b = B(s) and I = B(t) − B(s),
//!
//! ```text
//! v = (1 − e^{−B})² − e^{−I}(1 − e^{−b})² = (1 − e^{−I/2})(1 + e^{−b−I/2}) · [(1 − e^{−B}) + e^{−I/2}(1 − e^{−b})],
//! ```
//!
//! and e^{λ/2} = 1/(2 sinh(B/2)), which is inverted in closed form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::linear_beta::LinearBeta;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`SubVp`]; `kind = "sub_vp"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubVpConfig {
    /// β(0) ≥ 0, per unit of time. Default 0.1.
    pub beta_min: f64,
    /// β(T) ≥ β_min and above 0, per unit of time. Default 20.
    pub beta_max: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-3.
    pub min_time: f64,
}

impl Default for SubVpConfig {
    fn default() -> Self {
        Self { beta_min: 0.1, beta_max: 20.0, horizon: 1.0, min_time: 1e-3 }
    }
}

/// The sub-VP process with linear β(t).
#[derive(Clone, Debug, PartialEq)]
pub struct SubVp {
    beta: LinearBeta,
    horizon: f64,
    min_time: f64,
}

impl SubVp {
    /// The process with β rises linearly from `beta_min` to `beta_max`, per unit of time; all else as in [`SubVpConfig::default`].
    ///
    /// # Errors
    /// As [`SubVp::from_config`].
    pub fn new(beta_min: f64, beta_max: f64) -> Result<Self, ProcessError> {
        Self::from_config(&SubVpConfig { beta_min, beta_max, ..SubVpConfig::default() })
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`SubVpConfig`] states.
    pub fn from_config(config: &SubVpConfig) -> Result<Self, ProcessError> {
        let check = Check("sub_vp");
        check.times(config.min_time, config.horizon)?;
        let beta = LinearBeta::new(check, config.beta_min, config.beta_max, config.horizon)?;
        Ok(Self { beta, horizon: config.horizon, min_time: config.min_time })
    }
}

impl Default for SubVp {
    /// With the parameters of [`SubVpConfig::default`].
    fn default() -> Self {
        Self::from_config(&SubVpConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for SubVp {
    fn name(&self) -> &'static str {
        "sub_vp"
    }

    fn horizon(&self) -> f64 {
        self.horizon
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        -0.5 * self.beta.rate(t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        -self.beta.rate(t) * (-2.0 * self.beta.integral(0.0, t)).exp_m1()
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        let (before, across) = (self.beta.integral(0.0, s), self.beta.integral(s, t));
        let scale = (-0.5 * across).exp();
        let difference = -(-0.5 * across).exp_m1() * (1.0 + (-before).exp() * scale);
        let sum = -(-before - across).exp_m1() - scale * (-before).exp_m1();
        Transition { scale, std: (difference * sum).sqrt() }
    }

    fn log_snr(&self, t: f64) -> f64 {
        let integral = self.beta.integral(0.0, t);
        -integral - 2.0 * (-(-integral).exp_m1()).ln()
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        self.beta.time_of_integral(2.0 * (0.5 * (-0.5 * lambda).exp()).asinh())
    }

    fn prior_std(&self) -> f64 {
        1.0
    }
}

impl ProcessKind for SubVpConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(SubVp::from_config(self)?))
    }
}

register_process!(SubVpConfig as "sub_vp");
