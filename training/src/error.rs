//! What can go wrong in training, and what to do about it.

use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A field of the configuration has a value that does not work.
    #[error("{key}: {message}")]
    Config {
        /// The field.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A file or folder of the run that cannot be read or written.
    #[error("{action} {path}: {message}", path = path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// A checkpoint that is damaged or belongs to another network.
    #[error("checkpoint {path} cannot be used: {message}", path = path.display())]
    Checkpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The cause and the remedy.
        message: String,
    },
    /// A loss or gradient that is not a number.
    #[error(
        "step {step}: the {what} is not finite (diffusion times {times}); nothing was saved after {last_good}.\n\
         Lower training.learning_rate, clip gradients with training.gradient_clip, or let the run skip such steps \
         with training.skip_non_finite"
    )]
    NonFinite {
        /// The step.
        step: u64,
        /// Loss or gradient.
        what: &'static str,
        /// Smallest and largest diffusion time of the batch.
        times: String,
        /// The newest checkpoint, or that there is none.
        last_good: String,
    },
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] fokker_datasets::DatasetError),
}

impl TrainingError {
    /// A value in the configuration that does not work.
    pub fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { key: key.into(), message: message.into() }
    }

    /// A failed operation on a file.
    pub fn file(action: &'static str, path: impl Into<PathBuf>, cause: impl ToString) -> Self {
        Self::File { action, path: path.into(), message: cause.to_string() }
    }
}
