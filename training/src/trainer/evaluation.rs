//! What is measured on held-out data.

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use fokker_datasets::Sequential;
use fokker_model::Network;
use fokker_random::Index;

use super::Trainer;
use crate::error::TrainingError;
use crate::example_noise::example_noise;
use crate::loss;
use crate::noise_levels::{NoiseLevel, NoiseLevels};
use crate::objective::Randomness;
use crate::score_fpe::{ResidualSums, Residuals, ResidualsConfig};
use crate::start::with_bridge;

/// What the averaged weights are worth on held-out examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// The mean loss; none if it is finite on no batch.
    pub loss: Option<f64>,
    /// Examples in batches whose loss is not finite.
    pub not_finite: u64,
}

impl<N: Network<D>, const D: usize> Trainer<N, D> {
    /// The loss of the averaged weights on the first held-out examples, with the same times and noise every time, and
    /// without a regulariser. Batches whose loss is not finite are counted and left out. None if nothing is held out.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn validation_loss(&self) -> Result<Option<Validation>, TrainingError> {
        let (plan, device) = (&self.plan, self.device.clone().inner());
        let Some(validation) = plan.validation.clone() else { return Ok(None) };
        let batch_size = plan.training.batch_size;
        let held_out = Sequential::new(validation, plan.preprocessing.clone(), batch_size, plan.seed)?;
        let (mut sum, mut count, mut not_finite) = (0.0, 0usize, 0usize);
        for (index, batch) in (0u64..).zip(held_out.iter()) {
            let size = batch.shape[0];
            // Partial batches would compile kernels for another shape; only a set smaller than a batch needs one.
            if count >= plan.training.validation_examples || (size < batch_size && count > 0) {
                break;
            }
            let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
            let positions = batch.first_position..batch.first_position + size as u64;
            let x0 = loss::state(&*plan.process, Tensor::from_data(TensorData::new(batch.values, shape), &device));
            let times = plan.objective.times(&*plan.process, plan.seed, Index::held_out_time(index), size);
            let indices = positions.clone().map(Index::held_out_noise);
            let [x0, noise] = match &plan.start {
                None => {
                    let noise = example_noise(plan.seed, indices, x0.dims(), &device);
                    [x0.clone(), plan.objective.coupling.join(&x0, noise)]
                }
                Some(start) => {
                    let [x1, z] = start.draw(plan.seed, indices, &x0);
                    let joined = plan.objective.coupling.join(&x0, x1);
                    with_bridge(start.bridge(), &*plan.process, [x0, joined, z], &times)
                }
            };
            let randomness = Randomness {
                noise,
                times,
                probes: plan.objective.loss.probes(plan.seed, Index::held_out_loss_probe, positions, &x0),
                regularizer: None,
            };
            let score = self.score_of(&self.weights.average, batch.conditions, &device);
            let loss = plan.objective.loss(&score, plan.truth.as_ref(), x0, randomness)?;
            let loss = loss.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64")[0];
            match loss.is_finite() {
                true => sum += loss * size as f64,
                false => not_finite += size,
            }
            count += size;
        }
        let loss = (count > not_finite).then(|| sum / (count - not_finite) as f64);
        Ok(Some(Validation { loss, not_finite: not_finite as u64 }))
    }

    /// The error in the noise of the averaged weights at [several noise levels](crate::NoiseLevel), which held-out examples take
    /// turns at, with the same noise every time. A quarter of the examples of the validation loss take part, or one batch. None if
    /// nothing is held out, under a process with velocities, and where paths begin with data.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn noise_levels(&self) -> Result<Vec<NoiseLevel>, TrainingError> {
        let (plan, device) = (&self.plan, self.device.clone().inner());
        let Some(validation) = plan.validation.clone() else { return Ok(Vec::new()) };
        if plan.process.phase_space().is_some() || plan.start.is_some() {
            return Ok(Vec::new());
        }
        let batch_size = plan.training.batch_size;
        let wanted = (plan.training.validation_examples / 4).max(1);
        let held_out = Sequential::new(validation, plan.preprocessing.clone(), batch_size, plan.seed)?;
        let mut levels = NoiseLevels::of(&*plan.process);
        let mut count = 0;
        for batch in held_out.iter() {
            let size = batch.shape[0];
            // As for the validation loss.
            if count >= wanted || (size < batch_size && count > 0) {
                break;
            }
            let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
            let positions = batch.first_position..batch.first_position + size as u64;
            let x0 = Tensor::from_data(TensorData::new(batch.values, shape), &device);
            let noise = example_noise(plan.seed, positions.map(Index::held_out_noise), x0.dims(), &device);
            let noise = plan.objective.coupling.join(&x0, noise);
            let score = self.score_of(&self.weights.average, batch.conditions, &device);
            let times: Vec<f64> = (count..count + size).map(|example| levels.time(example)).collect();
            let errors = loss::denoising(&score, x0, noise, &times).into_data_as::<f64>();
            levels.add(count, errors.as_slice::<f64>().expect("converted to f64"));
            count += size;
        }
        Ok(levels.found())
    }

    /// The averaged weights and the score Fokker–Planck equation, on the first held-out examples, or on the first training
    /// examples if nothing is held out.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn residuals(&self) -> Result<Vec<Residuals>, TrainingError> {
        let (plan, device) = (&self.plan, self.device.clone().inner());
        let Some(config) = plan.residuals else { return Ok(Vec::new()) };
        let data = plan.validation.as_ref().unwrap_or(&plan.train);
        let examples = config.examples.min(data.len());
        let at_once = ResidualsConfig::at_once(data.size()).min(examples);
        let held_out = Sequential::new(data.clone(), plan.preprocessing.clone(), at_once, plan.seed)?;
        let times = config.times(&*plan.process);
        let mut sums = vec![ResidualSums::default(); times.len()];
        for batch in held_out.iter().take(examples.div_ceil(at_once)) {
            let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
            let count = shape[0].min(examples - batch.first_position as usize);
            let x0 = Tensor::from_data(TensorData::new(batch.values, shape), &device).narrow(0, 0, count);
            let score = self.score_of(&self.weights.average, batch.conditions, &device).for_examples(0..count);
            for (sums, &t) in sums.iter_mut().zip(&times) {
                *sums += config.sums(&score, &x0, batch.first_position, plan.seed, t);
            }
        }
        Ok(sums.into_iter().zip(times).map(|(sums, t)| sums.at(t)).collect())
    }
}
