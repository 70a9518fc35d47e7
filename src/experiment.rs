//! From a run to its configuration, its checkpoints and samples.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use fokker_model::{Network, NetworkVisitor};
use fokker_training::{RunFolder, list_checkpoints, load_ema, newest_checkpoint, read_state};

use crate::config::RunConfig;
use crate::draw::{DrawRequest, Drawing, Reading, draw_network};
use crate::error::Error;
use crate::monitor::Monitor;

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
    if path.join("state.json").is_file() || path.join("checksums.json").is_file() {
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

/// Samples of a checkpoint.
#[derive(Clone, Debug)]
pub struct Samples {
    /// The network's values, sample after sample.
    pub values: Vec<f32>,
    /// The states on the way, if they were asked for.
    pub frames: Vec<Vec<f32>>,
    /// Network calls for one batch.
    pub network_calls: usize,
    /// What the sampler reports of itself.
    pub note: String,
    /// Shape of a sample.
    pub shape: Vec<usize>,
    /// The configuration the checkpoint was trained with.
    pub config: RunConfig,
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
    let path = checkpoint.join("config.toml");
    let config = RunConfig::load(&path, changes)?;
    let chosen = config.backend.resolve()?;
    let request = request(&config)?;
    let reading = Reading { process: config.build_process()?, parameterization: config.parameterization };
    request.sampler.validate(&*reading.process)?;
    let shape = config.data.shape()?;
    monitor.say(&format!("{} on {}", checkpoint.display(), chosen.description));
    let device = &chosen.device;
    let drawing = Draw { reading: &reading, request: &request, shape: &shape, device, monitor };
    let drawing = with_averaged(checkpoint, &config, device, drawing)?;
    let Drawing { values, frames, network_calls, note } = drawing;
    Ok(Samples { values, frames, network_calls, note, shape, config })
}

/// Draws from the network it is given.
struct Draw<'a> {
    reading: &'a Reading,
    request: &'a DrawRequest,
    shape: &'a [usize],
    device: &'a Device,
    monitor: &'a dyn Monitor,
}

impl NetworkVisitor for Draw<'_> {
    type Output = Result<Drawing, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Drawing, Error> {
        draw_network::<N, D>(&network, self.reading, self.request, self.shape, self.device, self.monitor)
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
    fokker_kernels::on_all_cores(|| config.network.build(config.seed, device, Averaged { checkpoint, visitor }))?
}

struct Averaged<'a, V> {
    checkpoint: &'a Path,
    visitor: V,
}

impl<T, V: NetworkVisitor<Output = Result<T, Error>>> NetworkVisitor for Averaged<'_, V> {
    type Output = Result<T, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<T, Error> {
        self.visitor.visit(load_ema(self.checkpoint, network)?)
    }
}
