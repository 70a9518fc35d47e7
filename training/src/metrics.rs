//! `metrics.jsonl`: one JSON object a line.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use fokker_files::{FileError, Log};
use serde::Serialize;
use serde_json::Value;

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
    /// How good samples of the averaged weights are, by quantity, and the standard errors under names that end with `_error`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evaluation: BTreeMap<String, f64>,
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

/// A file of metrics; empty if there is none.
fn read(path: &Path) -> Result<String, TrainingError> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        other => {
            Ok(String::from_utf8_lossy(&other.map_err(|error| FileError::new("cannot read", path, error))?).into())
        }
    }
}

/// A number of all lines of a file of metrics that have it, with their steps: `validation_loss`, or a quantity of evaluations.
pub(crate) fn recorded(path: &Path, name: &str) -> Result<Vec<(u64, f64)>, TrainingError> {
    // Most lines have no such number and need not be understood.
    let key = format!("\"{name}\":");
    let number = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let value = line.get(name).or_else(|| line.get("evaluation")?.get(name))?;
        Some((line["step"].as_u64()?, value.as_f64()?))
    };
    Ok(read(path)?.lines().filter(|line| line.contains(&key)).filter_map(number).collect())
}

/// Whether a line of metrics is of a step and has no evaluation.
fn is_left_without(line: &str, step: u64) -> bool {
    let line: Result<Value, _> = serde_json::from_str(line);
    line.is_ok_and(|line| line["step"] == step && line.get("evaluation").is_none())
}

/// Whether a file of metrics has a line of a step without an evaluation of the samples.
///
/// # Errors
/// A file that cannot be read.
pub fn lacks_evaluation(path: &Path, step: u64) -> Result<bool, TrainingError> {
    Ok(read(path)?.lines().rev().any(|line| is_left_without(line, step)))
}

/// Adds an evaluation to the line of its step, where it stands if the line is written with it.
pub(crate) fn add_evaluation(path: &Path, line: &Metrics) -> Result<(), TrainingError> {
    let added = serde_json::to_string(&line.evaluation);
    let added = added.map_err(|error| TrainingError::file("cannot write", path, error))?;
    let complete = |text: &str| match text.strip_suffix('}').filter(|_| is_left_without(text, line.step)) {
        Some(rest) => format!("{rest},\"evaluation\":{added}}}\n"),
        None => format!("{text}\n"),
    };
    let text: String = read(path)?.lines().map(complete).collect();
    Ok(fokker_files::write(path, text.as_bytes())?)
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
        let text = read(path)?;
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

    #[test]
    fn an_evaluation_that_comes_later_stands_where_it_would_have_stood() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let line = |step, evaluation: &[(&str, f64)]| Metrics {
            step,
            loss: Some(0.1 + 0.2),
            evaluation: evaluation.iter().map(|(name, value)| (name.to_string(), *value)).collect(),
            ..Metrics::default()
        };
        let written = |lines: &[Metrics]| {
            fs::remove_file(&path).unwrap_or_default();
            let mut metrics = MetricsWriter::open(&path, 0).unwrap();
            lines.iter().for_each(|line| metrics.write(line).unwrap());
            fs::read_to_string(&path).unwrap()
        };
        let found = line(4, &[("kid", 0.1), ("kid_error", 1e-3)]);
        let whole = written(&[line(2, &[("kid", 0.7)]), found.clone()]);
        written(&[line(2, &[("kid", 0.7)]), line(4, &[])]);
        assert_eq!([2, 4, 6].map(|step| lacks_evaluation(&path, step).unwrap()), [false, true, false]);
        assert_eq!(recorded(&path, "kid").unwrap(), [(2, 0.7)]);
        add_evaluation(&path, &found).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        assert_eq!(recorded(&path, "kid").unwrap(), [(2, 0.7), (4, 0.1)]);
        assert_eq!(recorded(&path, "loss").unwrap().len(), 2);
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
