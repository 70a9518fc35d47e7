//! The callback that lets a [`Monitor`] hear of a training.

use std::time::{Duration, Instant};

use fokker_model::Network;
use fokker_training::{Callback, Metrics, Moment, TrainingError};

use crate::monitor::{Monitor, Progress};

/// Shows progress, and stops the training when the monitor says so.
pub(crate) struct Watch<'a> {
    monitor: &'a dyn Monitor,
    progress: Box<dyn Progress>,
    steps: u64,
    pace: Pace,
}

/// Measures how fast steps are, once.
#[derive(Debug)]
enum Pace {
    /// No step is done since the training was started or resumed.
    Waiting,
    /// The first step is done, which may have compiled kernels: its number, and when it was.
    Since(u64, Instant),
    /// The pace is known.
    Known,
}

impl Pace {
    /// Hears that a step is done at a time. Says how many seconds a step takes as soon as that is known: after ten seconds, or after
    /// one step that takes longer.
    fn step(&mut self, step: u64, now: Instant) -> Option<f64> {
        const ENOUGH: Duration = Duration::from_secs(10);
        match *self {
            Self::Waiting => *self = Self::Since(step, now),
            Self::Since(first, since) if now - since >= ENOUGH && step > first => {
                *self = Self::Known;
                return Some((now - since).as_secs_f64() / (step - first) as f64);
            }
            Self::Since(..) | Self::Known => {}
        }
        None
    }
}

/// What is said of a training that takes longer than a day.
fn long(steps_left: u64, seconds: f64) -> Option<String> {
    const DAY: f64 = 86_400.0;
    let days = steps_left as f64 * seconds / DAY;
    (days > 1.0).then(|| {
        format!(
            "at {} the {steps_left} steps that are left take about {days:.1} days; in a day there would be {:.0}. Fewer steps \
             (training.steps), smaller pictures (data.size), a narrower network (network.block_out_channels) or smaller batches \
             (training.batch_size) take less, and so does a GPU (backend.name)",
            if seconds < 1.0 { format!("{:.1} steps a second", 1.0 / seconds) } else { format!("{seconds:.1} seconds a step") },
            DAY / seconds
        )
    })
}

impl<'a> Watch<'a> {
    /// For a training of `steps` steps in all; `done` of them are done already.
    pub fn new(monitor: &'a dyn Monitor, done: u64, steps: u64) -> Self {
        Self { monitor, progress: monitor.begin("training", "steps", done, steps), steps, pace: Pace::Waiting }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Watch<'_> {
    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        // Before the first reading there is no loss.
        let loss = if at.loss.is_nan() { String::new() } else { format!("loss {:.4}", at.loss) };
        self.progress.update(at.step(), &loss);
        let seconds = self.pace.step(at.step(), Instant::now());
        if let Some(line) = seconds.and_then(|seconds| long(self.steps.saturating_sub(at.step()), seconds)) {
            self.monitor.warn(&line);
        }
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
        if !line.evaluation.is_empty() {
            self.monitor.say(&evaluation(line));
        }
        Ok(())
    }

    fn made_up(&mut self, _at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        self.monitor.say(&evaluation(line));
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

/// What an evaluation has found.
fn evaluation(line: &Metrics) -> String {
    let errors = |name: &str| line.evaluation.get(&format!("{name}_error"));
    let values = line.evaluation.iter().filter(|(name, _)| !name.ends_with("_error"));
    let shown = values.map(|(name, value)| match errors(name) {
        Some(error) => format!("{name} {value:.4} ± {error:.4}"),
        None => format!("{name} {value:.4}"),
    });
    format!("step {}: {}", line.step, shown.collect::<Vec<_>>().join(", "))
}

/// A duration as minutes and seconds, or hours and minutes.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 3600 {
        0 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        hours => format!("{hours}h{:02}m", seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_training_of_days_is_said_once_the_pace_is_known() {
        let start = Instant::now();
        let mut pace = Pace::Waiting;
        // The first step took long, as kernels were compiled; the others take a second.
        assert_eq!(pace.step(101, start), None);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!((1..10).all(|second| pace.step(101 + second, after(second)).is_none()));
        assert_eq!(pace.step(111, after(10)), Some(1.0));
        assert_eq!(pace.step(131, after(30)), None, "once");
        let mut slow = Pace::Waiting;
        assert_eq!((slow.step(1, start), slow.step(2, after(40))), (None, Some(40.0)));

        assert_eq!(long(86_399, 1.0), None);
        let line = long(200_000, 2.0).unwrap();
        assert!(line.contains("2.0 seconds a step") && line.contains("4.6 days") && line.contains("43200"), "{line}");
        assert!(long(10_000_000, 0.125).unwrap().contains("8.0 steps a second"));
    }
}
