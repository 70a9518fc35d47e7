//! Langevin corrections.

use serde::{Deserialize, Serialize};

use super::is_positive;
use crate::error::SamplingError;
use crate::grid::MOST_STEPS;

/// Langevin corrections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectorConfig {
    /// Corrections at each noise level. Default 1.
    pub steps: usize,
    /// The signal-to-noise ratio `r`. Default 0.16 (Song et al. 2021, for VE).
    pub snr: f64,
    /// How the step size follows from it. Default `sample`.
    pub rule: CorrectorRule,
}

impl Default for CorrectorConfig {
    fn default() -> Self {
        Self { steps: 1, snr: 0.16, rule: CorrectorRule::Sample }
    }
}

impl CorrectorConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// A number that does not work, under `sampler.corrector`.
    pub fn validate(&self) -> Result<(), SamplingError> {
        match (1..=MOST_STEPS).contains(&self.steps) && is_positive(self.snr) {
            true => Ok(()),
            false => {
                let message = format!("needs steps in 1..={MOST_STEPS} and snr > 0");
                Err(SamplingError::sampler("corrector", message))
            }
        }
    }
}

/// The quotient of norms in the corrector's step size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrectorRule {
    /// `‖z‖/‖s(x)‖` of each example (Song et al. 2021).
    Sample,
    /// σ, which it tends to in high dimension where the noise is far above the data's width; less than it at low noise.
    Expected,
}
