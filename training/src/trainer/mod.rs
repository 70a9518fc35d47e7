//! The step loop.

mod evaluation;
mod interval;
mod observer;
mod plan;
mod records;
mod step;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use fokker_datasets::Batches;
use fokker_model::Network;

use crate::breakdown::{Breakdown, Lap};
use crate::checkpoint::{self, Checkpoint, TrainingState};
use crate::config::Recompute;
use crate::error::TrainingError;
use crate::optimizer::{ModuleAdam, Weights};
use crate::readings::Unread;
use crate::run::RunFolder;
use crate::score_fpe::Residuals;
pub use evaluation::Validation;
use interval::Interval;
pub use observer::{Metrics, Observer, Outcome};
pub use plan::TrainingPlan;
use records::Records;

/// A network in training: its weights, their average, the optimiser, and how far it got.
pub struct Trainer<N: Network<D>, const D: usize> {
    plan: TrainingPlan,
    run: RunFolder,
    device: Device,
    weights: Weights<N>,
    optimizer: ModuleAdam,
    state: TrainingState,
    batches: Arc<Batches>,
    breakdown: Breakdown,
    unread: Unread,
}

impl<N: Network<D>, const D: usize> Trainer<N, D> {
    /// A new training of `network`, which lives on `device` (without autodiff).
    ///
    /// # Errors
    /// Numbers in the plan that do not work.
    pub fn new(plan: TrainingPlan, run: RunFolder, network: N, device: &Device) -> Result<Self, TrainingError> {
        plan.training.validate()?;
        plan.checkpoints.validate()?;
        plan.objective.validate()?;
        plan.optimizer.validate()?;
        plan.residuals.map_or(Ok(()), |residuals| residuals.validate())?;
        if plan.objective.needs_truth() && plan.truth.is_none() {
            let message = "needs data whose score is known: data.kind = \"mixture\"";
            return Err(TrainingError::config("objective.loss", message));
        }
        let precision = plan.training.precision;
        if precision.dtype().is_some_and(|dtype| !device.supports_dtype(dtype)) {
            let message = format!("{device:?} does not compute in {}; set precision = \"f32\"", precision.name());
            return Err(TrainingError::config("training.precision", message));
        }
        let tracked = device.clone().autodiff();
        let tracked = match plan.training.recompute {
            Recompute::Nothing => tracked,
            Recompute::Activations => tracked.gradient_checkpointing(),
            Recompute::Blocks if network.has_blocks() => tracked,
            Recompute::Blocks => {
                let message = "this network has no blocks; U-Nets do";
                return Err(TrainingError::config("training.recompute", message));
            }
        };
        let batch_size = plan.training.batch_size;
        let batches = Arc::new(Batches::new(plan.train.clone(), plan.preprocessing, batch_size, plan.seed)?);
        Ok(Self {
            optimizer: ModuleAdam::new(plan.optimizer.clone()),
            run,
            device: tracked,
            weights: Weights::new(network),
            state: TrainingState::default(),
            batches,
            breakdown: Breakdown::default(),
            unread: Unread::default(),
            plan,
        })
    }

    /// Goes on from the newest checkpoint that is whole. Returns the step, or `None` if there is no checkpoint.
    ///
    /// # Errors
    /// Weights of another architecture; checkpoints that are all damaged, or of a later version of fokker.
    pub fn resume(&mut self) -> Result<Option<u64>, TrainingError> {
        let folder = self.run.checkpoints();
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
        self.optimizer = ModuleAdam::restore(self.plan.optimizer.clone(), &saved.moments, saved.state.updates);
        self.state = saved.state;
        Ok(self.state.step)
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

    /// Trains to the last step, saving on the way. `config` is stored in every checkpoint. What the run has of later
    /// steps than this trainer's is moved out of the way ([`RunFolder::go_back_to`]).
    ///
    /// On a full disk training goes on, with a warning, and tries again: lines of metrics wait, and the next checkpoint
    /// takes the place of the one that was not written. Only the last one must be written.
    ///
    /// # Errors
    /// Numbers that are not finite, files that cannot be written, data that cannot be read.
    pub fn train(&mut self, config: &str, observer: &mut dyn Observer<N>) -> Result<Outcome, TrainingError> {
        let plan = self.plan.clone();
        let settings = &plan.training;
        if let Some(folder) = self.run.go_back_to(self.state.step)? {
            observer.warn(&format!(
                "what was made after step {} is set aside in {}",
                self.state.step,
                folder.display()
            ));
        }
        let mut records = Records::open(&self.run, self.state.step)?;
        let mut prefetch = self.batches.clone().prefetch(self.state.step * settings.accumulation, 4)?;
        let (start, seconds_before) = (Instant::now(), self.state.seconds);
        let (mut interval, mut since) = (Interval::default(), Instant::now());
        let mut loss = f64::NAN;
        let mut lap = Lap::start();
        if self.state.step < settings.steps && observer.stop_requested() {
            return Ok(Outcome::Interrupted);
        }
        while self.state.step < settings.steps {
            let micro_batches = prefetch.by_ref().take(settings.accumulation as usize).collect();
            lap.add_to(&mut self.breakdown.data);
            let (learning_rate, mut readings) = self.one_step(micro_batches, &mut lap)?;
            self.breakdown.steps += 1;
            self.state.step += 1;
            self.state.seconds = seconds_before + start.elapsed().as_secs_f64();
            let step = self.state.step;
            let due = |every: u64| every > 0 && (step.is_multiple_of(every) || step == settings.steps);
            let residuals_every = plan.residuals.map_or(0, |residuals| residuals.every);
            let line_is_due = due(settings.log_every) || due(settings.validate_every) || due(residuals_every);
            if line_is_due || due(plan.checkpoints.every) {
                readings.extend(self.read()?);
                lap.add_to(&mut self.breakdown.gradient);
            }
            for reading in readings {
                loss = reading.loss;
                interval.add(&reading);
            }
            observer.step(step, loss);
            lap.add_to(&mut self.breakdown.observer);
            if line_is_due {
                let examples = interval.steps as f64 * settings.batch_size as f64 * settings.accumulation as f64;
                let examples_per_second = examples / since.elapsed().as_secs_f64();
                let validation = match due(settings.validate_every) {
                    true => self.validation_loss()?,
                    false => None,
                };
                let residuals = if due(residuals_every) { self.residuals()? } else { Vec::new() };
                lap.add_to(&mut self.breakdown.validation);
                let line = Metrics {
                    step,
                    epoch: self.batches.epochs(step * settings.accumulation),
                    loss: interval.loss(),
                    not_finite: interval.not_finite,
                    gradient_norm: interval.gradient_norm,
                    learning_rate,
                    examples_per_second: Some(examples_per_second).filter(|rate| rate.is_finite()),
                    seconds: self.state.seconds,
                    skipped: self.state.skipped,
                    validation_loss: validation.and_then(|validation| validation.loss),
                    validation_not_finite: validation.map_or(0, |validation| validation.not_finite),
                    residuals: residuals.into_iter().filter(Residuals::is_finite).collect(),
                };
                records.write(&line, &mut |warning| observer.warn(warning))?;
                lap.add_to(&mut self.breakdown.records);
                observer.metrics(&line);
                interval = Interval::default();
                since = Instant::now();
            }
            observer.preview(step, &self.weights.average);
            // Whoever asks to stop while a preview is drawn waits for no further step.
            let stop = observer.stop_requested();
            lap.add_to(&mut self.breakdown.observer);
            if due(plan.checkpoints.every) || stop {
                self.read()?;
                let saved = records.flush().and_then(|()| self.save(config));
                match saved {
                    Err(error) if error.is_full_disk() && !stop && step < settings.steps => {
                        let cause = error.without_remedy();
                        observer.warn(&format!(
                            "step {step}: there is no checkpoint: {cause}. Training goes on; make room before the next one"
                        ));
                    }
                    saved => saved?,
                }
                lap.add_to(&mut self.breakdown.checkpoints);
            }
            if stop && step < settings.steps {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Finished)
    }

    /// Writes a checkpoint and deletes those that are too many.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn save(&self, config: &str) -> Result<(), TrainingError> {
        let checkpoint = Checkpoint {
            model: self.weights.network.valid(),
            ema: self.weights.average.clone(),
            moments: self.optimizer.moments(&self.weights.average),
            state: TrainingState { updates: self.optimizer.updates(), ..self.state.clone() },
        };
        checkpoint.save(&self.run.checkpoints(), &self.run.set_aside(), config)?;
        if let Err(error) = checkpoint::prune(&self.run.checkpoints(), self.plan.checkpoints.keep) {
            // One checkpoint too many is no reason to end.
            tracing::warn!("{error}");
        }
        Ok(())
    }
}
