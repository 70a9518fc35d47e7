//! The reciprocal variance-exploding process.
//!
//! dx = g(t) dw with ([Lai 2023, Appendix A], after Kim et al. 2022, "Soft truncation"), L = ln(σ_max/σ_min),
//!
//! ```text
//! σ(t) = σ_max (σ_min/σ_max)^{ε/t},     g(t) = σ(t) √(2εL) / t,     σ(0) = g(0) = 0.
//! ```
//!
//! The paper prints √(2εL/t) in g; (σ²)′ = σ² · 2εL/t² decides. σ(ε) = σ_min, and σ reaches σ_max only as t → ∞:
//! at the horizon it is σ_max (σ_min/σ_max)^{ε/T}. All derivatives vanish at t = 0, where σ underflows long before
//! the log-SNR λ = 2εL/t − 2 ln σ_max, which is therefore not computed through it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`Rve`]; `kind = "rve"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RveConfig {
    /// σ_min > 0, in data units: σ at t = epsilon. Default 0.01.
    pub sigma_min: f64,
    /// σ_max > σ_min, in data units. Default 50.
    pub sigma_max: f64,
    /// The time ε in (0, T) at which σ = σ_min. Default 1e-5.
    pub epsilon: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// In (0, T). Default 1e-5, the default of epsilon.
    pub min_time: f64,
}

impl Default for RveConfig {
    fn default() -> Self {
        Self { sigma_min: 0.01, sigma_max: 50.0, epsilon: 1e-5, horizon: 1.0, min_time: 1e-5 }
    }
}

/// The reciprocal variance-exploding process.
#[derive(Clone, Debug, PartialEq)]
pub struct Rve {
    sigma_max: f64,
    /// εL.
    decay: f64,
    horizon: f64,
    min_time: f64,
}

impl Rve {
    /// The process with σ between `sigma_min` and `sigma_max`, in data units; all else as in [`RveConfig::default`].
    ///
    /// # Errors
    /// As [`Rve::from_config`].
    pub fn new(sigma_min: f64, sigma_max: f64) -> Result<Self, ProcessError> {
        Self::from_config(&RveConfig { sigma_min, sigma_max, ..RveConfig::default() })
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`RveConfig`] states.
    pub fn from_config(config: &RveConfig) -> Result<Self, ProcessError> {
        let check = Check("rve");
        check.times(config.min_time, config.horizon)?;
        check.sigmas(config.sigma_min, config.sigma_max)?;
        check.positive("epsilon", config.epsilon)?;
        check.below("epsilon", config.epsilon, "horizon", config.horizon)?;
        let decay = config.epsilon * (config.sigma_max / config.sigma_min).ln();
        Ok(Self { sigma_max: config.sigma_max, decay, horizon: config.horizon, min_time: config.min_time })
    }
}

impl Default for Rve {
    /// With the parameters of [`RveConfig::default`].
    fn default() -> Self {
        Self::from_config(&RveConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for Rve {
    fn name(&self) -> &'static str {
        "rve"
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
        let std = self.std(t);
        if std == 0.0 { 0.0 } else { 2.0 * self.decay * (std / t).powi(2) }
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        if s == 0.0 || t == 0.0 {
            return Transition { scale: 1.0, std: self.std(t) };
        }
        let log_ratio = -2.0 * self.decay * ((t - s) / t) / s;
        Transition { scale: 1.0, std: self.std(t) * (-log_ratio.exp_m1()).sqrt() }
    }

    fn std(&self, t: f64) -> f64 {
        self.sigma_max * (-self.decay / t).exp()
    }

    fn log_snr(&self, t: f64) -> f64 {
        2.0 * (self.decay / t - self.sigma_max.ln())
    }

    fn log_snr_derivative(&self, t: f64) -> f64 {
        -2.0 * self.decay / (t * t)
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        let exponent = 0.5 * lambda + self.sigma_max.ln();
        if exponent <= self.decay / self.horizon { self.horizon } else { self.decay / exponent }
    }

    fn is_variance_exploding(&self) -> bool {
        true
    }
}

impl ProcessKind for RveConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Rve::from_config(self)?))
    }
}

register_process!(RveConfig as "rve");
