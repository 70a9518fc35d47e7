//! The step loop.

mod evaluation;
mod interval;
mod session;
mod sharing;
mod step;

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::Batches;
use fokker_model::Network;
use fokker_ranks::Ranks;

use crate::breakdown::Breakdown;
use crate::checkpoint::{self, Checkpoint, TrainingState};
use crate::condition;
use crate::config::Recompute;
use crate::error::TrainingError;
use crate::metrics::recorded;
use crate::optimizer::{ModuleOptimizer, Weights};
use crate::plan::TrainingPlan;
use crate::readings::Unread;
use crate::run::RunFolder;
pub use evaluation::Validation;

/// A network in training: its weights, their average, the optimiser, and how far it got.
///
/// ```
/// use burn::tensor::Device;
/// use fokker_datasets::{DatasetConfig, MoonsConfig, Split};
/// use fokker_model::{Mlp, MlpConfig};
/// use fokker_process::ProcessConfig;
/// use fokker_training::{Callbacks, Outcome, Trainer, TrainingConfig, TrainingPlan};
///
/// let device = Device::flex();
/// let network = Mlp::new(&MlpConfig { width: 16, ..MlpConfig::new(2) }, 0, &device)?;
/// let moons = DatasetConfig::from(MoonsConfig::default()).open(Split::Train, 0)?;
/// let training = TrainingConfig { steps: 3, batch_size: 16, ..TrainingConfig::default() };
/// let plan = TrainingPlan { training, ..TrainingPlan::new(ProcessConfig::default().build()?, moons) };
///
/// let mut trainer = Trainer::<Mlp, 2>::new(plan, network, &device)?;
/// assert_eq!(trainer.train(&mut Callbacks::new())?, Outcome::Finished);
/// assert_eq!(trainer.step(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<N: Network<D>, const D: usize> {
    plan: TrainingPlan,
    ranks: Ranks,
    device: Device,
    weights: Weights<N>,
    optimizer: ModuleOptimizer,
    state: TrainingState,
    batches: Arc<Batches>,
    breakdown: Breakdown,
    unread: Unread,
    /// Whether rank 0 has the moments of all parameters, and not only of its own.
    has_all_moments: bool,
}

impl<N: Network<D>, const D: usize> Trainer<N, D> {
    /// A new training of `network`, which lives on `device` (without autodiff).
    ///
    /// # Errors
    /// Numbers in the plan that do not work; a precision that the device does not have.
    pub fn new(mut plan: TrainingPlan, network: N, device: &Device) -> Result<Self, TrainingError> {
        plan.validate()?;
        plan.training.precision = plan.training.precision.on(device);
        condition::check(network.condition(), &*plan.train)?;
        condition::check_augmentation(network.augmentation_size(), &plan.preprocessing)?;
        if plan.training.class_dropout > 0.0 && !network.has_null_class() {
            let message = "the network has no null class, in whose place a class could be dropped; leave it out";
            return Err(TrainingError::config("training.class_dropout", message));
        }
        let tracked = tracked_device(&plan, network.has_blocks(), device)?;
        let batch_size = plan.training.batch_size;
        let batches = Arc::new(Batches::new(plan.train.clone(), plan.preprocessing.clone(), batch_size, plan.seed)?);
        Ok(Self {
            optimizer: ModuleOptimizer::new(plan.optimizer.clone()),
            ranks: Ranks::alone(),
            device: tracked,
            weights: Weights::new(network),
            state: TrainingState::default(),
            batches,
            breakdown: Breakdown::default(),
            unread: Unread::default(),
            has_all_moments: true,
            plan,
        })
    }

    /// Goes on from the newest checkpoint of a run that is whole. Returns the step, or `None` if there is no checkpoint.
    ///
    /// # Errors
    /// Weights of another architecture; checkpoints that are all damaged, or of a later version of fokker.
    pub fn resume(&mut self, run: &RunFolder) -> Result<Option<u64>, TrainingError> {
        let folder = run.checkpoints();
        match checkpoint::newest_valid(&folder)? {
            Some(path) => self.resume_from(&path).map(Some),
            None if checkpoint::list(&folder).is_empty() => Ok(None),
            None => {
                let message = "every checkpoint is damaged; delete the folder to start the run from the beginning";
                Err(TrainingError::Checkpoint { path: folder, message: message.into() })
            }
        }
    }

    /// Goes on from a checkpoint. Returns its step.
    ///
    /// # Errors
    /// A damaged checkpoint; weights of another architecture.
    pub fn resume_from(&mut self, path: &Path) -> Result<u64, TrainingError> {
        let saved = Checkpoint::load(path, &self.weights.average)?;
        self.weights = Weights { network: saved.model.train(), average: saved.ema };
        self.optimizer = ModuleOptimizer::restore(self.plan.optimizer.clone(), &saved.moments, saved.state.updates);
        self.state = saved.state;
        self.has_all_moments = true;
        // A checkpoint elsewhere than in a run begins a time of its own.
        if let Some(run) = path.parent().and_then(Path::parent) {
            let lines = recorded(&RunFolder::new(run).metrics(), "seconds")?;
            let before = lines.into_iter().filter(|(step, _)| *step <= self.state.step);
            self.state.seconds = before.map(|(_, seconds)| seconds).fold(self.state.seconds, f64::max);
        }
        Ok(self.state.step)
    }

    /// All that the training needs to go on from here. Of ranks that share it, each has the moments of its own parameters: rank 0 has all
    /// of them when callbacks [save](crate::Callback::save) and after [`Trainer::train`].
    ///
    /// # Errors
    /// A rank that does not have all moments.
    pub fn checkpoint(&self) -> Result<Checkpoint<N>, TrainingError> {
        match self.ranks.size() == 1 || self.ranks.is_first() && self.has_all_moments {
            true => Ok(self.own_state()),
            false => Err(TrainingError::MomentsElsewhere),
        }
    }

    /// What this rank knows of the training.
    pub(crate) fn own_state(&self) -> Checkpoint<N> {
        Checkpoint {
            model: self.weights.network.valid(),
            ema: self.weights.average.clone(),
            moments: self.optimizer.moments(&self.weights.average),
            state: TrainingState { updates: self.optimizer.updates(), ..self.state.clone() },
        }
    }

    /// The ranks that share the training.
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// What the training was made of.
    pub fn plan(&self) -> &TrainingPlan {
        &self.plan
    }

    /// The averaged weights.
    pub fn ema(&self) -> &N {
        &self.weights.average
    }

    /// The weights, without their graph.
    pub fn network(&self) -> N {
        self.weights.network.valid()
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.state.step
    }

    /// Where the time of this session went.
    pub fn breakdown(&self) -> Breakdown {
        self.breakdown
    }
}

/// The device with automatic differentiation, as the plan asks for it.
fn tracked_device(plan: &TrainingPlan, has_blocks: bool, device: &Device) -> Result<Device, TrainingError> {
    let precision = plan.training.precision;
    if precision.dtype().is_some_and(|dtype| !device.supports_dtype(dtype)) {
        let message = format!("{device:?} does not compute in {}; set precision = \"f32\"", precision.name());
        return Err(TrainingError::config("training.precision", message));
    }
    let tracked = device.clone().autodiff();
    match plan.training.recompute {
        Recompute::Nothing => Ok(tracked),
        Recompute::Activations => Ok(tracked.gradient_checkpointing()),
        Recompute::Blocks if has_blocks => Ok(tracked),
        Recompute::Blocks => Err(TrainingError::config("training.recompute", "this network has no blocks; U-Nets do")),
    }
}
