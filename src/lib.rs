//! Score-based diffusion models: a process says how data turns into noise, a network guesses the score, a solver walks
//! the equation back.
//!
//! This crate is the front door. The parts are crates of their own and re-exported here: [`process`], [`model`],
//! [`sampling`], [`training`], [`datasets`], [`kernels`], [`laboratory`], [`plot`], [`random`], [`ranks`]. What is added here is what a
//! program needs around them: the configuration of a run, the choice of a backend, training and sampling with a
//! [`Monitor`] that hears of progress.
//!
//! A program that uses this crate needs no other: [`burn`] and [`serde`] are re-exported, of the versions that fits. Their derive
//! macros write paths, so `use fokker::burn;` has to be in scope for `#[derive(Module)]`, and serde's take
//! `#[serde(crate = "fokker::serde")]`.
//!
//! ```
//! use fokker::process::{Process, Vp};
//!
//! let process = Vp::default();
//! let t = 0.3;
//! // Variance preserving: α² + σ² = 1.
//! assert!((process.mean_scale(t).powi(2) + process.std(t).powi(2) - 1.0).abs() < 1e-15);
//! ```

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod average;
pub mod backend;
mod beginning;
pub mod changes;
mod checkpoint_choice;
pub mod checkpoints;
mod choices;
pub mod condition;
pub mod config;
mod continuation;
pub mod diffusers;
pub mod draw;
mod draw_options;
mod encoding;
pub mod error;
pub mod evaluation;
pub mod experiment;
mod guide;
pub mod initial_weights;
mod inputs;
pub mod likelihood;
pub mod measurement;
pub mod memory;
pub mod monitor;
mod opening;
mod overrides;
mod own_run;
pub mod prelude;
pub mod recipes;
pub mod report;
mod resume;
mod rounds;
mod run;
mod run_of_weights;
pub mod samples;
mod sessions;
mod together;
mod train;
mod trained_model;
mod training_builder;
mod watch;

/// The tensors and modules that fokker is written with.
pub use burn;
pub use fokker_datasets as datasets;
pub use fokker_kernels as kernels;
pub use fokker_laboratory as laboratory;
pub use fokker_model as model;
pub use fokker_plot as plot;
pub use fokker_process as process;
pub use fokker_random as random;
pub use fokker_ranks as ranks;
pub use fokker_sampling as sampling;
pub use fokker_training as training;
/// What settings of one's own are read and written with.
pub use serde;

pub use average::{AverageRequest, ReconstructedAverage, average};
pub use backend::{BackendConfig, BackendName, ChosenDevice};
pub use beginning::Beginning;
pub use checkpoint_choice::CheckpointChoice;
pub use choices::{ChoiceBatch, Choices};
pub use condition::Given;
pub use config::RunConfig;
pub use continuation::ResumeRequest;
pub use draw::{DrawCost, DrawRequest, Drawing, DrawnBatch, ScoreSpec, draw, draw_network, draw_score};
pub use draw_options::Draw;
pub use encoding::{EncodedBatch, EncodingCost, EncodingRequest};
pub use error::Error;
pub use evaluation::{EvaluationReport, EvaluationRequest, evaluate};
pub use experiment::{CheckpointSampler, find_checkpoint, find_checkpoint_at, run_config, sample};
pub use guide::Guide;
pub use initial_weights::InitialWeights;
pub use inputs::Inputs;
pub use likelihood::{LikelihoodReport, LikelihoodRequest, Quantity, likelihood};
pub use measurement::{Measurement, Technique};
pub use monitor::{Monitor, Progress};
pub use report::{ReportPage, write_report};
pub use resume::resume;
pub use run::Run;
pub use samples::{SampleWriter, Samples, TrajectoryWriter, write_samples, write_trajectory};
pub use sessions::Sessions;
pub use together::Together;
pub use train::{Trained, fine_tune, train};
pub use trained_model::TrainedModel;
pub use training_builder::Training;

/// The examples of the README and of the book are tests.
#[cfg(doctest)]
mod book {
    macro_rules! pages {
        ($($name:ident $file:literal),* $(,)?) => { $(#[doc = include_str!($file)] struct $name;)* };
    }

    pages! {
        Readme "../README.md",
        Averages "../docs/AVERAGES.md",
        Conditions "../docs/CONDITIONS.md",
        Evaluation "../docs/EVALUATION.md",
        Extending "../docs/EXTENDING.md",
        FirstDigits "../docs/FIRST_DIGITS.md",
        Likelihood "../docs/LIKELIHOOD.md",
        Mathematics "../docs/MATHEMATICS.md",
        OwnPictures "../docs/OWN_PICTURES.md",
        OwnVectors "../docs/OWN_VECTORS.md",
        PicturesIn "../docs/PICTURES_IN.md",
        ReadingAReport "../docs/READING_A_REPORT.md",
        Troubleshooting "../docs/TROUBLESHOOTING.md",
        WhichSampler "../docs/WHICH_SAMPLER.md",
    }
}
