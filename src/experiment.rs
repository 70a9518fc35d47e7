//! From a run to its configuration, its checkpoints and samples.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::Conditions;
use fokker_model::{Network, NetworkVisitor, StateDict};
use fokker_process::Process;
use fokker_ranks::{Place, Ranks};
use fokker_training::{
    RunFolder, WeightSet, folder_name, list_checkpoints, load_weights, newest_checkpoint, read_state, step_of,
};

use crate::backend::ChosenDevice;
use crate::checkpoint_choice::CheckpointChoice;
use crate::config::RunConfig;
use crate::draw::{DrawCost, DrawRequest, DrawnBatch, ScoreSpec, check_condition, check_precision, draw_network};
use crate::error::Error;
use crate::monitor::Monitor;
use crate::samples::{SampleKind, Samples};

/// The configuration of a run that is there.
///
/// # Errors
/// A folder without a run; a configuration that is damaged, with the place of a copy.
pub fn run_config(folder: &Path, changes: &[String]) -> Result<RunConfig, Error> {
    let path = RunFolder::new(folder).config();
    if !path.is_file() {
        let message = "there is no run here (no config.toml)".into();
        return Err(Error::File { path: folder.into(), message });
    }
    let copies = list_checkpoints(&RunFolder::new(folder).checkpoints());
    RunConfig::load(&path, changes).map_err(|error| match (error, copies.first()) {
        (Error::Config { path, message }, Some(copy)) if changes.is_empty() => {
            let copy = copy.join("config.toml");
            Error::Config { path, message: format!("{message}\nA copy that was whole is {}", copy.display()) }
        }
        (error, _) => error,
    })
}

/// The checkpoint that a path means: the path itself, or the newest whole one of a run.
///
/// # Errors
/// A folder that is neither, a run without checkpoints, or a damaged checkpoint.
pub fn find_checkpoint(path: &Path) -> Result<PathBuf, Error> {
    if is_checkpoint(path) {
        read_state(path)?;
        return Ok(path.into());
    }
    let folder = RunFolder::new(path);
    let refuse = |message: String| Err(Error::File { path: path.into(), message });
    if !folder.exists() {
        return refuse("is neither a run (no config.toml) nor a checkpoint (no state.json)".into());
    }
    match newest_checkpoint(&folder.checkpoints())? {
        Some(path) => Ok(path),
        None if list_checkpoints(&folder.checkpoints()).is_empty() => refuse("the run has no checkpoint yet".into()),
        None => refuse("every checkpoint of the run is damaged".into()),
    }
}

/// The checkpoint of a run that is chosen; the newest as [`find_checkpoint`].
///
/// # Errors
/// A step that the run has no checkpoint of, with those that there are; the best of a run that has none; those of
/// [`find_checkpoint`].
pub fn find_checkpoint_at(path: &Path, choice: CheckpointChoice) -> Result<PathBuf, Error> {
    let folder = RunFolder::new(path);
    let step = match choice {
        // With the message of a path that is no run.
        CheckpointChoice::Step(_) | CheckpointChoice::Best if !is_checkpoint(path) && !folder.exists() => {
            return find_checkpoint(path);
        }
        CheckpointChoice::Newest => return find_checkpoint(path),
        CheckpointChoice::Best => return find_checkpoint(&best_checkpoint(path)?),
        CheckpointChoice::Step(step) => step,
    };
    if is_checkpoint(path) {
        return match read_state(path)?.step {
            own if own == step => Ok(path.into()),
            own => Err(Error::field("step", step, format!("{} is of step {own}", path.display()))),
        };
    }
    let checkpoint = folder.checkpoints().join(folder_name(step));
    if !checkpoint.is_dir() {
        return Err(Error::field("step", step, no_such_step(&folder)));
    }
    find_checkpoint(&checkpoint)
}

/// The best checkpoint of a run.
fn best_checkpoint(path: &Path) -> Result<PathBuf, Error> {
    let refuse = |message: String| Err(Error::field("step", "best", message));
    if is_checkpoint(path) {
        return refuse(format!("{} is one checkpoint; name the run", path.display()));
    }
    let Some(best) = run_config(path, &[])?.best()? else {
        return refuse(
            "the run does not say what is best; train or resume it with checkpoints.best, such as \"validation_loss\" or \"frechet\""
                .into(),
        );
    };
    match best.checkpoint(&RunFolder::new(path))? {
        Some(checkpoint) => Ok(checkpoint),
        None => refuse(format!("no checkpoint of the run is of a step at which {} was measured", best.metric)),
    }
}

/// Whether a folder is a checkpoint, whole or damaged.
pub(crate) fn is_checkpoint(folder: &Path) -> bool {
    folder.join("state.json").is_file() || folder.join("checksums.json").is_file()
}

/// That a run has no checkpoint of a step, and which it has.
pub(crate) fn no_such_step(folder: &RunFolder) -> String {
    let checkpoints = list_checkpoints(&folder.checkpoints());
    let steps: Vec<String> = checkpoints.iter().rev().filter_map(|path| Some(step_of(path)?.to_string())).collect();
    let there = if steps.is_empty() { "no checkpoint".into() } else { format!("steps {}", steps.join(", ")) };
    format!("there is no such checkpoint; the run has {there}")
}

/// A checkpoint to draw from: its averaged weights, its configuration, and where to compute.
pub struct CheckpointSampler {
    checkpoint: PathBuf,
    config: RunConfig,
    shape: Vec<usize>,
    reading: ScoreSpec,
    chosen: ChosenDevice,
}

impl CheckpointSampler {
    /// Reads the configuration of a checkpoint, with `key=value` changes.
    ///
    /// # Errors
    /// A configuration that cannot be read, a backend that is not there.
    pub fn open(checkpoint: &Path, changes: &[String]) -> Result<Self, Error> {
        Self::open_at(checkpoint, changes, Ranks::alone().place())
    }

    /// The same for a rank, on the device that is its own.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_at(checkpoint: &Path, changes: &[String], place: Place) -> Result<Self, Error> {
        let config = RunConfig::load(&checkpoint.join("config.toml"), changes)?;
        let chosen = config.backend.resolve_at(place)?;
        let start = config.starting_data(None)?;
        let reading = ScoreSpec { process: config.build_process()?, parameterization: config.parameterization, start };
        let shape = config.data.shape()?;
        Ok(Self { checkpoint: checkpoint.into(), config, shape, reading, chosen })
    }

    /// The configuration that the checkpoint was trained with.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// What samples are.
    pub fn samples(&self) -> SampleKind {
        self.config.samples(&self.shape)
    }

    /// The shape of a sample.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The folder of the checkpoint.
    pub fn checkpoint(&self) -> &Path {
        &self.checkpoint
    }

    /// The forward process.
    pub fn process(&self) -> &Arc<dyn Process> {
        &self.reading.process
    }

    /// What turns the network into a score.
    pub(crate) fn reading(&self) -> &ScoreSpec {
        &self.reading
    }

    /// Says what is read and where it is computed, and gives the averaged weights to a visitor.
    pub(crate) fn with_network<'a, T: Send, V: NetworkVisitor<Output = Result<T, Error>> + Send>(
        &'a self,
        monitor: &dyn Monitor,
        visitor: impl FnOnce(&'a Device) -> V,
    ) -> Result<T, Error> {
        monitor.say(&format!("{} on {}", self.checkpoint.display(), self.chosen.description));
        let device = &self.chosen.device;
        with_averaged(&self.checkpoint, &self.config, device, visitor(device))
    }

    /// Checks everything about a request that needs no weights.
    ///
    /// # Errors
    /// Numbers that do not work, a sampler that does not fit the process.
    pub fn check(&self, request: &DrawRequest) -> Result<(), Error> {
        request.validate(&self.shape)?;
        check_precision(request.precision, &self.chosen.device)?;
        request.sampler.validate(&*self.reading.process)?;
        request.validate_guidance(&*self.reading.process)?;
        if let Some(guide) = &request.guide {
            let takes = self.config.network.condition();
            guide.check(&*self.reading.process, &self.shape, takes, request.unconditional)?;
            guide.check_data(&self.config)?;
        }
        if let Some(beginning) = &request.beginning {
            beginning.validate(request, &*self.reading.process, &self.shape)?;
        }
        if request.unconditional {
            self.config.check_null_class("unconditional")?;
        }
        if request.condition.as_ref() == Some(&Conditions::default()) && !self.config.trains_null_condition() {
            let message = "the null condition was never trained (training.condition_dropout is 0); give a condition";
            return Err(Error::field("condition", "none", message));
        }
        let network = &self.config.network;
        check_condition(network.condition(), network.has_null_class(), request, &self.shape)?;
        self.config.check_coupling(&request.sampler)
    }

    /// Draws samples and hands over each batch.
    ///
    /// # Errors
    /// A damaged checkpoint or one of another architecture, a request that does not fit, Ctrl-C, and what `keep` returns.
    pub fn draw(
        &self,
        request: &DrawRequest,
        monitor: &dyn Monitor,
        keep: impl FnMut(DrawnBatch) -> Result<(), Error> + Send,
    ) -> Result<DrawCost, Error> {
        self.check(request)?;
        let (reading, shape) = (&self.reading, &*self.shape);
        self.with_network(monitor, |device| Draw { reading, request, shape, device, monitor, keep })
    }

    /// Draws all samples of a request into memory.
    ///
    /// # Errors
    /// Those of [`CheckpointSampler::draw`].
    pub fn collect(&self, request: &DrawRequest, monitor: &dyn Monitor) -> Result<Samples, Error> {
        let mut values = Vec::new();
        let cost = self.draw(request, monitor, |batch| {
            values.extend_from_slice(batch.values);
            Ok(())
        })?;
        Ok(Samples { values, cost, kind: self.samples(), first: request.first })
    }
}

/// Draws samples from the averaged weights of a checkpoint. `request` is made from the run's configuration.
///
/// # Errors
/// A damaged checkpoint, one of another architecture, a backend that is not there, a request that does not fit;
/// a monitor that stops it.
pub fn sample(
    checkpoint: &Path,
    changes: &[String],
    request: impl FnOnce(&RunConfig) -> Result<DrawRequest, Error>,
    monitor: &dyn Monitor,
) -> Result<Samples, Error> {
    let sampler = CheckpointSampler::open(checkpoint, changes)?;
    sampler.collect(&request(sampler.config())?, monitor)
}

/// Draws from the network it is given.
struct Draw<'a, K> {
    reading: &'a ScoreSpec,
    request: &'a DrawRequest,
    shape: &'a [usize],
    device: &'a Device,
    monitor: &'a dyn Monitor,
    keep: K,
}

impl<K: FnMut(DrawnBatch) -> Result<(), Error> + Send> NetworkVisitor for Draw<'_, K> {
    type Output = Result<DrawCost, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<DrawCost, Error> {
        let Self { reading, request, shape, device, monitor, keep } = self;
        draw_network::<N, D>(&network, reading, request, shape, device, monitor, keep)
    }
}

/// Builds the network of a configuration, gives it the averaged weights of a checkpoint, and hands it on.
///
/// # Errors
/// A damaged checkpoint, one of another architecture, and those of the visitor.
pub fn with_averaged<T: Send>(
    checkpoint: &Path,
    config: &RunConfig,
    device: &Device,
    visitor: impl NetworkVisitor<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    with_weights(checkpoint, WeightSet::Average, config, device, visitor)
}

/// The same with either set of weights.
pub(crate) fn with_weights<T: Send>(
    checkpoint: &Path,
    set: WeightSet,
    config: &RunConfig,
    device: &Device,
    visitor: impl NetworkVisitor<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let loaded = Loaded { checkpoint, set, visitor };
    fokker_kernels::with_cpu_runtime(|| config.network.build(config.seed, device, loaded))?
}

struct Loaded<'a, V> {
    checkpoint: &'a Path,
    set: WeightSet,
    visitor: V,
}

impl<T, V: NetworkVisitor<Output = Result<T, Error>>> NetworkVisitor for Loaded<'_, V> {
    type Output = Result<T, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<T, Error> {
        self.visitor.visit(load_weights(self.checkpoint, self.set, network)?)
    }
}

/// The weights of a checkpoint by name.
///
/// # Errors
/// A damaged checkpoint, one of another architecture.
pub(crate) fn state_dict(checkpoint: &Path, set: WeightSet, config: &RunConfig) -> Result<StateDict, Error> {
    struct Collect;
    impl NetworkVisitor for Collect {
        type Output = Result<StateDict, Error>;

        fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<StateDict, Error> {
            Ok(StateDict::of(&network))
        }
    }
    with_weights(checkpoint, set, config, &Device::flex(), Collect)
}
