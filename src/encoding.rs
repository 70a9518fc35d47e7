//! Data to noise by the probability flow of a run, and back.

use burn::tensor::{Device, Tensor, TensorData};
use fokker_datasets::Conditions;
use fokker_model::{Network, NetworkVisitor};
use fokker_sampling::{CallCounter, Numbers, SamplerConfig};

use crate::draw::{DrawRequest, ScoreSpec, batch_score, check_condition};
use crate::error::Error;
use crate::experiment::CheckpointSampler;
use crate::inputs::Inputs;
use crate::monitor::Monitor;

/// How data are encoded.
#[derive(Clone, Debug)]
pub struct EncodingRequest {
    /// A deterministic sampler, whose walk is taken the other way.
    pub sampler: SamplerConfig,
    /// The class of all data, for a network with classes.
    pub class: Option<usize>,
    /// Whether a network with a condition is asked without.
    pub unconditional: bool,
    /// The conditions of the data in the network's units, as [`DrawRequest::condition`] has them: one for all, or one for each.
    pub condition: Option<Conditions>,
    /// Arrays encoded at once.
    pub batch_size: usize,
    /// Whether the noise is brought back to data.
    pub decode: bool,
}

impl EncodingRequest {
    /// By a sampler, and back.
    pub fn new(sampler: SamplerConfig) -> Self {
        Self { sampler, class: None, unconditional: false, condition: None, batch_size: 64, decode: true }
    }

    /// The request that draws `count` samples from the noise.
    pub fn drawing(&self, count: usize) -> DrawRequest {
        DrawRequest {
            class: self.class,
            unconditional: self.unconditional,
            condition: self.condition.clone(),
            batch_size: self.batch_size,
            ..DrawRequest::new(self.sampler.clone(), count)
        }
    }
}

/// A batch of data that were encoded.
#[derive(Clone, Copy, Debug)]
pub struct EncodedBatch<'a> {
    /// Number of its first array.
    pub first: usize,
    /// The noise, of unit deviation, array after array.
    pub noise: &'a [f32],
    /// What the noise comes back to, in the network's units; empty if that was not asked for.
    pub decoded: &'a [f32],
}

/// What encoding took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodingCost {
    /// Network calls from data to noise for one batch; the largest, if batches differ.
    pub encoding_calls: usize,
    /// Network calls back.
    pub decoding_calls: usize,
}

impl CheckpointSampler {
    /// Checks everything about an encoding that needs no weights.
    ///
    /// # Errors
    /// Numbers that do not work, arrays of another size, a sampler that draws noise or goes one way alone.
    pub fn check_encoding(&self, inputs: &Inputs, request: &EncodingRequest) -> Result<(), Error> {
        request.sampler.validate_encoding(&**self.process())?;
        let drawing = request.drawing(inputs.len());
        self.check(&drawing)?;
        if inputs.size() != self.shape().iter().product::<usize>() {
            let message = format!("arrays of {} numbers; samples of this run have {:?}", inputs.size(), self.shape());
            return Err(Error::field("data", "", message));
        }
        self.check_one_class(request)
    }

    /// Checks that all data, or noises, belong to one class, where the network has classes: a way between two of them would change
    /// its class at every step.
    ///
    /// # Errors
    /// A network with classes, and neither a class nor none on purpose.
    pub fn check_one_class(&self, request: &EncodingRequest) -> Result<(), Error> {
        let asks = request.class.is_none() && !request.unconditional;
        if asks && self.config().network.num_class_embeds().is_some() {
            let message = "the network has classes; name the class of the data, or set unconditional to ask it without";
            return Err(Error::field("class", "", message));
        }
        Ok(())
    }

    /// The noise that data come from, batch by batch, and, if that is asked for, what it comes back to.
    ///
    /// # Errors
    /// As [`CheckpointSampler::check_encoding`]; a damaged checkpoint, Ctrl-C, and what `keep` returns.
    pub fn encode(
        &self,
        inputs: &Inputs,
        request: &EncodingRequest,
        monitor: &dyn Monitor,
        keep: impl FnMut(EncodedBatch) -> Result<(), Error> + Send,
    ) -> Result<EncodingCost, Error> {
        self.check_encoding(inputs, request)?;
        let drawing = request.drawing(inputs.len());
        let (reading, shape) = (self.reading(), self.shape());
        self.with_network(monitor, |device| Encode {
            inputs,
            drawing,
            decode: request.decode,
            reading,
            shape,
            device,
            monitor,
            keep,
        })
    }
}

/// Encodes with the network it is given.
struct Encode<'a, K> {
    inputs: &'a Inputs,
    drawing: DrawRequest,
    decode: bool,
    reading: &'a ScoreSpec,
    shape: &'a [usize],
    device: &'a Device,
    monitor: &'a dyn Monitor,
    keep: K,
}

impl<K: FnMut(EncodedBatch) -> Result<(), Error> + Send> NetworkVisitor for Encode<'_, K> {
    type Output = Result<EncodingCost, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<EncodingCost, Error> {
        let Self { inputs, drawing, decode, reading, shape, device, monitor, mut keep } = self;
        check_condition(network.condition(), network.has_null_class(), &drawing, shape)?;
        let sampler = &drawing.sampler;
        let (count, steps) = (inputs.len(), sampler.steps());
        let ways = 1 + usize::from(decode);
        let batches = count.div_ceil(drawing.batch_size);
        let mut progress = monitor.begin("encoding", "steps", 0, (batches * ways * steps) as u64);
        let mut cost = EncodingCost::default();
        for batch in 0..batches {
            let first = batch * drawing.batch_size;
            let size = drawing.batch_size.min(count - first);
            let mut full = [size; D];
            full[1..].copy_from_slice(shape);
            let counter = CallCounter::default();
            let score = batch_score((&network, reading), None, &drawing, (first as u64, size), device, &counter);
            let data = Tensor::<D>::from_data(TensorData::new(inputs.batch(first, size, false), full), device);
            let mut done = batch * ways * steps;
            let mut observe = |step: usize, _: &Tensor<D>| {
                progress.update((done + step) as u64, "");
                monitor.flow()
            };
            let noise = sampler.encode(&*score, data, &mut observe)?.samples;
            cost.encoding_calls = cost.encoding_calls.max(counter.count());
            let mut decoded = Vec::new();
            if decode {
                let there = counter.count();
                done += steps;
                let mut observe = |step: usize, _: &Tensor<D>| {
                    progress.update((done + step) as u64, "");
                    monitor.flow()
                };
                let back = sampler.draw_of(&*score, noise.clone(), Numbers::default(), &mut observe)?.samples;
                cost.decoding_calls = cost.decoding_calls.max(counter.count() - there);
                decoded = host(back);
            }
            keep(EncodedBatch { first, noise: &host(noise), decoded: &decoded })?;
        }
        drop(progress);
        Ok(cost)
    }
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data_as::<f32>().as_slice::<f32>().expect("converted to f32 just above").to_vec()
}
