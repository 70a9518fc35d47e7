//! The variance-preserving process with linear β(t).
//!
//! dx = −½β(t) x dt + √β(t) dw (Song et al. 2021, eq. 11; [Lai 2023, Appendix A]; the continuous limit of DDPM), with
//! β(t) = β_min + (β_max − β_min) t/T, so α = e^{−B/2}, σ² = 1 − e^{−B}, B(t) = ∫₀ᵗ β.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::linear_beta::LinearBeta;
use crate::{Process, ProcessConfig, ProcessError, ProcessKind, Transition, register_process, variance_preserving};

/// Parameters of [`Vp`]; `kind = "vp"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VpConfig {
    /// β(0) ≥ 0, per unit of time. Default 0.1.
    pub beta_min: f64,
    /// β(T) ≥ β_min and above 0, per unit of time. Default 20.
    pub beta_max: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-3; 1e-5 is customary for likelihoods (Song et al. 2021, Appendix C).
    pub min_time: f64,
}

impl Default for VpConfig {
    fn default() -> Self {
        Self { beta_min: 0.1, beta_max: 20.0, horizon: 1.0, min_time: 1e-3 }
    }
}

/// The variance-preserving process with linear β(t).
///
/// ```
/// use fokker_process::{Process, Vp};
///
/// let process = Vp::new(0.1, 20.0)?;
/// // g² = β(t), and α² + σ² = 1.
/// assert!((process.diffusion_squared(0.5) - 10.05).abs() < 1e-12);
/// assert!((process.mean_scale(0.5).powi(2) + process.std(0.5).powi(2) - 1.0).abs() < 1e-15);
/// assert!(Vp::new(0.1, -1.0).unwrap_err().to_string().contains("beta_max"));
/// # Ok::<(), fokker_process::ProcessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Vp {
    beta: LinearBeta,
    horizon: f64,
    min_time: f64,
}

impl Vp {
    /// The process with β rises linearly from `beta_min` to `beta_max`, per unit of time; all else as in [`VpConfig::default`].
    ///
    /// # Errors
    /// As [`Vp::from_config`].
    pub fn new(beta_min: f64, beta_max: f64) -> Result<Self, ProcessError> {
        Self::from_config(&VpConfig { beta_min, beta_max, ..VpConfig::default() })
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`VpConfig`] states.
    pub fn from_config(config: &VpConfig) -> Result<Self, ProcessError> {
        let check = Check("vp");
        check.times(config.min_time, config.horizon)?;
        let beta = LinearBeta::new(check, config.beta_min, config.beta_max, config.horizon)?;
        Ok(Self { beta, horizon: config.horizon, min_time: config.min_time })
    }
}

impl Default for Vp {
    /// With the parameters of [`VpConfig::default`].
    fn default() -> Self {
        Self::from_config(&VpConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for Vp {
    fn name(&self) -> &'static str {
        "vp"
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
        self.beta.rate(t)
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        variance_preserving::transition(self.beta.integral(s, t))
    }

    fn log_snr(&self, t: f64) -> f64 {
        variance_preserving::log_snr(self.beta.integral(0.0, t))
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        self.beta.time_of_integral(variance_preserving::integral_of_log_snr(lambda))
    }

    /// From f = −½β and α² + σ² = 1.
    fn second_derivatives(&self, t: f64) -> Option<[f64; 2]> {
        let (alpha, sigma, f) = (self.mean_scale(t), self.std(t), self.drift(t));
        let second = (f * f - 0.5 * self.beta.slope()) * alpha;
        let squares = (f * alpha).powi(2) + self.std_derivative(t).powi(2);
        Some([second, -(squares + alpha * second) / sigma])
    }

    fn prior_std(&self) -> f64 {
        1.0
    }

    fn is_variance_preserving(&self) -> bool {
        true
    }
}

impl ProcessKind for VpConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Vp::from_config(self)?))
    }
}

register_process!(VpConfig as "vp");

impl Default for ProcessConfig {
    /// VP with the parameters of Song et al. 2021.
    fn default() -> Self {
        VpConfig::default().into()
    }
}
