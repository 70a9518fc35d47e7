//! Noise that is added on the way.

use serde::{Deserialize, Serialize};

use super::is_positive;
use crate::error::SamplingError;

/// How much noise `edm_heun` adds; noise levels are those of σ/α (Karras et al. 2022, algorithm 2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChurnConfig {
    /// `S_churn ≥ 0`, shared among all steps, the last one to the data included. Default 0: none.
    pub amount: f64,
    /// `S_tmin`, the smallest noise level with churn. Default 0.
    pub min: f64,
    /// `S_tmax`, the largest. Default infinite.
    pub max: f64,
    /// `S_noise > 0`, the deviation of what is added. Default 1.
    pub noise: f64,
}

impl Default for ChurnConfig {
    fn default() -> Self {
        Self { amount: 0.0, min: 0.0, max: f64::INFINITY, noise: 1.0 }
    }
}

impl ChurnConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// A number that does not work, under `sampler.churn`.
    pub fn validate(&self) -> Result<(), SamplingError> {
        let bounds = self.amount.is_finite() && self.amount >= 0.0 && self.min >= 0.0 && self.max >= self.min;
        match bounds && is_positive(self.noise) {
            true => Ok(()),
            false => Err(SamplingError::sampler("churn", "needs amount ≥ 0, 0 ≤ min ≤ max and noise > 0")),
        }
    }
}
