//! Everything that can go wrong.

use std::path::PathBuf;

/// An error of any part of fokker.
///
/// ```
/// let error = fokker::RunConfig::recipe("moons_2d", &["training.steps=-1".into()]).unwrap_err();
/// assert!(matches!(error, fokker::Error::Config { .. }));
/// assert!(error.to_string().contains("training.steps"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration that cannot be read or makes no sense.
    #[error("{path}: {message}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key, the cause and the remedy.
        message: String,
    },
    /// A backend that is not there.
    #[error("backend.name = \"{name}\": {message}")]
    Backend {
        /// The backend that was asked for.
        name: String,
        /// The cause, and what there is.
        message: String,
    },
    /// A wrong combination of arguments.
    #[error("{0}")]
    Usage(String),
    /// A field of a request that does not work.
    #[error("{name}{}{value}: {message}", if value.is_empty() { "" } else { " " })]
    Field {
        /// The field.
        name: &'static str,
        /// Its value; empty if the value is not what is wrong.
        value: String,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// A run that would go on with a configuration under which its weights mean something else.
    #[error(
        "the configuration is not the one that {} was trained with:\n{}\nThese keys change what the weights mean. If that is \
         wanted, allow them by name: {}. Else undo the change, or train a new run under another name",
        checkpoint.display(), changes.join("\n"), keys.join(", ")
    )]
    Changed {
        /// The checkpoint that would be gone on from.
        checkpoint: PathBuf,
        /// Each change, a line for each.
        changes: Vec<String>,
        /// Their keys.
        keys: Vec<String>,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {message}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// A file that cannot be read or written, with what to do about it.
    #[error(transparent)]
    Files(#[from] fokker_files::FileError),
    /// What the work needs and cannot be had, such as a data set.
    #[error("{0}")]
    Missing(String),
    /// Results that are not finite: how many, and what to try.
    #[error("{0}")]
    NotFinite(String),
    /// Stopped by whoever watched the work, such as a user who pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// From the data sets.
    #[error(transparent)]
    Data(fokker_datasets::DatasetError),
    /// From the processes.
    #[error(transparent)]
    Process(#[from] fokker_process::ProcessError),
    /// From the networks.
    #[error(transparent)]
    Model(#[from] fokker_model::ModelError),
    /// From the drawing of figures.
    #[error(transparent)]
    Plot(#[from] fokker_plot::PlotError),
    /// From the laboratory.
    #[error(transparent)]
    Laboratory(fokker_laboratory::LaboratoryError),
    /// From the samplers.
    #[error(transparent)]
    Sampling(fokker_sampling::SamplingError),
    /// From the metrics of samples.
    #[error(transparent)]
    Evaluation(fokker_evaluation::EvaluationError),
    /// From the ranks that share the work.
    #[error(transparent)]
    Ranks(fokker_ranks::RanksError),
    /// From training.
    #[error(transparent)]
    Training(fokker_training::TrainingError),
}

impl Error {
    /// A field of a request that does not work.
    pub fn field(name: &'static str, value: impl ToString, message: impl Into<String>) -> Self {
        Self::Field { name, value: value.to_string(), message: message.into() }
    }
}

impl From<fokker_datasets::DatasetError> for Error {
    fn from(error: fokker_datasets::DatasetError) -> Self {
        match error {
            fokker_datasets::DatasetError::Stopped => Self::Interrupted,
            other => Self::Data(other),
        }
    }
}

impl From<fokker_ranks::RanksError> for Error {
    fn from(error: fokker_ranks::RanksError) -> Self {
        Self::Ranks(error)
    }
}

impl From<fokker_training::TrainingError> for Error {
    fn from(error: fokker_training::TrainingError) -> Self {
        match error {
            fokker_training::TrainingError::Ranks(error) => Self::Ranks(error),
            other => Self::Training(other),
        }
    }
}

impl From<fokker_sampling::SamplingError> for Error {
    fn from(error: fokker_sampling::SamplingError) -> Self {
        match error {
            fokker_sampling::SamplingError::Stopped => Self::Interrupted,
            other => Self::Sampling(other),
        }
    }
}

impl From<fokker_laboratory::LaboratoryError> for Error {
    fn from(error: fokker_laboratory::LaboratoryError) -> Self {
        match error {
            fokker_laboratory::LaboratoryError::Stopped => Self::Interrupted,
            other => Self::Laboratory(other),
        }
    }
}

impl From<fokker_evaluation::EvaluationError> for Error {
    fn from(error: fokker_evaluation::EvaluationError) -> Self {
        match error {
            fokker_evaluation::EvaluationError::Stopped => Self::Interrupted,
            fokker_evaluation::EvaluationError::File(error) => Self::Files(error),
            other => Self::Evaluation(other),
        }
    }
}
