//! What can go wrong when a network is configured, loaded or asked.

use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A field of a configuration has a value that does not work.
    #[error("network.{key}: {message}")]
    Config {
        /// The field.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A file of weights that cannot be read.
    #[error("cannot read weights from {path}: {message}", path = path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// A file that cannot be written.
    #[error(transparent)]
    File(#[from] fokker_files::FileError),
    /// Weights of another network.
    #[error("{path} holds the weights of another network:\n{details}", path = path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// One line for each tensor that is missing, unused or of another shape.
        details: String,
    },
}

/// Refuses the value of a field unless it is as it should be.
pub(crate) fn require(fits: bool, key: &str, message: impl Into<String>) -> Result<(), ModelError> {
    if fits { Ok(()) } else { Err(ModelError::config(key, message)) }
}

impl ModelError {
    /// A value in the configuration that does not work.
    pub fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { key: key.into(), message: message.into() }
    }
}
