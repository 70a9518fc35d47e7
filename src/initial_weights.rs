//! Weights that a training starts from: those of a run, or of a model of diffusers.

use std::path::{Path, PathBuf};

use burn::module::Module;
use fokker_model::{LoadReport, StateDict};
use fokker_training::{RunFolder, WeightSet};

use crate::checkpoint_choice::CheckpointChoice;
use crate::config::RunConfig;
use crate::diffusers::DiffusersFolder;
use crate::error::Error;
use crate::experiment::{find_checkpoint_at, is_checkpoint, state_dict};
use crate::monitor::Monitor;

/// Where initial weights come from. The optimiser starts anew, and so does the average.
///
/// ```
/// use fokker::InitialWeights;
///
/// // The averaged weights of the newest checkpoint; all tensors must fit.
/// let weights = InitialWeights::new("runs/digits");
/// assert!(!weights.partial);
/// ```
#[derive(Clone, Debug)]
pub struct InitialWeights {
    /// A run, one of its checkpoints, a model of diffusers, or a file of weights (`.safetensors`, or `.bin` of PyTorch).
    pub from: PathBuf,
    /// Which checkpoint of a run.
    pub checkpoint: CheckpointChoice,
    /// Which weights of a run, or of a model with a folder `unet_ema`.
    pub weights: WeightSet,
    /// The variant of the files of a model.
    pub variant: Option<String>,
    /// Whether tensors that are missing or of another shape keep their initial values. Otherwise they are refused.
    pub partial: bool,
}

impl InitialWeights {
    /// The averaged weights of a run's newest checkpoint, or those of a model; all tensors must fit.
    pub fn new(from: impl Into<PathBuf>) -> Self {
        Self {
            from: from.into(),
            checkpoint: CheckpointChoice::Newest,
            weights: WeightSet::Average,
            variant: None,
            partial: false,
        }
    }

    /// Reads the weights by name.
    ///
    /// # Errors
    /// A path that is none of these; a damaged file.
    pub fn read(&self) -> Result<StateDict, Error> {
        let path = &self.from;
        let is_run = is_checkpoint(path) || RunFolder::new(path).exists();
        if self.checkpoint != CheckpointChoice::Newest && !is_run {
            return Err(Error::field(
                "step",
                self.checkpoint,
                format!("{} is no run, and has no steps; leave it out", path.display()),
            ));
        }
        if path.is_file() {
            return Ok(StateDict::read(path)?);
        }
        if is_run {
            let checkpoint = find_checkpoint_at(path, self.checkpoint)?;
            let config = RunConfig::load(&checkpoint.join("config.toml"), &[])?;
            return state_dict(&checkpoint, self.weights, &config);
        }
        if !path.is_dir() {
            let message = "is no run, no model of diffusers and no file of weights".into();
            return Err(Error::File { path: path.clone(), message });
        }
        let folder = DiffusersFolder::open(path, self.variant.as_deref())?;
        let files = match (&folder.averages, self.weights) {
            (Some(averages), WeightSet::Average) => averages,
            _ => &folder.weights,
        };
        DiffusersFolder::read(files)
    }

    /// Gives a network these weights.
    ///
    /// # Errors
    /// Those of [`InitialWeights::read`]; every tensor that does not fit, unless `partial`; none that fits at all.
    pub fn load_into<M: Module>(&self, network: M, monitor: &dyn Monitor) -> Result<M, Error> {
        let weights = self.read()?;
        let count = StateDict::of(&network).shapes().count();
        let (network, report) = weights.load_into(network);
        if !self.partial {
            report.check(&self.from)?;
        }
        let left = report.missing.len() + report.mismatched.len();
        if left == count {
            let message = "has no tensor of this network's names and shapes".into();
            return Err(Error::File { path: self.from.clone(), message });
        }
        self.say(&report, count - left, count, monitor);
        Ok(network)
    }

    fn say(&self, report: &LoadReport, loaded: usize, count: usize, monitor: &dyn Monitor) {
        let from = self.from.display();
        monitor.say(&format!("initial weights: {loaded} of {count} tensors from {from}; the optimiser starts anew"));
        for line in report.lines() {
            monitor.say(&format!("not taken: {line}"));
        }
    }
}

impl From<&Path> for InitialWeights {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}
