//! The `training` and `checkpoints` sections of a run's configuration.

use fokker_model::Precision;
use serde::{Deserialize, Serialize};

use crate::early_stopping::EarlyStopping;
use crate::error::{MOST_EXAMPLES, TrainingError, require_size};
use crate::gradient_format::GradientFormat;
use crate::learning_rate::Decay;

/// How long and with what numbers to train.
///
/// ```
/// use fokker_training::TrainingConfig;
///
/// let training = TrainingConfig { steps: 2000, batch_size: 256, ..TrainingConfig::default() };
/// assert!(training.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Number of optimiser steps.
    pub steps: u64,
    /// Examples in a micro-batch.
    pub batch_size: usize,
    /// Micro-batches whose gradients are averaged in one step: its parts, which the ranks of a shared training divide among them.
    #[serde(default = "one")]
    pub accumulation: u64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Steps of linear warm-up.
    #[serde(default)]
    pub warmup: u64,
    /// What follows the warm-up.
    #[serde(default)]
    pub decay: Decay,
    /// Largest norm of the gradient over all parameters; larger gradients are scaled down. Absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// Decay of the running average of the weights.
    #[serde(default = "slow")]
    pub ema_decay: f64,
    /// Probability that an example's class is replaced by the null class (Ho & Salimans 2022).
    #[serde(default)]
    pub class_dropout: f64,
    /// Probability that the vector and the array of an example's condition are replaced by the null condition. What is decided is the
    /// same for both, and for the class as far as the two probabilities agree.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub condition_dropout: f64,
    /// The precision in which the network computes its values while training; weights, moments, averages and the loss are
    /// in single precision whatever it is. A run keeps what `"auto"` was when it began.
    #[serde(default)]
    pub precision: Precision,
    /// What is computed again in the backward pass rather than kept: less memory, more time.
    #[serde(default)]
    pub recompute: Recompute,
    /// How gradients are passed between ranks.
    #[serde(default, skip_serializing_if = "GradientFormat::is_default")]
    pub gradients: GradientFormat,
    /// How many steps with a loss or gradient that is not finite may be skipped before the run stops.
    #[serde(default)]
    pub skip_non_finite: u64,
    /// Steps between two lines of metrics.
    #[serde(default = "twenty")]
    pub log_every: u64,
    /// Steps between two evaluations on held-out data; 0 for none.
    #[serde(default)]
    pub validate_every: u64,
    /// Held-out examples that are evaluated.
    #[serde(default = "examples")]
    pub validation_examples: usize,
    /// When training ends before its last step. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
}

/// What of the forward pass is not kept for the backward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recompute {
    /// Everything is kept.
    #[default]
    Nothing,
    /// What is cheap to compute: normalisations, activations, sums. Convolutions and products of matrices are kept.
    Activations,
    /// The insides of a U-Net's residual blocks and attention layers: the least memory, for one more forward pass.
    Blocks,
}

impl Recompute {
    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Activations => "activations",
            Self::Blocks => "blocks",
        }
    }
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> u64 {
    1
}

fn twenty() -> u64 {
    20
}

fn examples() -> usize {
    512
}

/// When checkpoints are written and how many stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Steps between two checkpoints; one is always written at the end and on Ctrl-C.
    #[serde(default = "thousand")]
    pub every: u64,
    /// How many of the newest stay.
    #[serde(default = "three")]
    pub keep: usize,
    /// Checkpoints of steps that this divides stay as well; 0 for none. A multiple of `every`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep_every: u64,
    /// By what the best checkpoint is chosen, which stays as well: `validation_loss`, or a quantity of the evaluations of a
    /// run such as `frechet`. A checkpoint is then written after each measurement. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<String>,
}

fn three() -> usize {
    3
}

fn thousand() -> u64 {
    1000
}

fn slow() -> f64 {
    0.999
}

impl Default for TrainingConfig {
    /// 10 000 steps of 128 examples at a learning rate of 10⁻³, averaged with a decay of 0.999. Every other field is as if a
    /// configuration left it out: no warm-up, no decay of the rate, no limit of the gradient, single precision, a line of
    /// metrics every 20 steps, and no validation.
    fn default() -> Self {
        Self {
            steps: 10_000,
            batch_size: 128,
            accumulation: one(),
            learning_rate: 1e-3,
            warmup: 0,
            decay: Decay::default(),
            gradient_clip: None,
            ema_decay: slow(),
            class_dropout: 0.0,
            condition_dropout: 0.0,
            precision: Precision::default(),
            recompute: Recompute::default(),
            gradients: GradientFormat::default(),
            skip_non_finite: 0,
            log_every: twenty(),
            validate_every: 0,
            validation_examples: examples(),
            early_stopping: None,
        }
    }
}

impl Default for CheckpointConfig {
    /// Every 1000 steps, and the newest three stay.
    fn default() -> Self {
        Self { every: thousand(), keep: three(), keep_every: 0, best: None }
    }
}

impl TrainingConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let require = |ok: bool, key: &str, message: &str| {
            if ok { Ok(()) } else { Err(TrainingError::config(format!("training.{key}"), message)) }
        };
        require(self.steps > 0, "steps", "must be at least 1")?;
        require_size("training.batch_size", self.batch_size as u64, MOST_EXAMPLES)?;
        require_size("training.accumulation", self.accumulation, MOST_EXAMPLES)?;
        let rate = self.learning_rate;
        require(rate.is_finite() && rate > 0.0, "learning_rate", &format!("{rate} is not positive"))?;
        let clip = self.gradient_clip.unwrap_or(1.0);
        require(clip.is_finite() && clip > 0.0, "gradient_clip", &format!("{clip} is not positive"))?;
        require((0.0..1.0).contains(&self.ema_decay), "ema_decay", &format!("{} is not in [0, 1)", self.ema_decay))?;
        require((0.0..=1.0).contains(&self.class_dropout), "class_dropout", "must be in [0, 1]")?;
        let counts = self.decay != Decay::InverseSqrt || self.warmup > 0;
        require(counts, "decay", "\"inverse_sqrt\" counts from the warm-up: set training.warmup")?;
        require((0.0..=1.0).contains(&self.condition_dropout), "condition_dropout", "must be in [0, 1]")?;
        require(self.log_every > 0, "log_every", "must be at least 1")?;
        self.early_stopping.map_or(Ok(()), |rule| rule.validate())?;
        let is_measured = self.early_stopping.is_none() || self.validate_every > 0;
        require(is_measured, "early_stopping", "goes by the validation loss: set training.validate_every")?;
        require_size("training.validation_examples", self.validation_examples as u64, MOST_EXAMPLES)
    }
}

impl TrainingConfig {
    /// Checks that so many ranks can share a step.
    ///
    /// # Errors
    /// A number of parts that the ranks do not divide, with the numbers of ranks that do.
    pub fn validate_for_ranks(&self, ranks: usize) -> Result<(), TrainingError> {
        let parts = self.accumulation;
        if parts.is_multiple_of(ranks as u64) {
            return Ok(());
        }
        let fitting = (1..=parts.min(64)).filter(|ranks| parts.is_multiple_of(*ranks));
        let fitting = fitting.map(|ranks| ranks.to_string()).collect::<Vec<_>>().join(", ");
        let message = format!(
            "the {parts} parts of a step cannot be divided among {ranks} ranks. Start as many as divide them ({fitting}), or set a multiple \
             of {ranks}, with a smaller training.batch_size for as many examples in a step"
        );
        Err(TrainingError::config("training.accumulation", message))
    }
}

impl CheckpointConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        for (key, value) in [("every", self.every), ("keep", self.keep as u64)] {
            if value == 0 {
                return Err(TrainingError::config(format!("checkpoints.{key}"), "must be at least 1"));
            }
        }
        if !self.keep_every.is_multiple_of(self.every) {
            let message = format!("{} is no multiple of checkpoints.every = {}", self.keep_every, self.every);
            return Err(TrainingError::config("checkpoints.keep_every", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a configuration may leave out has one default, in Rust and in files.
    #[test]
    fn defaults_are_those_of_configurations() {
        let required =
            serde_json::json!({ "steps": 10_000, "batch_size": 128, "learning_rate": 1e-3, "ema_decay": 0.999 });
        assert_eq!(serde_json::from_value::<TrainingConfig>(required).unwrap(), TrainingConfig::default());
        let required = serde_json::json!({ "every": 1000 });
        assert_eq!(serde_json::from_value::<CheckpointConfig>(required).unwrap(), CheckpointConfig::default());
        TrainingConfig::default().validate().unwrap();
        CheckpointConfig::default().validate().unwrap();
        let refusal = CheckpointConfig { keep_every: 1500, ..CheckpointConfig::default() }.validate().unwrap_err();
        assert!(refusal.to_string().contains("checkpoints.keep_every"), "{refusal}");
        CheckpointConfig { keep_every: 5000, ..CheckpointConfig::default() }.validate().unwrap();
    }
}
