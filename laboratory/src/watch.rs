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

/// Walks from t0 to t1 in `steps` equal steps; `step` is given the ends of each.
///
/// # Errors
/// Those of `step`; if the one who watches stops it.
pub(crate) fn in_equal_steps(
    (t0, t1): (f64, f64),
    steps: usize,
    watch: &dyn Watch,
    mut step: impl FnMut(f64, f64) -> Result<(), LaboratoryError>,
) -> Result<(), LaboratoryError> {
    let time = |k: usize| t0 + (t1 - t0) * k as f64 / steps as f64;
    for k in 0..steps {
        watch.advance(k as f64 / steps as f64)?;
        step(time(k), time(k + 1))?;
    }
    Ok(())
}
