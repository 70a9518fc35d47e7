//! What can go wrong in the laboratory.

use std::fmt::Display;

/// An error of the laboratory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// A value that makes no sense.
    pub fn value(key: impl Display, value: impl Display, expected: impl Display) -> Self {
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
