//! What can go wrong with a figure.

use std::path::PathBuf;

use fokker_laboratory::LaboratoryError;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// A text that is no configuration of a figure.
    #[error("{path}: {message}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key, the cause and the remedy.
        message: String,
    },
    /// What the figure needs cannot be had, such as a data set.
    #[error("{0}")]
    Missing(String),
    /// Some of its numbers are not numbers.
    #[error("figure {name} cannot be drawn: {message}")]
    NotFinite {
        /// The figure.
        name: String,
        /// The cause and the remedy.
        message: String,
    },
    /// From the laboratory.
    #[error(transparent)]
    Laboratory(#[from] LaboratoryError),
}

impl From<FigureError> for fokker::Error {
    fn from(error: FigureError) -> Self {
        match error {
            FigureError::Config { path, message } => Self::Config { path, message },
            FigureError::Missing(message) => Self::Missing(message),
            FigureError::NotFinite { .. } => Self::NotFinite(error.to_string()),
            FigureError::Laboratory(error) => error.into(),
        }
    }
}
