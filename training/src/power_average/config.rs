//! The `averages` section of a run's configuration.

use serde::{Deserialize, Serialize};

use super::PowerProfile;
use crate::error::TrainingError;

/// Which power-function averages are tracked, and how often snapshots of them are kept.
///
/// ```
/// use fokker_training::PowerAverageConfig;
///
/// let config = PowerAverageConfig { every: 200, ..PowerAverageConfig::default() };
/// assert!(config.validate().is_ok());
/// assert!(PowerAverageConfig { stds: vec![0.4], ..config }.validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerAverageConfig {
    /// Relative deviations σ_rel, in (0, 0.2887); two are enough for all that lie around them.
    #[serde(default = "stds")]
    pub stds: Vec<f64>,
    /// Steps between two snapshots. Each takes as much room as the weights, for each of the averages.
    #[serde(default = "every")]
    pub every: u64,
}

fn stds() -> Vec<f64> {
    vec![0.05, 0.1]
}

fn every() -> u64 {
    500
}

impl Default for PowerAverageConfig {
    /// The two lengths of the paper, 0.05 and 0.1, every 500 steps.
    fn default() -> Self {
        Self { stds: stds(), every: every() }
    }
}

impl PowerAverageConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let refuse = |key: &str, message: String| Err(TrainingError::config(format!("averages.{key}"), message));
        if self.every == 0 {
            return refuse("every", "must be at least 1".into());
        }
        if self.stds.is_empty() {
            return refuse("stds", "names no average; leave the section out to track none".into());
        }
        for (index, std) in self.stds.iter().enumerate() {
            if PowerProfile::of_std(*std).is_none() {
                let (least, most) = (PowerProfile::LEAST, PowerProfile::MOST);
                return refuse("stds", format!("{std} is not in [{least}, {most:.4}]"));
            }
            if self.stds[..index].contains(std) {
                return refuse("stds", format!("{std} is named twice"));
            }
        }
        Ok(())
    }

    /// The profiles of the averages.
    pub fn profiles(&self) -> Vec<PowerProfile> {
        self.stds.iter().filter_map(|std| PowerProfile::of_std(*std)).collect()
    }
}
