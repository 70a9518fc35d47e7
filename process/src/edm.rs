//! The process whose noise level is its time: σ(t) = t.
//!
//! dx = √(2t) dw (Karras et al. 2022, Table 1, column "Ours"; also DDIM's time), so α = 1 and σ(t) = t. Time has the
//! unit of the data; it runs from `sigma_min` to `sigma_max`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process};

/// Parameters of [`Edm`]; `kind = "edm"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdmConfig {
    /// The smallest noise level, and the min_time; above 0, in data units. Default 0.002.
    pub sigma_min: f64,
    /// The largest noise level, and the horizon; above sigma_min, in data units. Default 80.
    pub sigma_max: f64,
}

impl Default for EdmConfig {
    fn default() -> Self {
        Self { sigma_min: 0.002, sigma_max: 80.0 }
    }
}

/// The variance-exploding process with σ(t) = t.
///
/// ```
/// use fokker_process::{Edm, Process};
///
/// let process = Edm::new(0.002, 80.0)?;
/// assert_eq!((process.mean_scale(3.0), process.std(3.0)), (1.0, 3.0));
/// # Ok::<(), fokker_process::ProcessError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Edm {
    sigma_min: f64,
    sigma_max: f64,
}

impl Edm {
    /// The process with σ between `sigma_min` and `sigma_max`, in data units.
    ///
    /// # Errors
    /// As [`Edm::from_config`].
    pub fn new(sigma_min: f64, sigma_max: f64) -> Result<Self, ProcessError> {
        Self::from_config(&EdmConfig { sigma_min, sigma_max })
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`EdmConfig`] states.
    pub fn from_config(config: &EdmConfig) -> Result<Self, ProcessError> {
        Check("edm").sigmas(config.sigma_min, config.sigma_max)?;
        Ok(Self { sigma_min: config.sigma_min, sigma_max: config.sigma_max })
    }
}

impl Default for Edm {
    /// With the parameters of [`EdmConfig::default`].
    fn default() -> Self {
        Self::from_config(&EdmConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for Edm {
    fn name(&self) -> &'static str {
        "edm"
    }

    fn horizon(&self) -> f64 {
        self.sigma_max
    }

    fn min_time(&self) -> f64 {
        self.sigma_min
    }

    fn drift(&self, _t: f64) -> f64 {
        0.0
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        2.0 * t
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        Transition { scale: 1.0, std: ((t - s) * (t + s)).sqrt() }
    }

    fn std(&self, t: f64) -> f64 {
        t
    }

    fn log_snr(&self, t: f64) -> f64 {
        -2.0 * t.ln()
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        (-0.5 * lambda).exp().clamp(0.0, self.sigma_max)
    }

    fn second_derivatives(&self, _t: f64) -> Option<[f64; 2]> {
        Some([0.0, 0.0])
    }

    fn is_variance_exploding(&self) -> bool {
        true
    }
}

impl ProcessKind for EdmConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Edm::from_config(self)?))
    }
}

register_process!(EdmConfig as "edm");
