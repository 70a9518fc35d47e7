//! One step: inputs, gradient, update.

use burn::backend::GradientCheckpointingStrategy;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use fokker_datasets::{Batch, Conditions};
use fokker_model::layers::DropoutKey;
use fokker_model::{Condition, Network, NetworkScore, Precision};
use fokker_random::Index;
use rand::RngExt;

use super::Trainer;
use crate::breakdown::Lap;
use crate::condition;
use crate::config::{Recompute, TrainingConfig};
use crate::ema::ema_decay;
use crate::error::TrainingError;
use crate::gradients;
use crate::learning_rate::learning_rate;
use crate::loss;
use crate::objective::Randomness;
use crate::part_sum::{Part, PartSum, Sum, time_range};
use crate::readings::{StepReading, scale_on_device};
use crate::start::with_bridge;

/// What the loss of a batch is made of.
struct Inputs<N, const D: usize> {
    score: NetworkScore<N>,
    x0: Tensor<D>,
    randomness: Randomness<D>,
}

impl<N: Network<D>, const D: usize> Trainer<N, D> {
    /// Takes a step. Returns the learning rate, and what is known of the step: nothing on a device that computes ahead.
    pub(super) fn one_step(
        &mut self,
        micro_batches: Vec<Batch>,
        lap: &mut Lap,
    ) -> Result<(f64, Vec<StepReading>), TrainingError> {
        let settings = self.plan.training.clone();
        let step = self.state.step;
        let rate = learning_rate(settings.learning_rate, settings.warmup, settings.decay, step, settings.steps);
        let scale = self.loss_scale();
        let (format, inner) = (settings.gradients.format(), self.device.clone().inner());
        let mut sum = PartSum::new(&self.weights.network, &self.ranks, format, &inner);
        self.forget_moments_of_others();
        for (part, batch) in (self.ranks.rank() as u64..).step_by(self.ranks.size()).zip(micro_batches) {
            let micro_batch = step * settings.accumulation + part;
            let Inputs { score, x0, randomness } = self.inputs(batch, micro_batch);
            let times = time_range(&randomness.times);
            lap.add_to(&mut self.breakdown.inputs);
            let mut accumulator = GradientsAccumulator::new();
            let mut whole: Option<Tensor<1>> = None;
            for term in self.plan.objective.terms(&score, self.plan.truth.as_ref(), x0, randomness)? {
                let value = term.clone().inner();
                whole = Some(whole.map_or(value.clone(), |whole| whole + value));
                let term = if scale == 1.0 { term } else { term.mul_scalar(scale) };
                let gradients = GradientsParams::from_grads(term.backward(), &self.weights.network);
                accumulator.accumulate(&self.weights.network, gradients);
            }
            let loss = whole.expect("a loss has a term");
            lap.add_to(&mut self.breakdown.gradient);
            sum.add(&self.weights.network, Part { gradients: accumulator.grads(), loss, times })?;
            lap.add_to(&mut self.breakdown.exchange);
        }
        let Sum { mut gradients, losses, times, shared } = sum.finish(&self.weights.network)?;
        lap.add_to(&mut self.breakdown.exchange);
        let norm = match &shared {
            Some(shared) => shared.norm.clone(),
            None => self.optimizer.gradient_norm(&self.weights.network, &mut gradients),
        };
        let norm =
            norm.ok_or_else(|| TrainingError::config("network", "has no parameters that the loss depends on"))?;
        let loss = losses.mean();
        self.unread.push(step, loss.clone(), norm.clone(), times);
        let (share, decay) = (self.share(), ema_decay(settings.ema_decay, self.optimizer.updates() + 1));
        if self.computes_ahead() {
            let scale = scale_on_device(loss, norm, share, settings.gradient_clip);
            self.optimizer.step_scaled_on_device(&mut self.weights, &mut gradients, rate, scale, decay);
            lap.add_to(&mut self.breakdown.update);
            return Ok((rate, Vec::new()));
        }
        let readings = self.read()?;
        lap.add_to(&mut self.breakdown.gradient);
        if let Some(reading) = readings.last().filter(|reading| reading.non_finite().is_none()) {
            let clip = settings.gradient_clip.map_or(1.0, |limit| (limit / reading.gradient_norm).min(1.0));
            let scale = share * clip;
            if fokker_kernels::is_asynchronous(&self.device) {
                let scale = Tensor::from_data(TensorData::new(vec![scale as f32], [1]), &inner);
                self.optimizer.step_scaled_on_device(&mut self.weights, &mut gradients, rate, scale, decay);
            } else {
                self.optimizer.step(&mut self.weights, &mut gradients, rate, scale, decay);
            }
            lap.add_to(&mut self.breakdown.update);
            if let Some(shared) = shared {
                self.pass_on_updates(&shared, decay)?;
                lap.add_to(&mut self.breakdown.exchange);
            }
        }
        Ok((rate, readings))
    }

    /// What is not read yet of the steps so far: waits for the device. Steps that were not finite are counted, or stop the
    /// run.
    pub(super) fn read(&mut self) -> Result<Vec<StepReading>, TrainingError> {
        let readings = self.unread.read(self.share());
        for reading in &readings {
            let Some(what) = reading.non_finite() else { continue };
            if self.computes_ahead() {
                // The device has changed nothing in this step.
                self.optimizer.uncount_step();
            }
            self.skip_or_stop(reading, what)?;
        }
        Ok(readings)
    }

    /// Whether steps are taken before their numbers are known. Ranks that share a step wait for its numbers in any case.
    fn computes_ahead(&self) -> bool {
        fokker_kernels::is_asynchronous(&self.device) && self.ranks.size() == 1
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
            // The others have the range of single precision.
            _ => 1.0,
        }
    }

    /// A network's score, for examples of these conditions.
    pub(super) fn score_of(&self, network: &N, conditions: Conditions, device: &Device) -> NetworkScore<N> {
        let condition = condition::of(network.condition(), conditions, device);
        self.score_under(network, condition)
    }

    fn score_under(&self, network: &N, condition: Condition) -> NetworkScore<N> {
        NetworkScore::new(network.clone(), self.plan.process.clone(), self.plan.parameterization)
            .with_precision(self.plan.training.precision)
            .with_condition(condition)
    }

    /// What the loss of a training batch is made of: every random number is keyed by the micro-batch or the example.
    fn inputs(&self, batch: Batch, micro_batch: u64) -> Inputs<N, D> {
        let plan = &self.plan;
        let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
        let x0 = Tensor::from_data(TensorData::new(batch.values, shape), &self.device);
        let x0 = loss::state(&*plan.process, x0);
        let takes = self.weights.network.condition();
        let condition = condition::of(takes, batch.conditions, &self.device);
        let mut rng = Index::label_dropout(micro_batch).rng(plan.seed);
        let chances: Vec<f64> = (0..shape[0]).map(|_| rng.random()).collect();
        let TrainingConfig { class_dropout, condition_dropout, .. } = plan.training;
        let condition = condition::dropped(condition, takes, &chances, class_dropout, condition_dropout);
        let dropout = DropoutKey { seed: plan.seed, step: micro_batch, first: 0 };
        let network = match self.device.gradient_checkpointing_strategy() {
            Some(strategy @ GradientCheckpointingStrategy::Balanced) => {
                gradients::with_strategy(self.weights.network.clone(), strategy)
            }
            _ => self.weights.network.clone(),
        };
        let score = self.score_under(&network, condition).with_dropout(dropout);
        let blocks = plan.training.recompute == Recompute::Blocks;
        let score = if blocks { score.with_recomputed_blocks() } else { score };
        let place = (&*plan.process, plan.seed, micro_batch, batch.first_position);
        let (x0, randomness) = match &plan.start {
            None => {
                let randomness = plan.objective.draw(place.0, place.1, place.2, place.3, &x0);
                (x0, randomness)
            }
            Some(start) => {
                let positions = batch.first_position..batch.first_position + shape[0] as u64;
                let [x1, z] = start.draw(plan.seed, positions.map(Index::training_noise), &x0);
                let drawn = plan.objective.draw_with(place.0, place.1, place.2, place.3, &x0, x1);
                let [x0, noise] = with_bridge(start.bridge(), place.0, [x0, drawn.noise, z], &drawn.times);
                (x0, Randomness { noise, ..drawn })
            }
        };
        Inputs { score, x0, randomness }
    }

    fn skip_or_stop(&mut self, reading: &StepReading, what: &'static str) -> Result<(), TrainingError> {
        self.state.skipped += 1;
        let StepReading { step, times: [low, high], .. } = *reading;
        let allowance = self.state.skipped;
        if self.state.skipped <= self.plan.training.skip_non_finite {
            tracing::warn!("step {step}: the {what} is not finite; the step is skipped");
            return Ok(());
        }
        // The callback that writes checkpoints may know better.
        let last_good = "the start of the run (there is no checkpoint yet)".into();
        Err(TrainingError::NonFinite { step, what, times: format!("{low:.4} to {high:.4}"), last_good, allowance })
    }
}
