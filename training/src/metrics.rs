//! `metrics.jsonl`: one JSON object a line.

use std::collections::VecDeque;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use fokker_files::{FileError, Log};
use serde::Serialize;

use crate::error::TrainingError;
use crate::noise_levels::NoiseLevel;
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
    /// Bytes of memory that the process has, where the system says so; a GPU's own are not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Steps skipped so far.
    pub skipped: u64,
    /// Loss of the averaged weights on held-out data, over the batches whose loss is finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Held-out examples in batches whose loss is not finite.
    #[serde(skip_serializing_if = "is_zero")]
    pub validation_not_finite: u64,
    /// Where the loss on held-out data comes from: the error of the averaged weights at several noise levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noise_levels: Vec<NoiseLevel>,
    /// The averaged weights and the score Fokker–Planck equation, at several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residuals: Vec<Residuals>,
}

impl Metrics {
    /// Whether the loss on held-out data was measured for this line.
    pub fn is_validated(&self) -> bool {
        self.validation_loss.is_some() || self.validation_not_finite > 0
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Writes `metrics.jsonl`. Every line is written whole or not at all; lines that cannot be written are kept, and written
/// before the next one.
#[derive(Debug)]
pub struct MetricsWriter {
    log: Log,
    waiting: VecDeque<String>,
}

impl MetricsWriter {
    /// Opens the file for a run that has done `step` steps; lines of later steps, which will be written again, are
    /// dropped.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open(path: &Path, step: u64) -> Result<Self, TrainingError> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            other => other.map_err(|error| FileError::new("cannot read", path, error))?,
        };
        let text = String::from_utf8_lossy(&text);
        let is_kept = |line: &&str| {
            let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
            value.and_then(|value| value["step"].as_u64()).is_some_and(|at| at <= step)
        };
        let kept: String = text.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect();
        if kept != text {
            fokker_files::write_with(path, |file| file.write_all(kept.as_bytes()))?;
        }
        Ok(Self { log: Log::open(path)?, waiting: VecDeque::new() })
    }

    /// Appends a line, after those that are still waiting.
    ///
    /// # Errors
    /// A file that cannot be written. The line is not lost: the next call, or [`MetricsWriter::flush`], tries again.
    pub fn write(&mut self, line: &impl Serialize) -> Result<(), TrainingError> {
        let text = serde_json::to_string(line).map_err(|error| TrainingError::file("cannot write", "a line", error))?;
        self.waiting.push_back(text + "\n");
        self.append_waiting()
    }

    /// Makes sure that all lines are on the disk.
    ///
    /// # Errors
    /// As [`MetricsWriter::write`].
    pub fn flush(&mut self) -> Result<(), TrainingError> {
        self.append_waiting()?;
        Ok(self.log.sync()?)
    }

    fn append_waiting(&mut self) -> Result<(), TrainingError> {
        while let Some(line) = self.waiting.front() {
            self.log.append(line.as_bytes())?;
            self.waiting.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_later_steps_and_broken_ones_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        fs::write(&path, "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"st").unwrap();
        let mut metrics = MetricsWriter::open(&path, 2).unwrap();
        metrics.write(&serde_json::json!({ "step": 4 })).unwrap();
        metrics.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"step\":1}\n{\"step\":2}\n{\"step\":4}\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn lines_wait_while_the_disk_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let full = Log::open(Path::new("/dev/full")).unwrap();
        let mut metrics = MetricsWriter { log: full, waiting: VecDeque::new() };
        for step in [1, 2] {
            let error = metrics.write(&serde_json::json!({ "step": step })).unwrap_err();
            assert!(error.is_full_disk() && error.to_string().contains("make room"), "{error}");
        }
        // There is room again.
        metrics.log = Log::open(&path).unwrap();
        metrics.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"step\":1}\n{\"step\":2}\n");
    }
}
