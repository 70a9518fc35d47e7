//! What can go wrong in training, and what to do about it.

use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A field of the configuration has a value that does not work.
    #[error("{key}: {message}")]
    Config {
        /// The field.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A parameterisation that has no meaning under the process.
    #[error(transparent)]
    Model(#[from] fokker_model::ModelError),
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
    /// A file of the run that cannot be read or written, with what to do about it.
    #[error(transparent)]
    Files(#[from] fokker_files::FileError),
    /// A run that another process trains.
    #[error(transparent)]
    Lock(#[from] fokker_files::LockError),
    /// A checkpoint of a later version of fokker.
    #[error(
        "checkpoint {path} has the format {format}, this version of fokker reads up to {known}: use the version that \
         wrote it, or go on from an older checkpoint by its name",
        path = path.display()
    )]
    LaterFormat {
        /// The checkpoint's folder.
        path: PathBuf,
        /// Its format.
        format: u64,
        /// The newest format that is known.
        known: u32,
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
         Resumed as it is, the run meets the same step again. To leave the step out, resume with \
         training.skip_non_finite = {allowance}. If more steps follow: lower training.learning_rate, clip gradients with \
         training.gradient_clip, or go on from an older checkpoint"
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
        /// The value of `training.skip_non_finite` that leaves this step out.
        allowance: u64,
    },
    /// A checkpoint that was asked for where not all moments are.
    #[error(
        "the moments are divided among the ranks: rank 0 has all of them, and can make a checkpoint, when callbacks save and after the training"
    )]
    MomentsElsewhere,
    /// Another rank that the training is shared with.
    #[error(transparent)]
    Ranks(#[from] fokker_ranks::RanksError),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] fokker_datasets::DatasetError),
}

impl TrainingError {
    /// A value in the configuration that does not work.
    pub fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { key: key.into(), message: message.into() }
    }

    /// What happened, without what to do about it: for a training that goes on all the same.
    pub fn without_remedy(&self) -> String {
        match self {
            Self::Files(error) => error.without_remedy(),
            other => other.to_string(),
        }
    }

    /// Whether the disk is full: a cause that may be gone when the same file is written again later.
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::Files(error) if error.is_full_disk())
    }

    /// A failed operation on a file.
    pub fn file(action: &'static str, path: impl Into<PathBuf>, cause: impl ToString) -> Self {
        Self::File { action, path: path.into(), message: cause.to_string() }
    }
}

/// The most examples that can be meant at once.
pub(crate) const MOST_EXAMPLES: u64 = 1 << 26;
/// The most probes or times that can be meant at once; their numbers are packed with those of examples.
pub(crate) const MOST_PROBES: u64 = 1 << 16;

/// Refuses a size that is zero or beyond reason.
pub(crate) fn require_size(key: &str, size: u64, most: u64) -> Result<(), TrainingError> {
    if (1..=most).contains(&size) {
        return Ok(());
    }
    Err(TrainingError::config(key, format!("{size} is not in 1..={most}")))
}
