//! How much of a step the trainer itself takes, apart from the network.

use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use fokker::datasets::{Dataset, Split};
use fokker::model::{Network, NetworkVisitor};
use fokker::training::{Breakdown, Callbacks, CheckpointConfig, RunFolder, Trainer, TrainingConfig, TrainingPlan};

use fokker::Error;
use fokker::RunConfig;

/// Where the time of a run goes.
#[derive(Clone, Copy, Debug)]
pub struct TrainerCost {
    /// Milliseconds of a step, checkpoints aside.
    pub step_ms: f64,
    /// What it is made of.
    pub breakdown: Breakdown,
    /// Milliseconds to write a checkpoint.
    pub checkpoint_ms: f64,
    /// Steps between two checkpoints.
    pub checkpoint_every: u64,
}

/// Trains as a configuration says, with its data, for `steps` steps after a few that do not count, in a temporary
/// folder; without validation and previews.
///
/// # Errors
/// As [`train`](fokker::train()).
pub fn measure_trainer(config: &RunConfig, steps: u64) -> Result<TrainerCost, Error> {
    fokker_kernels::with_cpu_runtime(|| {
        let device = config.backend.resolve()?.device;
        config.network.build(config.seed, &device, Measurement { config, steps, device: &device })?
    })
}

/// Steps that do not count: those in which memory is got from the system.
pub(super) const FIRST: u64 = 5;

/// Measures the training of the network it is given.
struct Measurement<'a> {
    config: &'a RunConfig,
    steps: u64,
    device: &'a Device,
}

impl NetworkVisitor for Measurement<'_> {
    type Output = Result<TrainerCost, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<TrainerCost, Error> {
        measure(self.config, self.steps, &network, self.device)
    }
}

fn measure<N: Network<D>, const D: usize>(
    config: &RunConfig,
    steps: u64,
    network: &N,
    device: &Device,
) -> Result<TrainerCost, Error> {
    let sessions = Sessions::new(config, network, device, "")?;
    sessions.train(FIRST)?;
    let breakdown = sessions.train(FIRST + steps)?;
    Ok(TrainerCost {
        step_ms: step_ms(&breakdown),
        breakdown,
        checkpoint_ms: 1e3 * breakdown.checkpoints,
        checkpoint_every: config.checkpoints.every,
    })
}

/// Milliseconds of a step, checkpoints aside.
pub(super) fn step_ms(breakdown: &Breakdown) -> f64 {
    let Breakdown { data, inputs, gradient, exchange, update, records, observer, .. } = *breakdown;
    1e3 * (data + inputs + gradient + exchange + update + records + observer) / breakdown.steps as f64
}

/// A run in a temporary folder that is trained part by part, without validation and previews.
pub(super) struct Sessions<'a, N> {
    config: &'a RunConfig,
    network: &'a N,
    device: &'a Device,
    train: Arc<dyn Dataset>,
    run: RunFolder,
    _folder: Temporary,
}

impl<'a, N> Sessions<'a, N> {
    /// `name` distinguishes the runs of one process.
    pub(super) fn new(config: &'a RunConfig, network: &'a N, device: &'a Device, name: &str) -> Result<Self, Error> {
        let folder = Temporary(std::env::temp_dir().join(format!("fokker-bench-{}{name}", std::process::id())));
        let run = RunFolder::new(&folder.0);
        run.create(&config.to_toml()?)?;
        let train = config.data.open(Split::Train, config.seed)?;
        Ok(Self { config, network, device, train, run, _folder: folder })
    }

    /// Trains up to step `last`, from the last one of the session before; returns what the steps of this session took.
    pub(super) fn train<const D: usize>(&self, last: u64) -> Result<Breakdown, Error>
    where
        N: Network<D>,
    {
        let config = self.config;
        let plan = TrainingPlan {
            training: TrainingConfig { steps: last, validate_every: 0, ..config.training.clone() },
            checkpoints: CheckpointConfig { every: last, best: None, ..config.checkpoints.clone() },
            residuals: None,
            best: None,
            averages: None,
            ..config.training_plan(self.train.clone(), None)?
        };
        let mut trainer = Trainer::new(plan, self.network.clone(), self.device)?;
        trainer.resume(&self.run)?;
        trainer.train(&mut Callbacks::in_folder(&self.run, config.to_toml()?))?;
        Ok(trainer.breakdown())
    }
}

/// A folder that is gone when nobody needs it any more.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("cannot remove {}: {error}", self.0.display());
        }
    }
}

impl TrainerCost {
    /// As Markdown, a row for each part: milliseconds of a step and their share of it.
    pub fn table(&self) -> String {
        let steps = self.breakdown.steps as f64;
        let checkpoint = self.checkpoint_ms / self.checkpoint_every as f64;
        let whole = self.step_ms + checkpoint;
        let part = |seconds: f64| 1e3 * seconds / steps;
        let Breakdown { data, inputs, gradient, exchange, update, records, observer, .. } = self.breakdown;
        let rows = [
            ("loss and gradient", part(gradient)),
            ("sum of the gradients' parts", part(exchange)),
            ("Adam and running average", part(update)),
            ("times, noise, transfer", part(inputs)),
            ("waiting for data", part(data)),
            ("metrics and events", part(records + observer)),
            ("checkpoints", checkpoint),
        ];
        let mut table = String::from("| part | ms a step | share |\n|---|---|---|\n");
        for (name, milliseconds) in rows {
            table += &format!("| {name} | {milliseconds:.3} | {:.2} % |\n", 100.0 * milliseconds / whole);
        }
        table
    }
}
