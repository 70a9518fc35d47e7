//! A monitor as the crate of the metrics takes it.

use std::sync::{Mutex, PoisonError};

use fokker_evaluation::Watch;

use crate::monitor::{Monitor, Progress};

/// Shows how far a work has come, in per cent.
pub(super) struct Watching<'a> {
    monitor: &'a dyn Monitor,
    progress: Mutex<(u64, Box<dyn Progress>)>,
}

impl<'a> Watching<'a> {
    pub(super) fn new(monitor: &'a dyn Monitor, what: &str) -> Self {
        Self { monitor, progress: Mutex::new((0, monitor.begin(what, "%", 0, 100))) }
    }
}

impl Watch for Watching<'_> {
    fn should_stop(&self, fraction: f64) -> bool {
        let percent = (100.0 * fraction).clamp(0.0, 99.0) as u64;
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        // Threads come in any order.
        if percent > progress.0 {
            progress.0 = percent;
            progress.1.update(percent, "");
        }
        self.monitor.should_stop()
    }
}
