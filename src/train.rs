//! Training: from a configuration to a trained run, with checkpoints, previews and a report on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{Conditions, Dataset};
use fokker_model::{ConditionShape, Network, NetworkVisitor, Precision};
use fokker_ranks::Ranks;
use fokker_training::{Callbacks, Outcome, Previews, RunFolder, Trainer, TrainingPlan};

use crate::backend::ChosenDevice;
use crate::config::RunConfig;
use crate::continuation::{Continuation, ResumeRequest};
use crate::draw::{DrawRequest, ScoreSpec, draw};
use crate::error::Error;
use crate::evaluation::{Evaluations, is_owed};
use crate::initial_weights::InitialWeights;
use crate::monitor::Monitor;
use crate::opening::{TrainingData, open_data};
use crate::report::{ReportPage, write_report};
use crate::samples::{NotFinite, write_samples};
use crate::sessions::Sessions;
use crate::together::Together;
use crate::watch::Watch;

/// How a training ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trained {
    /// The run's folder.
    pub folder: PathBuf,
    /// Whether it came to its end; otherwise it was interrupted, saved, and can be resumed.
    pub finished: bool,
    /// Whether that was before the last step, because nothing was left to learn (`training.early_stopping`).
    pub ended_early: bool,
}

/// Trains a new run, or goes on with the one that is there, as [`crate::resume()`] does.
///
/// # Errors
/// Anything that keeps the run from starting or going on, such as another process that trains it; what was saved stays.
pub fn train(config: &RunConfig, resume: bool, monitor: &dyn Monitor) -> Result<Trained, Error> {
    let alone = Together { ranks: &Ranks::alone(), monitor };
    match resume {
        true => go_on(config, RunFolder::new(config.run_folder()), &ResumeRequest::default(), &alone),
        false => alone.train(config),
    }
}

/// Trains a new run from the weights of another one, or of a model. They are kept as the checkpoint of step 0.
///
/// # Errors
/// Weights that do not fit; those of [`train`].
pub fn fine_tune(config: &RunConfig, initial: &InitialWeights, monitor: &dyn Monitor) -> Result<Trained, Error> {
    Together { ranks: &Ranks::alone(), monitor }.fine_tune(config, initial)
}

/// Trains a new run.
pub(crate) fn start(
    config: &RunConfig,
    initial: Option<&InitialWeights>,
    together: &Together<'_>,
) -> Result<Trained, Error> {
    let folder = RunFolder::new(config.run_folder());
    if together.ranks.is_first() && folder.exists() {
        // Refused before the data are read. By whom it is trained, if by somebody, is worth more than that it is there.
        let _lock = folder.lock()?;
        folder.create(&config.to_toml()?)?;
    }
    run(Training { config, folder, start: Start::New(initial), together })
}

/// Goes on with the run in a folder, which rank 0 does.
pub(crate) fn go_on(
    config: &RunConfig,
    folder: RunFolder,
    request: &ResumeRequest,
    together: &Together<'_>,
) -> Result<Trained, Error> {
    let monitor = together.monitor;
    let _lock = folder.lock()?;
    folder.clean()?;
    let continuation = together.ranks.own_work(|| Continuation::plan(config, &folder, request, monitor))?;
    let (config, step) = (&continuation.config, continuation.step);
    let steps = config.training.steps;
    together.ranks.broadcast(config.to_toml()?.into_bytes())?;
    let [done] = together.ranks.any([step >= steps && !is_owed(config, &folder, step)?])?;
    if done {
        monitor.say(&format!(
            "all {steps} steps are done: the run is at step {step}. It goes on with more of them, such as training.steps={}",
            2 * step
        ));
        if let Err(error) = write_report(&folder) {
            monitor.warn(&error.to_string());
        }
        return Ok(Trained { folder: folder.path().into(), finished: true, ended_early: false });
    }
    run(Training { config, folder, start: Start::At(&continuation), together })
}

/// Goes on with the run that rank 0 goes on with, which the others do.
pub(crate) fn follow(together: &Together<'_>) -> Result<Trained, Error> {
    let text = together.ranks.broadcast(Vec::new())?;
    let config = RunConfig::parse(&String::from_utf8_lossy(&text), Path::new("config.toml of rank 0"), &[])?;
    let folder = RunFolder::new(config.run_folder());
    let [done] = together.ranks.any([false])?;
    if done {
        return Ok(Trained { folder: folder.path().into(), finished: true, ended_early: false });
    }
    run(Training { config: &config, folder, start: Start::Following, together })
}

fn run(training: Training<'_>) -> Result<Trained, Error> {
    fokker_kernels::with_cpu_runtime(|| {
        let (config, Together { ranks, monitor }) = (training.config, *training.together);
        config.training.validate_for_ranks(ranks.size())?;
        let chosen = config.backend.resolve_at(ranks.place())?;
        let mut config = config.clone();
        config.training.precision = config.training.precision.on(&chosen.device);
        let (config, is_chosen) = (&config, training.config.training.precision == Precision::Auto);
        if is_chosen {
            monitor.say(&format!("training.precision: {}, the faster one here", config.training.precision.name()));
        }
        monitor.say(&format!("network: {}", config.training_memory()?));
        if !chosen.backend.is_gpu() {
            config.check_memory()?.iter().for_each(|warning| monitor.warn(warning));
        }
        if let Some(extractor) = config.evaluation.as_ref().and_then(|evaluation| evaluation.extractor.as_ref()) {
            ranks.own_work(|| extractor.prepare())?;
            if let Some(checksum) = extractor.version() {
                let kind = extractor.kind();
                monitor.say(&format!("evaluations: extractor {kind}, weights with the SHA-256 {checksum}"));
            }
        }
        let TrainingData { train, validation, config } = ranks.own_work(|| open_data(config, monitor))?;
        training.together.agree_on_data(&config, &*train)?;
        config.validate_classes(train.classes())?;
        for warning in config.warnings()? {
            monitor.warn(&warning);
        }
        let training = Training { config: &config, ..training };
        let work = Work { training, chosen: &chosen, train, validation };
        config.network.build(config.seed, &chosen.device, work)?
    })
}

/// What is trained.
struct Training<'a> {
    config: &'a RunConfig,
    folder: RunFolder,
    start: Start<'a>,
    together: &'a Together<'a>,
}

/// Where a training begins.
enum Start<'a> {
    /// With a folder that is made for it, and perhaps with weights of somebody else.
    New(Option<&'a InitialWeights>),
    /// With a folder that is there, and locked.
    At(&'a Continuation),
    /// Where rank 0 is.
    Following,
}

/// Trains the network it is given.
struct Work<'a> {
    training: Training<'a>,
    chosen: &'a ChosenDevice,
    train: Arc<dyn Dataset>,
    validation: Option<Arc<dyn Dataset>>,
}

impl NetworkVisitor for Work<'_> {
    type Output = Result<Trained, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Trained, Error> {
        let Self { training: Training { config, folder, start, together }, chosen, train, validation } = self;
        let Together { ranks, monitor } = *together;
        let text = config.to_toml()?;
        monitor.say(&format!("run {}, on {}", folder.path().display(), described(chosen, ranks)));
        let held_out = validation.as_ref().map_or("nothing".into(), |validation| validation.len().to_string());
        let (name, examples) = (train.name(), train.len());
        monitor.say(&format!("data: {name}, {examples} examples to train on, {held_out} held out for validation"));
        if validation.is_none() && config.training.validate_every > 0 {
            let every = config.training.validate_every;
            monitor.say(&format!("training.validate_every = {every} has no effect: nothing is held out"));
        }
        let plan = config.training_plan(train.clone(), validation)?;
        let takes = network.condition();
        let condition = condition_of(&plan, takes, config.previews.count);
        let reading = ScoreSpec {
            process: plan.process.clone(),
            parameterization: config.parameterization,
            start: config.starting_data(None)?,
        };
        let evaluations =
            config.evaluation.as_ref().filter(|settings| settings.every > 0).map(|settings| Evaluations {
                settings,
                config,
                folder: &folder,
                data: plan.validation.as_ref().unwrap_or(&plan.train).clone(),
                reading: reading.clone(),
                condition: condition_of(&plan, takes, settings.count),
                device: chosen.device.clone(),
                ranks,
                monitor,
                reference: None,
            });
        let network = match start {
            Start::New(Some(initial)) if ranks.is_first() => ranks.own_work(|| initial.load_into(network, monitor))?,
            _ => network,
        };
        let mut trainer = Trainer::new(plan, network, &chosen.device)?;
        let mut lock = None;
        match start {
            Start::New(initial) if ranks.is_first() => {
                lock = Some(folder.lock()?);
                folder.clean()?;
                folder.create(&text)?;
                if initial.is_some() {
                    // A run that is stopped before its first checkpoint goes on from these weights too.
                    trainer.checkpoint()?.save(&folder.checkpoints(), &folder.set_aside(), &text)?;
                }
            }
            Start::At(continuation) => {
                match &continuation.checkpoint {
                    Some(checkpoint) => {
                        let step = trainer.resume_from(checkpoint)?;
                        monitor.say(&format!("resumed at step {step} of {}", config.training.steps));
                    }
                    None => monitor.say("there is no checkpoint yet: starting from the beginning"),
                }
                continuation.remember(&folder)?;
            }
            Start::New(_) | Start::Following => {}
        }
        let mut trainer = trainer.share_with(ranks.clone())?;
        let watch = Watch::new(monitor, trainer.step(), config.training.steps);
        let preview = Preview {
            config,
            folder: &folder,
            reading,
            shape: train.shape().to_vec(),
            condition,
            device: chosen.device.clone(),
            monitor,
        };
        let previews = Previews::new(config.previews.every, |step, average: &N| preview.draw::<N, D>(step, average));
        let sessions = Sessions::new(&folder, described(chosen, ranks));
        let mut callbacks = match ranks.is_first() {
            true => Callbacks::in_folder(&folder, text).with(watch).with(sessions).with(previews),
            false => Callbacks::new().with(watch),
        };
        if let Some(evaluations) = evaluations {
            callbacks = callbacks.with(evaluations);
        }
        if ranks.is_first() {
            callbacks = callbacks.with(ReportPage::new(&folder));
        }
        let outcome = trainer.train(&mut callbacks)?;
        drop(callbacks);
        drop(lock);
        let (finished, ended_early) = (outcome != Outcome::Interrupted, outcome == Outcome::EndedEarly);
        Ok(Trained { folder: folder.path().into(), finished, ended_early })
    }
}

/// The device, and how many ranks have one like it.
fn described(chosen: &ChosenDevice, ranks: &Ranks) -> String {
    match ranks.size() {
        1 => chosen.description.clone(),
        size => format!("{}, {size} ranks", chosen.description),
    }
}

/// Draws pictures while training.
struct Preview<'a> {
    config: &'a RunConfig,
    folder: &'a RunFolder,
    reading: ScoreSpec,
    shape: Vec<usize>,
    condition: Option<Conditions>,
    device: Device,
    monitor: &'a dyn Monitor,
}

impl Preview<'_> {
    fn draw<N: Network<D>, const D: usize>(&self, step: u64, average: &N) -> Result<(), String> {
        match self.try_draw::<N, D>(step, average) {
            Ok(()) | Err(Error::Interrupted) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn try_draw<N: Network<D>, const D: usize>(&self, step: u64, average: &N) -> Result<(), Error> {
        let count = self.config.previews.count;
        let mut request = DrawRequest::new(self.config.sampler.clone(), count);
        (request.batch_size, request.seed) = (count, self.config.seed);
        request.condition.clone_from(&self.condition);
        let values = draw::<N, D>(average, &self.reading, &request, &self.shape, &self.device, self.monitor)?;
        let samples = self.config.samples(&self.shape);
        // Points in the plane are seen.
        let extension = if samples.is_plane() { "png" } else { samples.extension() };
        let path = self.folder.samples().join(format!("step-{step:08}.{extension}"));
        let columns = (count as f64).sqrt().ceil() as usize;
        write_samples(&values, &samples, 0, columns, &path)?;
        let not_finite = NotFinite::among(&values, self.shape.iter().product(), 0);
        if let Err(error) = not_finite.check("samples of the preview") {
            tracing::warn!("{}: {error}", path.display());
        }
        Ok(())
    }
}

/// The conditions of the first examples that are held out, or learnt from, if the network needs more than classes.
fn condition_of(plan: &TrainingPlan, takes: ConditionShape, count: usize) -> Option<Conditions> {
    let data = plan.validation.as_ref().unwrap_or(&plan.train);
    let needs_more = takes.vector.is_some() || takes.array.is_some();
    needs_more.then(|| Conditions::of(&**data, (0..count).map(|number| number % data.len())))
}
