//! What can go wrong while samples are judged.

use std::path::PathBuf;

use fokker_files::FileError;

/// An error of the metrics.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// Features, images or labels that cannot be judged: which, why, and what would be right.
    #[error("{name}: {problem}")]
    Input {
        /// What they were called when they were handed over, such as `samples`.
        name: String,
        /// The cause and the remedy.
        problem: String,
    },
    /// A setting that makes no sense.
    #[error("{key} = {value}, but {key} must be {expected}")]
    Value {
        /// The full key.
        key: String,
        /// The value found.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// A file whose contents are not what they should be.
    #[error("{path}: {problem}", path = path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// The cause and the remedy.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Stopped by the one who watches.
    #[error("interrupted")]
    Stopped,
}

impl EvaluationError {
    /// Input that cannot be judged.
    pub fn input(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Input { name: name.into(), problem: problem.into() }
    }

    /// A setting that makes no sense.
    pub fn value(key: impl ToString, value: impl ToString, expected: impl ToString) -> Self {
        Self::Value { key: key.to_string(), value: value.to_string(), expected: expected.to_string() }
    }

    /// A file with wrong contents.
    pub fn contents(path: impl Into<PathBuf>, problem: impl ToString) -> Self {
        Self::Contents { path: path.into(), problem: problem.to_string() }
    }
}
