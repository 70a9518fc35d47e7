//! The step loop.

use std::sync::Arc;
use std::time::Instant;

use burn::backend::GradientCheckpointingStrategy;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use fokker_datasets::{Batch, Batches, Dataset, Preprocessing, Sequential};
use fokker_model::layers::DropoutKey;
use fokker_model::{MixtureScore, Network, NetworkScore, Parameterization, Precision};
use fokker_process::Process;
use fokker_random::{Stream, rng};
use rand::RngExt;
use serde::Serialize;

use crate::breakdown::{Breakdown, Lap};
use crate::checkpoint::{self, Checkpoint, TrainingState};
use crate::config::{CheckpointConfig, Recompute, TrainingConfig};
use crate::ema::ema_decay;
use crate::error::TrainingError;
use crate::gradients;
use crate::learning_rate::learning_rate;
use crate::objective::{Objective, Randomness, example_noise};
use crate::optimizer::{ModuleAdam, OptimizerConfig, Weights};
use crate::readings::{Reading, Unread, scale_on_device};
use crate::run::{MetricsWriter, RunFolder};
use crate::score_fpe::{ResidualSums, Residuals, ResidualsConfig};
use crate::tensorboard::EventsWriter;

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
    /// The examples held out.
    pub validation: Arc<dyn Dataset>,
    /// The score of the data, if it is known.
    pub truth: Option<MixtureScore>,
    /// What is reported of the score Fokker–Planck equation, if anything.
    pub residuals: Option<ResidualsConfig>,
}

/// A line of `metrics.jsonl`. Fields that a line does not report are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Steps done.
    pub step: u64,
    /// Passes over the data.
    pub epoch: f64,
    /// Mean loss since the last line.
    pub loss: f64,
    /// Norm of the last gradient, before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Training examples a second since the last line.
    pub examples_per_second: f64,
    /// Seconds of training so far, all sessions together.
    pub seconds: f64,
    /// Steps skipped so far.
    pub skipped: u64,
    /// Loss of the averaged weights on held-out data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// The averaged weights and the score Fokker–Planck equation, at several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residuals: Vec<Residuals>,
}

/// Somebody who watches a run, draws previews and may ask it to stop.
pub trait Observer<N> {
    /// Called after every step with the loss of the step, or, on a device that computes beside the host, of the newest
    /// whose loss was read: NaN before the first.
    fn step(&mut self, _step: u64, _loss: f64) {}
    /// Called with every line of metrics.
    fn metrics(&mut self, _metrics: &Metrics) {}
    /// Called after a step with the averaged weights; an error stops the run.
    ///
    /// # Errors
    /// Whatever keeps a preview from being drawn.
    fn preview(&mut self, _step: u64, _ema: &N) -> Result<(), TrainingError> {
        Ok(())
    }
    /// Whether to save and leave.
    fn stop_requested(&self) -> bool {
        false
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// It was asked to stop, and saved.
    Interrupted,
}

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

/// What the loss of a batch is made of.
struct Inputs<N, const D: usize> {
    score: NetworkScore<N>,
    x0: Tensor<D>,
    randomness: Randomness<D>,
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
    /// Weights of another architecture; checkpoints that are all damaged.
    pub fn resume(&mut self) -> Result<Option<u64>, TrainingError> {
        let folder = self.run.checkpoints();
        let Some(path) = checkpoint::newest_valid(&folder) else {
            return match checkpoint::list(&folder).is_empty() {
                true => Ok(None),
                false => Err(TrainingError::Checkpoint {
                    path: folder,
                    message: "every checkpoint is damaged; delete the folder to start the run from the beginning"
                        .into(),
                }),
            };
        };
        let saved = Checkpoint::load(&path, &self.weights.average)?;
        self.weights = Weights { network: saved.model.train(), average: saved.ema };
        self.optimizer = ModuleAdam::restore(self.plan.optimizer.clone(), &saved.moments, saved.state.updates);
        self.state = saved.state;
        Ok(Some(self.state.step))
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

    /// Trains to the last step, saving on the way. `config` is stored in every checkpoint.
    ///
    /// # Errors
    /// Numbers that are not finite, files that cannot be written, data that cannot be read.
    pub fn train(&mut self, config: &str, observer: &mut dyn Observer<N>) -> Result<Outcome, TrainingError> {
        let plan = self.plan.clone();
        let settings = &plan.training;
        let mut metrics = MetricsWriter::open(&self.run.metrics(), self.state.step)?;
        let mut events = EventsWriter::create(self.run.path(), self.state.step)?;
        let mut prefetch = self.batches.clone().prefetch(self.state.step * settings.accumulation, 4)?;
        let (start, seconds_before) = (Instant::now(), self.state.seconds);
        let (mut losses, mut since) = (Vec::new(), Instant::now());
        let (mut loss, mut gradient_norm) = (f64::NAN, f64::NAN);
        let mut lap = Lap::start();
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
                (loss, gradient_norm) = (reading.loss, reading.gradient_norm);
                losses.push(loss);
            }
            observer.step(step, loss);
            lap.add_to(&mut self.breakdown.observer);
            let stop = observer.stop_requested();
            if line_is_due {
                let examples = losses.len() as f64 * settings.batch_size as f64 * settings.accumulation as f64;
                let examples_per_second = examples / since.elapsed().as_secs_f64();
                let validation_loss = due(settings.validate_every).then(|| self.validation_loss()).transpose()?;
                let residuals = if due(residuals_every) { self.residuals()? } else { Vec::new() };
                lap.add_to(&mut self.breakdown.validation);
                let line = Metrics {
                    step,
                    epoch: self.batches.epochs(step * settings.accumulation),
                    loss: losses.iter().sum::<f64>() / losses.len() as f64,
                    gradient_norm,
                    learning_rate,
                    examples_per_second,
                    seconds: self.state.seconds,
                    skipped: self.state.skipped,
                    validation_loss,
                    residuals,
                };
                metrics.write(&line)?;
                events.metrics(&line)?;
                lap.add_to(&mut self.breakdown.records);
                observer.metrics(&line);
                losses.clear();
                since = Instant::now();
            }
            observer.preview(step, &self.weights.average)?;
            lap.add_to(&mut self.breakdown.observer);
            if due(plan.checkpoints.every) || stop {
                self.read()?;
                self.save(config)?;
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
        checkpoint.save(&self.run.checkpoints(), config)?;
        checkpoint::prune(&self.run.checkpoints(), self.plan.checkpoints.keep)
    }

    /// Takes a step. Returns the learning rate, and what is known of the step: nothing on a device that computes ahead.
    fn one_step(&mut self, micro_batches: Vec<Batch>, lap: &mut Lap) -> Result<(f64, Vec<Reading>), TrainingError> {
        let settings = self.plan.training.clone();
        let step = self.state.step;
        let rate = learning_rate(settings.learning_rate, settings.warmup, settings.decay, step, settings.steps);
        let mut accumulator = GradientsAccumulator::new();
        let scale = self.loss_scale();
        let mut losses: Vec<Tensor<1>> = Vec::new();
        let mut all_times = Vec::new();
        for (part, batch) in (0u64..).zip(micro_batches) {
            let micro_batch = step * settings.accumulation + part;
            let Inputs { score, x0, randomness } = self.inputs(batch, micro_batch);
            all_times.extend_from_slice(&randomness.times);
            lap.add_to(&mut self.breakdown.inputs);
            let loss = self.plan.objective.loss(&score, self.plan.truth.as_ref(), x0, randomness);
            losses.push(loss.clone().inner());
            let loss = if scale == 1.0 { loss } else { loss.mul_scalar(scale) };
            let gradients = GradientsParams::from_grads(loss.backward(), &self.weights.network);
            accumulator.accumulate(&self.weights.network, gradients);
            lap.add_to(&mut self.breakdown.gradient);
        }
        let mut gradients = accumulator.grads();
        let norm = gradients::global_norm(&self.weights.network, &gradients);
        let norm = norm.expect("a network has parameters that are trained");
        let loss = Tensor::cat(losses, 0).mean();
        self.unread.push(step, loss.clone(), norm.clone(), &all_times);
        let (share, decay) = (self.share(), ema_decay(settings.ema_decay, self.optimizer.updates() + 1));
        if fokker_kernels::computes_ahead(&self.device) {
            let scale = scale_on_device(loss, norm, share, settings.gradient_clip);
            self.optimizer.step_by(&mut self.weights, &mut gradients, rate, scale, decay);
            lap.add_to(&mut self.breakdown.update);
            return Ok((rate, Vec::new()));
        }
        let readings = self.read()?;
        lap.add_to(&mut self.breakdown.gradient);
        if let Some(reading) = readings.last().filter(|reading| reading.non_finite().is_none()) {
            let clip = settings.gradient_clip.map_or(1.0, |limit| (limit / reading.gradient_norm).min(1.0));
            self.optimizer.step(&mut self.weights, &mut gradients, rate, share * clip, decay);
            lap.add_to(&mut self.breakdown.update);
        }
        Ok((rate, readings))
    }

    /// What is not read yet of the steps so far: waits for the device. Steps that were not finite are counted, or stop the
    /// run.
    fn read(&mut self) -> Result<Vec<Reading>, TrainingError> {
        let readings = self.unread.read(self.share());
        for reading in &readings {
            let Some(what) = reading.non_finite() else { continue };
            if fokker_kernels::computes_ahead(&self.device) {
                // The device has changed nothing in this step.
                self.optimizer.take_back();
            }
            self.skip_or_stop(reading, what)?;
        }
        Ok(readings)
    }

    /// What the sum of a step's gradients is to be multiplied by.
    fn share(&self) -> f64 {
        1.0 / (self.plan.training.accumulation as f64 * self.loss_scale())
    }

    /// What the loss is multiplied by before its gradient is taken. The loss is a mean, so the gradient of a single output
    /// is of the size of its error over the numbers of a batch, which half precision cannot hold; a power of two
    /// changes no digit.
    fn loss_scale(&self) -> f64 {
        let numbers = self.plan.training.batch_size * self.plan.train.shape().iter().product::<usize>();
        match self.plan.training.precision {
            Precision::F16 => (numbers as f64).log2().floor().exp2(),
            Precision::F32 | Precision::Bf16 => 1.0,
        }
    }

    /// A network's score, for examples of these labels.
    fn score_of(&self, network: &N, labels: Option<Vec<usize>>) -> NetworkScore<N> {
        let score = NetworkScore::new(network.clone(), self.plan.process.clone(), self.plan.parameterization)
            .with_precision(self.plan.training.precision);
        match network.classes().and(labels) {
            Some(labels) => score.with_classes(labels),
            None => score,
        }
    }

    /// What the loss of a training batch is made of: every random number is keyed by the micro-batch or the example.
    fn inputs(&self, batch: Batch, micro_batch: u64) -> Inputs<N, D> {
        let plan = &self.plan;
        let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
        let x0 = Tensor::from_data(TensorData::new(batch.values, shape), &self.device);
        let labels = self.weights.network.classes().zip(batch.labels).map(|(null, mut labels)| {
            let mut rng = rng(plan.seed, Stream::LabelDropout, micro_batch);
            for label in &mut labels {
                if rng.random::<f64>() < plan.training.class_dropout {
                    *label = null;
                }
            }
            labels
        });
        let dropout = DropoutKey { seed: plan.seed, step: micro_batch };
        let network = match self.device.gradient_checkpointing_strategy() {
            Some(strategy @ GradientCheckpointingStrategy::Balanced) => {
                gradients::with_strategy(self.weights.network.clone(), strategy)
            }
            _ => self.weights.network.clone(),
        };
        let score = self.score_of(&network, labels).with_dropout(dropout);
        let blocks = plan.training.recompute == Recompute::Blocks;
        let score = if blocks { score.with_recomputed_blocks() } else { score };
        let randomness = plan.objective.draw(&*plan.process, plan.seed, micro_batch, batch.first_position, &x0);
        Inputs { score, x0, randomness }
    }

    /// The loss of the averaged weights on the first held-out examples, with the same times and noise every time, and
    /// without a regulariser.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn validation_loss(&self) -> Result<f64, TrainingError> {
        let (plan, device) = (&self.plan, self.device.clone().inner());
        let batch_size = plan.training.batch_size;
        let held_out = Sequential::new(plan.validation.clone(), plan.preprocessing, batch_size, plan.seed)?;
        let (mut sum, mut count) = (0.0, 0usize);
        for (index, batch) in (0u64..).zip(held_out.iter()) {
            let size = batch.shape[0];
            // Partial batches would compile kernels for another shape; only a set smaller than a batch needs one.
            if count >= plan.training.validation_examples || (size < batch_size && count > 0) {
                break;
            }
            let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
            let positions = batch.first_position..batch.first_position + size as u64;
            let x0 = Tensor::from_data(TensorData::new(batch.values, shape), &device);
            let randomness = Randomness {
                noise: example_noise(plan.seed, Stream::Validation, positions.clone(), shape, &device),
                times: plan.objective.times(&*plan.process, plan.seed, Stream::Validation, !index, size),
                // Training never gets to positions this high.
                probes: plan.objective.loss.probes(plan.seed, positions.map(|position| (1 << 43) + position), &x0),
                regularizer: None,
            };
            let score = self.score_of(&self.weights.average, batch.labels);
            let loss = plan.objective.loss(&score, plan.truth.as_ref(), x0, randomness);
            sum += loss.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64")[0] * size as f64;
            count += size;
        }
        Ok(sum / count as f64)
    }

    /// The averaged weights and the score Fokker–Planck equation, on the first held-out examples.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn residuals(&self) -> Result<Vec<Residuals>, TrainingError> {
        let (plan, device) = (&self.plan, self.device.clone().inner());
        let Some(config) = plan.residuals else { return Ok(Vec::new()) };
        let examples = config.examples.min(plan.validation.len());
        let at_once = ResidualsConfig::at_once(plan.validation.size()).min(examples);
        let held_out = Sequential::new(plan.validation.clone(), plan.preprocessing, at_once, plan.seed)?;
        let times = config.times(&*plan.process);
        let mut sums = vec![ResidualSums::default(); times.len()];
        for batch in held_out.iter().take(examples.div_ceil(at_once)) {
            let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
            let count = shape[0].min(examples - batch.first_position as usize);
            let x0 = Tensor::from_data(TensorData::new(batch.values, shape), &device).narrow(0, 0, count);
            let score = self.score_of(&self.weights.average, batch.labels).first(count);
            for (sums, &t) in sums.iter_mut().zip(&times) {
                *sums += config.sums(&score, &x0, batch.first_position, plan.seed, t);
            }
        }
        Ok(sums.into_iter().zip(times).map(|(sums, t)| sums.at(t)).collect())
    }

    fn skip_or_stop(&mut self, reading: &Reading, what: &'static str) -> Result<(), TrainingError> {
        self.state.skipped += 1;
        let Reading { step, times: [low, high], .. } = *reading;
        if self.state.skipped <= self.plan.training.skip_non_finite {
            tracing::warn!("step {step}: the {what} is not finite; the step is skipped");
            return Ok(());
        }
        let last_good = match checkpoint::newest_valid(&self.run.checkpoints()) {
            Some(path) => path.display().to_string(),
            None => "the start of the run (there is no checkpoint yet)".into(),
        };
        Err(TrainingError::NonFinite { step, what, times: format!("{low:.4} to {high:.4}"), last_good })
    }
}
