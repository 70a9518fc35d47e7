//! What can go wrong when a network is configured, loaded or asked.

use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A field of a configuration has a value that does not work.
    #[error("{key}: {message}")]
    Config {
        /// The field, with all sections it is in.
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

/// Refuses the value of a field of the section `network` unless it is as it should be.
pub(crate) fn require(fits: bool, key: &str, message: impl Into<String>) -> Result<(), ModelError> {
    if fits { Ok(()) } else { Err(ModelError::config(format!("network.{key}"), message)) }
}

/// Refuses a size of the section `network` that is zero or that no network has.
pub(crate) fn require_size(key: &str, size: usize, most: usize) -> Result<(), ModelError> {
    require((1..=most).contains(&size), key, format!("{size} is not in 1..={most}"))
}

/// The most features that a layer can have.
pub(crate) const MOST_FEATURES: usize = 1 << 20;
/// The most levels of resolution that a network can have.
pub(crate) const MOST_LEVELS: usize = 16;
/// The most layers, blocks or groups that a network can have.
pub(crate) const MOST_LAYERS: usize = 1 << 12;

impl ModelError {
    /// A value in the configuration that does not work; `key` is the full path, such as `network.width`.
    pub fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { key: key.into(), message: message.into() }
    }
}
