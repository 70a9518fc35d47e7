//! What can go wrong in the laboratory.

use std::fmt::Display;
use std::path::PathBuf;

/// An error of the laboratory.
#[derive(Debug, thiserror::Error)]
pub enum LaboratoryError {
    /// A value that makes no sense: the key, the value and what would be right.
    #[error("{key} = {value}, but {key} must be {expected}")]
    Value {
        /// The key of the config or the name of the argument.
        key: String,
        /// The value found.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// A text that is no configuration.
    #[error("{path}: {message}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key, the cause and the remedy.
        message: String,
    },
    /// A file that cannot be read or written, or a picture that cannot be drawn.
    #[error("{path}: {message}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// What a figure needs cannot be had.
    #[error("{0}")]
    Missing(String),
    /// Stopped by the one who watches.
    #[error("interrupted")]
    Stopped,
    /// From the processes.
    #[error(transparent)]
    Process(#[from] fokker_process::ProcessError),
    /// From the mixtures.
    #[error(transparent)]
    Mixture(#[from] fokker_process::MixtureError),
}

impl LaboratoryError {
    pub(crate) fn value(key: impl Display, value: impl Display, expected: impl Display) -> Self {
        Self::Value { key: key.to_string(), value: value.to_string(), expected: expected.to_string() }
    }
}

/// `value` is finite and above 0.
pub(crate) fn positive(key: &str, value: f64) -> Result<(), LaboratoryError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(LaboratoryError::value(key, value, "a finite number above 0"))
}

/// `value` is at least `least`.
pub(crate) fn at_least(key: &str, value: usize, least: usize) -> Result<(), LaboratoryError> {
    if value >= least { Ok(()) } else { Err(LaboratoryError::value(key, value, format!("at least {least}"))) }
}
