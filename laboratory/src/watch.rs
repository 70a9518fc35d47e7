//! Who looks on while long work is done, and may end it.

use crate::LaboratoryError;

/// Told how far a work has come; `()` looks away.
pub trait Watch: Sync {
    /// `fraction` of the work in \[0, 1\] is done; true to stop.
    fn should_stop(&self, fraction: f64) -> bool;

    /// The same as a result.
    ///
    /// # Errors
    /// [`LaboratoryError::Stopped`].
    fn advance(&self, fraction: f64) -> Result<(), LaboratoryError> {
        if self.should_stop(fraction) { Err(LaboratoryError::Stopped) } else { Ok(()) }
    }
}

impl Watch for () {
    fn should_stop(&self, _: f64) -> bool {
        false
    }
}
