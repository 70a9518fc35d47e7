//! The steps of Langevin dynamics.

use serde::{Deserialize, Serialize};

use super::is_positive;
use crate::error::SamplingError;
use crate::grid::MOST_STEPS;

/// The steps of Langevin dynamics.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LangevinConfig {
    /// `δ` in units of the variance σ² of the noise. Default 0.1.
    pub step_size: f64,
    /// Steps at each level, for `annealed_langevin` alone. Default 5.
    pub steps_per_level: usize,
}

impl Default for LangevinConfig {
    fn default() -> Self {
        Self { step_size: 0.1, steps_per_level: 5 }
    }
}

impl LangevinConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// A number that does not work, under `sampler.langevin`.
    pub fn validate(&self) -> Result<(), SamplingError> {
        match is_positive(self.step_size) && (1..=MOST_STEPS).contains(&self.steps_per_level) {
            true => Ok(()),
            false => {
                let message = format!("needs step_size > 0 and steps_per_level in 1..={MOST_STEPS}");
                Err(SamplingError::sampler("langevin", message))
            }
        }
    }

    /// Checks the numbers of a walk at one level.
    ///
    /// # Errors
    /// Steps at each level.
    pub fn validate_one_level(&self) -> Result<(), SamplingError> {
        match self.steps_per_level == Self::default().steps_per_level {
            true => Ok(()),
            false => {
                let message = "steps_per_level belongs to annealed_langevin; the others have one level";
                Err(SamplingError::sampler("langevin", message))
            }
        }
    }
}
