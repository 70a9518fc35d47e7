//! The records that a run keeps of its metrics: lines of JSON, and events for TensorBoard.

use super::Metrics;
use crate::error::TrainingError;
use crate::metrics::MetricsWriter;
use crate::run::RunFolder;
use crate::tensorboard::EventsWriter;

pub(super) struct Records {
    metrics: MetricsWriter,
    events: EventsWriter,
    /// Whether the last line of metrics, or its event, could not be written: said once, not with every line.
    failing: [bool; 2],
}

impl Records {
    /// Opens them for a run that has done `step` steps.
    pub(super) fn open(run: &RunFolder, step: u64) -> Result<Self, TrainingError> {
        let metrics = MetricsWriter::open(&run.metrics(), step)?;
        Ok(Self { metrics, events: EventsWriter::new(run.path(), step), failing: [false; 2] })
    }

    /// Writes a line. On a full disk it waits for the next one; an event that cannot be written is left out.
    pub(super) fn write(&mut self, line: &Metrics, warn: &mut dyn FnMut(&str)) -> Result<(), TrainingError> {
        let metrics = match self.metrics.write(line) {
            Err(error) if error.is_full_disk() => {
                Err(format!("{}. Training goes on, and the lines wait until there is room", error.without_remedy()))
            }
            other => Ok(other?),
        };
        let events = self.events.metrics(line).map_err(|error| {
            format!("{}. Training goes on, and TensorBoard will not show this step", error.without_remedy())
        });
        for (failing, written) in self.failing.iter_mut().zip([metrics, events]) {
            if let (Err(message), false) = (&written, *failing) {
                warn(message);
            }
            *failing = written.is_err();
        }
        Ok(())
    }

    /// Makes sure that all lines are on the disk.
    pub(super) fn flush(&mut self) -> Result<(), TrainingError> {
        self.metrics.flush()
    }
}
