//! The callback that lets a [`Monitor`] hear of a training.

use std::time::Duration;

use fokker_model::Network;
use fokker_training::{Callback, Metrics, Moment, TrainingError};

use crate::monitor::{Monitor, Progress};

/// Shows progress, and stops the training when the monitor says so.
pub(crate) struct Watch<'a> {
    monitor: &'a dyn Monitor,
    progress: Box<dyn Progress>,
}

impl<'a> Watch<'a> {
    /// For a training of `steps` steps in all; `done` of them are done already.
    pub fn new(monitor: &'a dyn Monitor, done: u64, steps: u64) -> Self {
        Self { monitor, progress: monitor.begin("training", "steps", done, steps) }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Watch<'_> {
    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        // Before the first reading there is no loss.
        let loss = if at.loss.is_nan() { String::new() } else { format!("loss {:.4}", at.loss) };
        self.progress.update(at.step(), &loss);
        Ok(())
    }

    fn line(&mut self, _at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        let shown = |loss: Option<f64>| loss.map_or_else(|| "not finite".into(), |loss| format!("{loss:.4}"));
        let step = line.step;
        if line.not_finite > 0 {
            let count = line.not_finite;
            self.monitor.warn(&format!("step {step}: {count} of the last steps were not finite and are left out"));
        }
        if line.validation_not_finite > 0 {
            let count = line.validation_not_finite;
            self.monitor.warn(&format!("step {step}: the validation loss is not finite for {count} held-out examples"));
        }
        if line.is_validated() {
            self.monitor.say(&format!(
                "step {step}, epoch {:.2}, {}: loss {}, validation loss {}",
                line.epoch,
                clock(Duration::from_secs_f64(line.seconds)),
                shown(line.loss),
                shown(line.validation_loss),
            ));
        }
        Ok(())
    }

    fn stop_requested(&self) -> bool {
        self.monitor.should_stop()
    }

    fn warn(&mut self, warning: &str) -> bool {
        self.monitor.warn(warning);
        true
    }
}

/// A duration as minutes and seconds, or hours and minutes.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3600 {
        0 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        hours => format!("{hours}h{:02}m", seconds / 60 % 60),
    }
}
