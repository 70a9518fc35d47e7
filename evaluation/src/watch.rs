//! Who looks on while long work is done, and may end it.

use crate::EvaluationError;

/// Hears how far a work has come, and may end it; `()` looks away.
pub trait Watch: Sync {
    /// `fraction` of the work in \[0, 1\] is done; true to stop.
    fn should_stop(&self, fraction: f64) -> bool;

    /// The same as a result.
    ///
    /// # Errors
    /// [`EvaluationError::Stopped`].
    fn advance(&self, fraction: f64) -> Result<(), EvaluationError> {
        if self.should_stop(fraction) { Err(EvaluationError::Stopped) } else { Ok(()) }
    }
}

impl Watch for () {
    fn should_stop(&self, _: f64) -> bool {
        false
    }
}

/// A part of a work: from one fraction of it to another.
pub(crate) struct Part<'a> {
    pub(crate) watch: &'a dyn Watch,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Watch for Part<'_> {
    fn should_stop(&self, fraction: f64) -> bool {
        self.watch.should_stop(self.from + fraction * (self.to - self.from))
    }
}
