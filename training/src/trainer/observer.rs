//! What a run tells whoever watches it.

use serde::Serialize;

use crate::error::TrainingError;
use crate::score_fpe::Residuals;

/// A line of `metrics.jsonl`. Fields that a line does not report are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u64,
    /// Passes over the data.
    pub epoch: f64,
    /// Mean loss since the last line.
    pub loss: f64,
    /// Norm of the last gradient, before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Training examples a second since the last line.
    pub examples_per_second: f64,
    /// Seconds of training so far, all sessions together.
    pub seconds: f64,
    /// Steps skipped so far.
    pub skipped: u64,
    /// Loss of the averaged weights on held-out data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// The averaged weights and the score Fokker–Planck equation, at several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residuals: Vec<Residuals>,
}

/// Somebody who watches a run, draws previews and may ask it to stop.
pub trait Observer<N> {
    /// Called after every step with the loss of the step, or, on a device that computes beside the host, of the newest
    /// whose loss was read: NaN before the first.
    fn step(&mut self, _step: u64, _loss: f64) {}
    /// Called with every line of metrics.
    fn metrics(&mut self, _metrics: &Metrics) {}
    /// Called after a step with the averaged weights; an error stops the run.
    ///
    /// # Errors
    /// Whatever keeps a preview from being drawn.
    fn preview(&mut self, _step: u64, _ema: &N) -> Result<(), TrainingError> {
        Ok(())
    }
    /// Whether to save and leave.
    fn stop_requested(&self) -> bool {
        false
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// It was asked to stop, and saved.
    Interrupted,
}
