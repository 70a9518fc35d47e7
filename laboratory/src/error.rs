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
    /// A file that cannot be written.
    #[error(transparent)]
    File(fokker_files::FileError),
    /// A figure that cannot be drawn: its name and the cause.
    #[error("figure {name} cannot be drawn: {message}")]
    Undrawn {
        /// The figure.
        name: String,
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

    /// The same under the section of the configuration, or the option, in which the value stands.
    pub fn at(self, section: &str) -> Self {
        match self {
            Self::Value { key, value, expected } => Self::Value { key: format!("{section}.{key}"), value, expected },
            Self::Process(error) => Self::value(format!("{section}.{}", error.key), error.value, error.expected),
            other => other,
        }
    }
}

impl From<fokker_files::FileError> for LaboratoryError {
    fn from(error: fokker_files::FileError) -> Self {
        Self::File(error)
    }
}
