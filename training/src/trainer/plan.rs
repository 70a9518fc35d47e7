//! What a run is made of.

use std::sync::Arc;

use fokker_datasets::{Dataset, Preprocessing};
use fokker_model::{MixtureScore, Parameterization};
use fokker_process::Process;

use crate::config::{CheckpointConfig, TrainingConfig};
use crate::objective::Objective;
use crate::optimizer::OptimizerConfig;
use crate::score_fpe::ResidualsConfig;

/// What a trainer needs to know besides the network.
#[derive(Clone)]
pub struct TrainingPlan {
    /// Seed of every random number.
    pub seed: u64,
    /// The forward process.
    pub process: Arc<dyn Process>,
    /// What the network's output means.
    pub parameterization: Parameterization,
    /// What is minimised.
    pub objective: Objective,
    /// Hyperparameters of the optimiser.
    pub optimizer: OptimizerConfig,
    /// How long and with what numbers.
    pub training: TrainingConfig,
    /// When to save.
    pub checkpoints: CheckpointConfig,
    /// Scaling and augmentation of the data.
    pub preprocessing: Preprocessing,
    /// The examples to learn from.
    pub train: Arc<dyn Dataset>,
    /// The examples held out, if there are any.
    pub validation: Option<Arc<dyn Dataset>>,
    /// The score of the data, if it is known.
    pub truth: Option<MixtureScore>,
    /// What is reported of the score Fokker–Planck equation, if anything.
    pub residuals: Option<ResidualsConfig>,
}
