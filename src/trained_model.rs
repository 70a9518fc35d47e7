//! A network that was trained in this program, to draw from.

use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{ConditionConfig, ConditionReader, Conditions, Preprocessing};
use fokker_model::{Network, NetworkScore, Parameterization};
use fokker_process::Process;
use fokker_sampling::{DataRange, Method, SamplerConfig};
use fokker_training::{Outcome, Trainer};

use crate::condition::{Given, conditions};
use crate::draw::{ScoreSpec, draw_network};
use crate::draw_options::Draw;
use crate::error::Error;
use crate::samples::{SampleKind, Samples};

/// The averaged weights of a [`Training`](crate::Training), with all that drawing needs.
pub struct TrainedModel<N: Network<D>, const D: usize> {
    network: N,
    reading: ScoreSpec,
    preprocessing: Preprocessing,
    shape: Vec<usize>,
    class_names: Vec<String>,
    sampler: SamplerConfig,
    device: Device,
    step: u64,
    is_finished: bool,
    is_image: bool,
}

impl<N: Network<D>, const D: usize> TrainedModel<N, D> {
    /// What a trainer has arrived at, on the device that it trained on (without autodiff).
    pub(crate) fn new(trainer: &Trainer<N, D>, outcome: Outcome, device: &Device) -> Self {
        let plan = trainer.plan();
        let mut sampler = SamplerConfig::new(match plan.process.phase_space() {
            None => Method::PROBABILITY_FLOW,
            Some(_) => Method::SSCS,
        });
        if plan.train.is_image() {
            let (lowest, highest) = plan.preprocessing.data_range();
            sampler.range = DataRange::new(lowest, highest);
        }
        Self {
            network: trainer.ema().clone(),
            reading: ScoreSpec {
                process: plan.process.clone(),
                parameterization: plan.parameterization,
                start: plan.start.clone(),
            },
            preprocessing: plan.preprocessing.clone(),
            shape: plan.train.shape().to_vec(),
            class_names: plan.train.class_names().unwrap_or_default(),
            sampler,
            device: device.clone(),
            step: trainer.step(),
            is_finished: outcome != Outcome::Interrupted,
            is_image: plan.train.is_image(),
        }
    }

    /// The averaged weights.
    pub fn network(&self) -> &N {
        &self.network
    }

    /// The forward process.
    pub fn process(&self) -> &Arc<dyn Process> {
        &self.reading.process
    }

    /// What the network's output means.
    pub fn parameterization(&self) -> Parameterization {
        self.reading.parameterization
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether all steps are done, or nothing was left to learn before; otherwise the monitor stopped the training.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// The score that the network guesses, `[batch, …]` → `[batch, …]`.
    pub fn score(&self) -> NetworkScore<N> {
        NetworkScore::new(self.network.clone(), self.reading.process.clone(), self.reading.parameterization)
    }

    /// Draws samples: so many, or as a [`Draw`] says. What it leaves out is as the probability flow's customary settings are.
    ///
    /// # Errors
    /// A sampler that does not fit the process, a class that there is not, a monitor that stops it.
    pub fn draw<'a>(&self, draw: impl Into<Draw<'a>>) -> Result<Samples, Error> {
        let draw = draw.into();
        let request = draw.request(&self.sampler, |class| self.class_number(class), |given| self.conditions(given))?;
        let (reading, shape, device) = (&self.reading, &self.shape, &self.device);
        let mut values = Vec::new();
        let cost = draw_network(&self.network, reading, &request, shape, device, draw.watched_by(), |batch| {
            values.extend_from_slice(batch.values);
            Ok(())
        })?;
        let preprocessing = self.preprocessing.clone();
        let kind = SampleKind { shape: shape.clone(), preprocessing, is_image: self.is_image, columns: None };
        Ok(Samples { values, cost, kind, first: request.first })
    }

    /// Conditions are taken as they are, as the data set gives them.
    fn conditions(&self, given: &[Given]) -> Result<Conditions, Error> {
        let takes = self.network.condition();
        let (none, stored) = (ConditionConfig::default(), (takes.vector, takes.array));
        conditions(given, &ConditionReader::new(&none, &Preprocessing::RAW, &self.shape, false, stored)?)
    }

    /// A class by its name, or by its number.
    fn class_number(&self, class: &str) -> Result<usize, Error> {
        match self.class_names.iter().position(|name| name == class) {
            Some(number) => Ok(number),
            None => class.parse().map_err(|_| {
                let names = self.class_names.join(", ");
                let known = if names.is_empty() { "classes of these data have numbers only" } else { &names };
                Error::Usage(format!("class {class}: there is no such class; {known}"))
            }),
        }
    }
}
