//! What is read from a file when it is first asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::EvaluationError;

/// A network that an extractor has read, or will read. It belongs to the settings, and is no part of what they say: settings are equal
/// whether it is read or not, and clones share it.
///
/// ```
/// use fokker_evaluation::ReadOnce;
///
/// let network = ReadOnce::default();
/// assert_eq!(*network.get_or_read(|| Ok(3))?, 3);
/// assert_eq!(*network.clone().get_or_read(|| unreachable!("it is read"))?, 3);
/// # Ok::<(), fokker_evaluation::EvaluationError>(())
/// ```
pub struct ReadOnce<T>(Arc<Mutex<Option<Arc<T>>>>);

impl<T> ReadOnce<T> {
    /// What was read, or what `read` reads now. After an error, the next call reads again.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn get_or_read(&self, read: impl FnOnce() -> Result<T, EvaluationError>) -> Result<Arc<T>, EvaluationError> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*place {
            return Ok(known.clone());
        }
        let known = Arc::new(read()?);
        *place = Some(known.clone());
        Ok(known)
    }
}

impl<T> Clone for ReadOnce<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for ReadOnce<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> PartialEq for ReadOnce<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> fmt::Debug for ReadOnce<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReadOnce")
    }
}
