//! Progress and Ctrl-C for the work of the laboratory.

use std::sync::Mutex;

use fokker::laboratory::Watch;
use fokker::{Monitor, Progress};

use super::terminal::Terminal;

/// Shows how far a work has come, in per cent.
pub struct Watching {
    terminal: Terminal,
    progress: Mutex<Box<dyn Progress + Send>>,
}

impl Watching {
    /// Listens to Ctrl-C from now on.
    pub fn new(what: &str) -> Self {
        let terminal = Terminal::new();
        Self { progress: Mutex::new(terminal.shown(what, "%", 0, 100)), terminal }
    }
}

impl Watch for Watching {
    fn should_stop(&self, fraction: f64) -> bool {
        if let Ok(mut progress) = self.progress.lock() {
            // Done is said by what is printed then.
            progress.update((100.0 * fraction).clamp(0.0, 99.0) as u64, "");
        }
        self.terminal.should_stop()
    }
}
