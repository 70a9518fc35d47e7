//! Progress and Ctrl-C for the work of the laboratory.

use std::sync::Mutex;

use fokker::interrupt;
use fokker::laboratory::Watch;
use fokker::progress::Progress;

/// Shows how far a work has come, in per cent.
pub struct Watching(Mutex<Progress>);

impl Watching {
    /// Listens to Ctrl-C from now on.
    pub fn new(what: &str) -> Self {
        interrupt::listen();
        Self(Mutex::new(Progress::new(what, "%", 0, 100)))
    }
}

impl Watch for Watching {
    fn should_stop(&self, fraction: f64) -> bool {
        if let Ok(mut progress) = self.0.lock() {
            // Done is said by what is printed then.
            progress.update((100.0 * fraction).clamp(0.0, 99.0) as u64, "");
        }
        interrupt::requested()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Ok(progress) = self.0.lock() {
            progress.finish();
        }
    }
}
