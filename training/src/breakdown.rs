//! Where the time of training goes.

use std::time::Instant;

/// Seconds of a session by what they were spent on. On a device that computes while the host goes on, work counts where
/// the host waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Breakdown {
    /// Steps taken.
    pub steps: u64,
    /// Waiting for batches, which another thread makes ahead.
    pub data: f64,
    /// Times, noise, classes, and what moves them to the device.
    pub inputs: f64,
    /// The loss and its gradient, until both are known to be finite.
    pub gradient: f64,
    /// Passing gradients and decisions between ranks, and waiting for them.
    pub exchange: f64,
    /// Optimiser and running average.
    pub update: f64,
    /// The loss on held-out data, and residuals.
    pub validation: f64,
    /// Lines of metrics and events.
    pub records: f64,
    /// Who watches: progress and previews.
    pub observer: f64,
    /// Checkpoints.
    pub checkpoints: f64,
}

/// A watch that is read between one piece of work and the next.
pub(crate) struct Lap(Instant);

impl Lap {
    /// Starts it.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Adds the seconds since the start or the last call.
    pub(crate) fn add_to(&mut self, seconds: &mut f64) {
        let now = Instant::now();
        *seconds += (now - self.0).as_secs_f64();
        self.0 = now;
    }
}
