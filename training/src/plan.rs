//! What a run is made of.

use std::sync::Arc;

use fokker_datasets::{Dataset, Preprocessing};
use fokker_model::{MixtureScore, Parameterization};
use fokker_process::Process;

use crate::best::Best;
use crate::config::{CheckpointConfig, TrainingConfig};
use crate::error::TrainingError;
use crate::objective::Objective;
use crate::optimizer::OptimizerConfig;
use crate::power_average::PowerAverageConfig;
use crate::score_fpe::ResidualsConfig;
use crate::start::StartingData;
use crate::weighting::Weighting;

/// What a trainer needs to know besides the network.
///
/// ```
/// use fokker_datasets::{DatasetConfig, MoonsConfig, Split};
/// use fokker_process::ProcessConfig;
/// use fokker_training::{TrainingConfig, TrainingPlan};
///
/// let process = ProcessConfig::default().build()?;
/// let moons = DatasetConfig::from(MoonsConfig::default()).open(Split::Train, 0)?;
/// let plan = TrainingPlan {
///     seed: 5,
///     training: TrainingConfig { steps: 100, ..TrainingConfig::default() },
///     ..TrainingPlan::new(process, moons)
/// };
/// assert_eq!(plan.training.batch_size, 128);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// By what the best checkpoint is chosen, which then stays; none stays for that reason if absent.
    pub best: Option<Best>,
    /// Averages whose length is chosen afterwards, if any are tracked.
    pub averages: Option<PowerAverageConfig>,
    /// Scaling and augmentation of the data.
    pub preprocessing: Preprocessing,
    /// The examples to learn from.
    pub train: Arc<dyn Dataset>,
    /// What paths begin with in the place of noise, if it is data.
    pub start: Option<StartingData>,
    /// The examples held out, if there are any.
    pub validation: Option<Arc<dyn Dataset>>,
    /// The score of the data, if it is known.
    pub truth: Option<MixtureScore>,
    /// What is reported of the score Fokker–Planck equation, if anything.
    pub residuals: Option<ResidualsConfig>,
}

impl TrainingPlan {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name; a loss that needs the score of the data, if that is not known.
    pub fn validate(&self) -> Result<(), TrainingError> {
        self.training.validate()?;
        self.checkpoints.validate()?;
        self.validate_chosen_by_loss()?;
        self.averages.as_ref().map_or(Ok(()), PowerAverageConfig::validate)?;
        self.objective.validate()?;
        self.objective.validate_under(&*self.process, &self.parameterization)?;
        self.parameterization.validate_under(&*self.process)?;
        self.optimizer.validate()?;
        if let Some(residuals) = &self.residuals {
            residuals.validate()?;
            residuals.validate_under(&*self.process)?;
        }
        if let Some(start) = &self.start {
            start.validate_under(&*self.process, &self.parameterization, &self.objective, self.train.shape())?;
            if self.residuals.is_some() {
                let message = "are those of a score, and with a [start] only a velocity is learnt; leave them out";
                return Err(TrainingError::config("residuals", message));
            }
        }
        if self.objective.needs_truth() && self.truth.is_none() {
            let message = "needs data whose score is known: data.kind = \"mixture\"";
            return Err(TrainingError::config("objective.loss", message));
        }
        Ok(())
    }

    /// Checks that the loss that something is decided by is measured.
    fn validate_chosen_by_loss(&self) -> Result<(), TrainingError> {
        let by_loss = self.best.as_ref().is_some_and(|best| best.metric == Best::VALIDATION_LOSS);
        let keys = [("checkpoints.best", by_loss), ("training.early_stopping", self.training.early_stopping.is_some())];
        if let (None, Some((key, _))) = (&self.validation, keys.iter().find(|(_, is_set)| *is_set)) {
            return Err(TrainingError::config(*key, "goes by the loss on held-out data, and nothing is held out"));
        }
        if let (Some(name), None) = (&self.checkpoints.best, &self.best) {
            let message = format!("\"{name}\" is not measured; this training measures \"validation_loss\"");
            return Err(TrainingError::config("checkpoints.best", message));
        }
        Ok(())
    }

    /// Whether something that is done every so many steps, and at the last one, is due after step `step`; never if `every` is
    /// 0.
    pub fn is_due(&self, every: u64, step: u64) -> bool {
        every > 0 && (step.is_multiple_of(every) || step == self.training.steps)
    }

    /// The default recipe for data under a process: EDM's preconditioning, weights and log-normal times (Karras et al. 2022,
    /// table 1) for data of deviation ½, and Adam. Images are scaled to [−1, 1], vectors are taken as they are. The seed is 0,
    /// and nothing is held out.
    pub fn new(process: Arc<dyn Process>, train: Arc<dyn Dataset>) -> Self {
        Self {
            seed: 0,
            process,
            parameterization: Parameterization::default(),
            objective: Objective::default(),
            optimizer: OptimizerConfig::default(),
            training: TrainingConfig::default(),
            checkpoints: CheckpointConfig::default(),
            best: None,
            averages: None,
            preprocessing: if train.is_image() { Preprocessing::default() } else { Preprocessing::RAW },
            train,
            start: None,
            validation: None,
            truth: None,
            residuals: None,
        }
    }

    /// The same for data of standard deviation `sigma_data`, in the units that the network sees: EDM's preconditioning has
    /// it, and so have EDM's weights.
    pub fn with_sigma_data(mut self, sigma_data: f64) -> Self {
        self.parameterization.sigma_data = sigma_data;
        if let Weighting::Edm { sigma_data: weights } = &mut self.objective.weighting {
            *weights = sigma_data;
        }
        self
    }
}
