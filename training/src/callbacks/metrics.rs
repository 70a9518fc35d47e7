//! Lines of metrics in a file.

use std::path::PathBuf;

use fokker_model::Network;

use super::{Callback, Moment};
use crate::error::TrainingError;
use crate::metrics::{Metrics, MetricsWriter, add_evaluation};
use crate::run::RunFolder;

/// Writes every line of metrics to a run's `metrics.jsonl`. On a full disk lines wait for the next one, with one warning.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    writer: Option<MetricsWriter>,
    /// Whether the last line could not be written: there is one warning, not one for each line.
    failing: bool,
}

impl MetricsFile {
    /// For a run. The file is opened when training starts, and lines of later steps are dropped from it.
    pub fn new(run: &RunFolder) -> Self {
        Self { path: run.metrics(), writer: None, failing: false }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for MetricsFile {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        self.writer = Some(MetricsWriter::open(&self.path, at.step())?);
        Ok(())
    }

    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let was_failing = self.failing;
        match writer.write(line) {
            Err(error) if error.is_full_disk() => {
                self.failing = true;
                if !was_failing {
                    let cause = error.without_remedy();
                    at.warn(format!("{cause}. Training goes on, and the lines wait until there is room"));
                }
            }
            written => {
                written?;
                self.failing = false;
            }
        }
        Ok(())
    }

    fn made_up(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        self.writer = None;
        add_evaluation(&self.path, line)?;
        self.writer = Some(MetricsWriter::open(&self.path, at.step())?);
        Ok(())
    }

    /// Makes sure that all lines are on the disk.
    fn save(&mut self, _at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        self.writer.as_mut().map_or(Ok(()), MetricsWriter::flush)
    }
}
