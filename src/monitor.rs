//! Who hears of progress and may stop the work.
//!
//! Functions of this crate that take long take a [`Monitor`]. The crate itself prints nothing and catches no signal: the
//! program that calls it decides what is shown, and what Ctrl-C means.

use std::fmt::Debug;

/// Hears how far a work has come, and may stop it. `()` hears nothing and stops nothing.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// /// Stops the work once its flag is set, from any thread.
/// #[derive(Debug, Default)]
/// struct Flag(AtomicBool);
///
/// impl fokker::Monitor for Flag {
///     fn should_stop(&self) -> bool {
///         self.0.load(Ordering::Relaxed)
///     }
/// }
/// ```
pub trait Monitor: Debug + Send + Sync {
    /// A work of `total` units begins, of which `done` are done already. The work is over when the result is dropped.
    fn begin(&self, _what: &str, _unit: &'static str, _done: u64, _total: u64) -> Box<dyn Progress> {
        Box::new(())
    }

    /// A line worth showing: which device computes, what was measured.
    fn say(&self, _line: &str) {}

    /// Something that the work goes on without, but that somebody should know.
    fn warn(&self, line: &str) {
        tracing::warn!("{line}");
    }

    /// Whether to stop. Training then saves a checkpoint and returns; all else returns [`crate::Error::Interrupted`].
    fn should_stop(&self) -> bool {
        false
    }
}

/// How far one work has come.
pub trait Progress: Send {
    /// `done` units are done; `message` is what else there is to say.
    fn update(&mut self, _done: u64, _message: &str) {}
}

impl Monitor for () {}

impl Progress for () {}

impl dyn Monitor + '_ {
    /// [`should_stop`](Monitor::should_stop) as loops of solvers take it.
    pub fn flow(&self) -> std::ops::ControlFlow<()> {
        if self.should_stop() { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    }
}
