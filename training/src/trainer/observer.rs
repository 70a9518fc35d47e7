//! What a run reports to its observer.

use serde::Serialize;

use crate::score_fpe::Residuals;

/// A line of `metrics.jsonl`. Fields that a line does not report are left out, and every number is finite.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u64,
    /// Passes over the data.
    pub epoch: f64,
    /// Mean loss since the last line, over the steps whose loss and gradient were finite; none if there was no such step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Steps since the last line whose loss or gradient was not finite.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_finite: u64,
    /// Norm of the last finite gradient since the last line, before clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Training examples a second since the last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples_per_second: Option<f64>,
    /// Seconds of training so far, all sessions together.
    pub seconds: f64,
    /// Steps skipped so far.
    pub skipped: u64,
    /// Loss of the averaged weights on held-out data, over the batches whose loss is finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Held-out examples in batches whose loss is not finite.
    #[serde(skip_serializing_if = "is_zero")]
    pub validation_not_finite: u64,
    /// The averaged weights and the score Fokker–Planck equation, at several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residuals: Vec<Residuals>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Somebody who watches a run, draws previews and may ask it to stop.
pub trait Observer<N> {
    /// Called after every step with its loss. On an asynchronous device this is the newest loss that was read, and NaN before the
    /// first.
    fn step(&mut self, _step: u64, _loss: f64) {}
    /// Called with every line of metrics.
    fn metrics(&mut self, _metrics: &Metrics) {}
    /// Called after a step with the averaged weights.
    fn preview(&mut self, _step: u64, _ema: &N) {}
    /// Called with something that training goes on without, such as a file that cannot be written yet.
    fn warn(&mut self, warning: &str) {
        tracing::warn!("{warning}");
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
