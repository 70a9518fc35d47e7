//! The exit code that an error means: 2 for a wrong command line or configuration, 128 + n after signal n, 1 for all else.

use std::process::ExitCode;

use fokker::Error;
use fokker::datasets::DatasetError;
use fokker::evaluation::EvaluationError;
use fokker::laboratory::LaboratoryError;
use fokker::model::ModelError;
use fokker::sampling::SamplingError;
use fokker::training::TrainingError;

use crate::signals;

/// The exit code of a command that failed.
pub fn of(error: &Error) -> ExitCode {
    match error {
        // What shells report of a program that a signal ended; 2 is the number of Ctrl-C.
        Error::Interrupted => ExitCode::from(128 + signals::received().unwrap_or(2) as u8),
        Error::Config { .. } | Error::Backend { .. } | Error::Usage(_) | Error::Process(_) => ExitCode::from(2),
        Error::Field { .. } | Error::Changed { .. } => ExitCode::from(2),
        Error::Laboratory(
            LaboratoryError::Value { .. } | LaboratoryError::Process(_) | LaboratoryError::Mixture(_),
        )
        | Error::Data(DatasetError::Config { .. })
        | Error::Evaluation(EvaluationError::Value { .. })
        | Error::Model(ModelError::Config { .. })
        | Error::Sampling(SamplingError::Config { .. })
        | Error::Training(TrainingError::Config { .. }) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}
