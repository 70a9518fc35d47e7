//! Lines of metrics for TensorBoard.

use std::path::PathBuf;

use fokker_model::Network;

use super::{Callback, Moment};
use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::run::RunFolder;
use crate::tensorboard::EventsWriter;

/// Writes every line of metrics to a file that TensorBoard reads. A line that cannot be written is left out, with one
/// warning.
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    writer: Option<EventsWriter>,
    /// Whether the last line could not be written: there is one warning, not one for each line.
    failing: bool,
}

impl TensorBoard {
    /// For a run. The file is made with the first line.
    pub fn new(run: &RunFolder) -> Self {
        Self { folder: run.path().into(), writer: None, failing: false }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for TensorBoard {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        self.writer = Some(EventsWriter::new(&self.folder, at.step()));
        Ok(())
    }

    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let written = writer.metrics(line);
        if let (Err(error), false) = (&written, self.failing) {
            let cause = error.without_remedy();
            at.warn(format!("{cause}. Training goes on, and TensorBoard will not show this step"));
        }
        self.failing = written.is_err();
        Ok(())
    }
}
