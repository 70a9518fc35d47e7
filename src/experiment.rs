//! From a configuration to a trained run, and from a run to samples.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use burn::module::Module;
use burn::tensor::Device;
use fokker_datasets::{self as datasets, Dataset, Library, Split};
use fokker_model::{Network, NetworkVisitor};
use fokker_training::{
    Metrics, Observer, Outcome, RunFolder, Trainer, TrainingError, list_checkpoints, load_ema, newest_checkpoint,
    read_state,
};

use crate::backend::ChosenDevice;
use crate::config::RunConfig;
use crate::draw::{DrawRequest, Drawing, Reading, draw, draw_network, write_samples};
use crate::error::Error;
use crate::interrupt;
use crate::progress::{Progress, clock};
use crate::report::write_report;

/// How a training ended.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The run's folder.
    pub folder: PathBuf,
    /// Whether all steps are done; otherwise it was interrupted, saved, and can be resumed.
    pub finished: bool,
}

/// Trains a new run, or goes on with the one that is there.
///
/// # Errors
/// Anything that keeps the run from starting or going on; what was saved stays.
pub fn train(config: &RunConfig, resume: bool) -> Result<Trained, Error> {
    interrupt::listen();
    fokker_kernels::on_all_cores(|| {
        let chosen = config.backend.resolve()?;
        let (train, validation) = open_data(config)?;
        config.validate_classes(train.classes())?;
        for warning in config.warnings()? {
            eprintln!("warning: {warning}");
        }
        let mut config = config.clone();
        config.data.keep_class_names(train.class_names());
        let training = Training { config: &config, chosen: &chosen, train, validation, resume };
        config.network.build(config.seed, &chosen.device, training)?
    })
}

/// What is learnt from and what is held out, if anything.
type Data = (Arc<dyn Dataset>, Option<Arc<dyn Dataset>>);

/// Opens the data of a training, shows how far it has come, and says what was left out.
fn open_data(config: &RunConfig) -> Result<Data, Error> {
    let progress = std::sync::Mutex::new(None);
    let library = Library::from_env().with_progress(move |state| {
        let mut progress = progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (what, unit, done, total) = match state {
            datasets::Progress::Download { file, received, total } => {
                (file, "bytes", received, total.unwrap_or(received))
            }
            datasets::Progress::Pictures { done, total } => ("reading", "pictures", done as u64, total as u64),
        };
        let bar = progress.get_or_insert_with(|| Progress::new(what, unit, 0, total));
        bar.update(done, "");
        if done == total {
            bar.finish();
            *progress = None;
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let opened = config.data.open_parts(&library, &[Split::Train, Split::Validation], config.seed)?;
    opened.notes.iter().for_each(|note| eprintln!("data: {note}"));
    let train = opened.train.ok_or_else(|| Error::Usage("data: there is nothing to train on".into()))?;
    if let Some(names) = train.class_names() {
        eprintln!("{}", class_list(&names));
    }
    Ok((train, opened.validation))
}

/// Which class has which number, as far as a screen shows them.
fn class_list(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> =
        names.iter().enumerate().take(MOST).map(|(number, name)| format!("{number} = {name}")).collect();
    if names.len() > MOST {
        list.push(format!("and {} more (data.classes in the run's config.toml)", names.len() - MOST));
    }
    format!("classes: {}", list.join(", "))
}

/// Trains the network it is given.
struct Training<'a> {
    config: &'a RunConfig,
    chosen: &'a ChosenDevice,
    train: Arc<dyn Dataset>,
    validation: Option<Arc<dyn Dataset>>,
    resume: bool,
}

impl NetworkVisitor for Training<'_> {
    type Output = Result<Trained, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Trained, Error> {
        let Self { config, chosen, train, validation, resume } = self;
        let folder = RunFolder::new(config.run_folder());
        let text = config.to_toml();
        eprintln!(
            "run {}, {} parameters, on {}",
            folder.path().display(),
            Module::num_params(&network),
            chosen.description
        );
        let held_out = validation.as_ref().map_or("nothing".into(), |validation| validation.len().to_string());
        eprintln!("data: {}, {} examples to train on, {held_out} held out for validation", train.name(), train.len());
        if validation.is_none() && config.training.validate_every > 0 {
            eprintln!(
                "training.validate_every = {} has no effect: nothing is held out",
                config.training.validate_every
            );
        }
        let plan = config.training_plan(train.clone(), validation)?;
        let process = plan.process.clone();
        let mut trainer = Trainer::new(plan, folder.clone(), network, &chosen.device)?;
        if resume {
            match trainer.resume()? {
                Some(step) => eprintln!("resumed at step {step} of {}", config.training.steps),
                None => eprintln!("there is no checkpoint yet: starting from the beginning"),
            }
        } else {
            folder.create(&text)?;
        }
        let mut watch = Watch::<D> {
            config,
            folder: &folder,
            reading: Reading { process, parameterization: config.parameterization },
            shape: train.shape().to_vec(),
            device: chosen.device.clone(),
            progress: Progress::new("training", "steps", trainer.step(), config.training.steps),
        };
        let outcome = trainer.train(&text, &mut watch)?;
        watch.progress.finish();
        write_report(&folder)?;
        Ok(Trained { folder: folder.path().into(), finished: outcome == Outcome::Finished })
    }
}

/// Shows progress and draws previews.
struct Watch<'a, const D: usize> {
    config: &'a RunConfig,
    folder: &'a RunFolder,
    reading: Reading,
    shape: Vec<usize>,
    device: Device,
    progress: Progress,
}

impl<const D: usize, N: Network<D>> Observer<N> for Watch<'_, D> {
    fn step(&mut self, step: u64, loss: f64) {
        // Before the first reading there is none.
        let loss = if loss.is_nan() { String::new() } else { format!("loss {loss:.4}") };
        self.progress.update(step, &loss);
    }

    fn metrics(&mut self, metrics: &Metrics) {
        if let Some(validation_loss) = metrics.validation_loss {
            // A page that cannot be written is no reason to lose a run.
            if let Err(error) = write_report(self.folder) {
                tracing::warn!("{error}");
            }
            self.progress.line(&format!(
                "step {}, epoch {:.2}, {}: loss {:.4}, validation loss {validation_loss:.4}",
                metrics.step,
                metrics.epoch,
                clock(Duration::from_secs_f64(metrics.seconds)),
                metrics.loss,
            ));
        }
    }

    fn preview(&mut self, step: u64, ema: &N) -> Result<(), TrainingError> {
        let every = self.config.previews.every;
        if every == 0 || !step.is_multiple_of(every) {
            return Ok(());
        }
        match self.draw_preview(step, ema) {
            Ok(()) | Err(Error::Interrupted) => Ok(()),
            Err(error) => Err(TrainingError::file("cannot draw a preview into", self.folder.samples(), error)),
        }
    }

    fn stop_requested(&self) -> bool {
        interrupt::requested()
    }
}

impl<const D: usize> Watch<'_, D> {
    fn draw_preview<N: Network<D>>(&self, step: u64, ema: &N) -> Result<(), Error> {
        let count = self.config.previews.count;
        let mut request = DrawRequest::new(self.config.sampler.clone(), count);
        (request.batch_size, request.seed) = (count, self.config.seed);
        let values = draw(ema, &self.reading, &request, &self.shape, &self.device)?;
        let extension = if self.shape.len() == 1 && self.shape[0] != 2 { "csv" } else { "png" };
        let path = self.folder.samples().join(format!("step-{step:08}.{extension}"));
        let columns = (count as f64).sqrt().ceil() as usize;
        write_samples(&values, &self.shape, &self.config.preprocessing, 0, columns, &path)
    }
}

/// The configuration of a run that is there.
///
/// # Errors
/// A folder without a run.
pub fn run_config(folder: &Path, changes: &[String]) -> Result<RunConfig, Error> {
    let path = RunFolder::new(folder).config();
    if !path.is_file() {
        let message = "there is no run here (no config.toml)".into();
        return Err(Error::File { path: folder.into(), message });
    }
    RunConfig::load(&path, changes)
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
    match newest_checkpoint(&folder.checkpoints()) {
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
/// A damaged checkpoint, one of another architecture, a backend that is not there, a request that does not fit.
pub fn sample(
    checkpoint: &Path,
    changes: &[String],
    request: impl FnOnce(&RunConfig) -> Result<DrawRequest, Error>,
) -> Result<Samples, Error> {
    interrupt::listen();
    let path = checkpoint.join("config.toml");
    let config = RunConfig::load(&path, changes)?;
    let chosen = config.backend.resolve()?;
    let request = request(&config)?;
    let reading = Reading { process: config.build_process()?, parameterization: config.parameterization };
    request.sampler.validate(&*reading.process)?;
    let shape = config.data.shape()?;
    eprintln!("{} on {}", checkpoint.display(), chosen.description);
    let device = &chosen.device;
    let drawing = Draw { reading: &reading, request: &request, shape: &shape, device };
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
}

impl NetworkVisitor for Draw<'_> {
    type Output = Result<Drawing, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Drawing, Error> {
        draw_network::<N, D>(&network, self.reading, self.request, self.shape, self.device)
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
