//! What adaptive steps may err by.

use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// What the error control allows in a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToleranceConfig {
    /// In data units. Default 1e-3.
    pub absolute: f64,
    /// Relative to the state. Default 1e-3.
    pub relative: f64,
}

impl Default for ToleranceConfig {
    fn default() -> Self {
        Self { absolute: 1e-3, relative: 1e-3 }
    }
}

impl ToleranceConfig {
    /// Checks the numbers of a sampler's tolerance.
    ///
    /// # Errors
    /// The number that does not work, under `sampler.tolerance`.
    pub fn validate(&self) -> Result<(), SamplingError> {
        let fail = |message: &str| Err(SamplingError::sampler("tolerance", message));
        match self.is_positive() {
            false => fail("needs absolute > 0 and relative > 0"),
            true if self.relative < 1e-6 => {
                fail("a relative tolerance below 1e-6 cannot be measured in single precision")
            }
            true => Ok(()),
        }
    }

    /// Whether both numbers are finite and above 0.
    pub(crate) fn is_positive(&self) -> bool {
        [self.absolute, self.relative].iter().all(|value| value.is_finite() && *value > 0.0)
    }
}
