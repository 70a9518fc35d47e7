//! When a training has learnt what it can.

use serde::{Deserialize, Serialize};

use crate::error::TrainingError;

/// `training.early_stopping`: ends a training whose loss on held-out data has stopped falling. Whether it has follows from the losses
/// alone, so an interruption changes nothing.
///
/// ```
/// use fokker_training::EarlyStopping;
///
/// let rule = EarlyStopping { patience: 2, min_delta: 0.0 };
/// assert_eq!(rule.best_before_end([(10, 0.5), (20, 0.4), (30, 0.45)]), None);
/// assert_eq!(rule.best_before_end([(10, 0.5), (20, 0.4), (30, 0.45), (40, 0.4)]), Some((20, 0.4)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Validations in a row without a new lowest loss, after which training ends.
    pub patience: u64,
    /// How much lower than the lowest loss so far a new one has to be.
    #[serde(default)]
    pub min_delta: f64,
}

impl EarlyStopping {
    /// The step and the loss of the best validation, if the last of these losses ends the training.
    pub fn best_before_end(&self, losses: impl IntoIterator<Item = (u64, f64)>) -> Option<(u64, f64)> {
        let (mut best, mut since): (Option<(u64, f64)>, u64) = (None, 0);
        for (step, loss) in losses {
            if best.is_none_or(|(_, lowest)| loss < lowest - self.min_delta) {
                (best, since) = (Some((step, loss)), 0);
            } else {
                since += 1;
            }
        }
        best.filter(|_| since >= self.patience)
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let refuse =
            |key: &str, message: String| Err(TrainingError::config(format!("training.early_stopping.{key}"), message));
        if self.patience == 0 {
            return refuse("patience", "must be at least 1".into());
        }
        let delta = self.min_delta;
        if !(delta.is_finite() && delta >= 0.0) {
            return refuse("min_delta", format!("{delta} is not a number of at least 0"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_has_to_be_lower_by_more_than_the_least_difference() {
        let ends = |patience, min_delta, losses: &[f64]| {
            let losses = losses.iter().enumerate().map(|(step, loss)| (step as u64, *loss));
            EarlyStopping { patience, min_delta }.best_before_end(losses)
        };
        assert_eq!(ends(1, 0.0, &[]), None);
        assert_eq!(ends(1, 0.0, &[1.0]), None);
        assert_eq!(ends(1, 0.0, &[1.0, 1.0]), Some((0, 1.0)));
        assert_eq!(ends(2, 0.0, &[3.0, 4.0, 2.0, 2.5]), None);
        assert_eq!(ends(2, 0.0, &[3.0, 4.0, 2.0, 2.5, 2.0]), Some((2, 2.0)));
        // From 1 to 0.95 in steps that are too small to count.
        assert_eq!(ends(2, 0.1, &[1.0, 0.97, 0.95]), Some((0, 1.0)));
        assert_eq!(ends(2, 0.1, &[1.0, 0.97, 0.85]), None);
    }
}
