//! The way through the data: batch by batch, draw by draw.

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use fokker_datasets::{Conditions, Dataset, Dequantization, Split};
use fokker_model::precision::cast;
use fokker_model::{Condition, MixtureScore, Network, NetworkScore, NetworkVisitor};
use fokker_process::GaussianMixture;
use fokker_ranks::Ranks;
use fokker_sampling::likelihood::{
    ChainConfig, Decoder, Draw, GaussianPrior, KlBound, chain_bound, chain_times, diffusion_bound, kl_bound,
    log_density,
};
use fokker_training::condition_of;

use super::batch::BatchResult;
use super::request::{LikelihoodRequest, Quantity};
use crate::config::RunConfig;
use crate::draw::ScoreSpec;
use crate::error::Error;
use crate::monitor::Monitor;
use crate::rounds::pass_to_all;

/// Everything that a batch needs.
pub(super) struct Evaluation<'a> {
    pub(super) request: &'a LikelihoodRequest,
    pub(super) config: &'a RunConfig,
    pub(super) reading: ScoreSpec,
    pub(super) split: Split,
    pub(super) data: Arc<dyn Dataset>,
    pub(super) device: &'a Device,
    pub(super) ranks: &'a Ranks,
    pub(super) monitor: &'a dyn Monitor,
}

/// What the batches add up to.
#[derive(Default)]
pub(super) struct EvaluationResult {
    /// In nats of the model's units, `[example][draw][probe]`.
    pub(super) nats: Vec<Vec<Vec<f64>>>,
    /// Sums of the terms.
    pub(super) terms: Vec<(String, f64)>,
    pub(super) truth: Vec<f64>,
    pub(super) calls: f64,
    pub(super) accepted: usize,
    pub(super) rejected: usize,
    pub(super) forced: usize,
}

impl EvaluationResult {
    /// Adds a batch whose first example is at a place. Batches come in their order, whoever has computed them: sums depend on it.
    fn add(&mut self, offset: usize, batch: BatchResult) {
        let BatchResult { nats, terms, truth, calls, accepted, rejected, forced } = batch;
        for (place, nats) in self.nats[offset..].iter_mut().zip(nats) {
            place.push(nats);
        }
        for (name, sum) in terms {
            match self.terms.iter_mut().find(|(known, _)| *known == name) {
                Some((_, total)) => *total += sum,
                None => self.terms.push((name, sum)),
            }
        }
        self.truth.extend(truth);
        self.calls += calls;
        self.accepted += accepted;
        self.rejected += rejected;
        self.forced += forced;
    }
}

/// Goes through the data with the network it is given.
impl NetworkVisitor for &Evaluation<'_> {
    type Output = Result<EvaluationResult, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<EvaluationResult, Error> {
        let network = if self.request.double { cast(network, FloatDType::F64) } else { network };
        let (request, count) = (self.request, self.count());
        let law = self.config.mixture()?;
        let mut found = EvaluationResult { nats: vec![Vec::new(); count], ..EvaluationResult::default() };
        let batches = count.div_ceil(request.batch_size);
        let mut progress = self.monitor.begin("likelihood", "examples", 0, (count * request.draws) as u64);
        // Of W ranks, rank r computes the batches r, r + W, … of all draws.
        let (total, ranks) = (request.draws * batches, self.ranks);
        let place = |number: usize| (number / batches, number % batches * request.batch_size);
        for first in (0..total).step_by(ranks.size()) {
            let mut compute = |number: usize| {
                let (draw, offset) = place(number);
                let size = request.batch_size.min(count - offset);
                let done = draw * count + offset;
                let mut told = |percent: usize| {
                    progress.update((done + size * percent.min(99) / 100) as u64, &format!("{percent} % of a batch"));
                    self.monitor.flow()
                };
                let batch = self.batch(&network, law.as_ref(), (offset, size, draw as u64), &mut told)?;
                progress.update((done + size) as u64, "");
                Ok(batch)
            };
            let own = first + ranks.rank();
            let (round, all) = pass_to_all(ranks, (own < total).then(|| compute(own)).transpose())?;
            for (number, batch) in (first..).zip(round) {
                found.add(place(number).1, batch);
            }
            if !all {
                return Err(Error::Interrupted);
            }
        }
        Ok(found)
    }
}

impl Evaluation<'_> {
    pub(super) fn count(&self) -> usize {
        self.request.count.min(self.data.len() - self.request.first)
    }

    pub(super) fn units(&self) -> Dequantization {
        Dequantization::new(self.config.preprocessing.clone(), self.data.is_image())
    }

    /// One batch of one draw.
    fn batch<N: Network<D>, const D: usize>(
        &self,
        network: &N,
        law: Option<&GaussianMixture>,
        (offset, size, number): (usize, usize, u64),
        told: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<BatchResult, Error> {
        let mut found = BatchResult::default();
        let (units, each) = (self.units(), self.data.size());
        let mut values = vec![0.0f32; size * each];
        let numbers = self.request.first + offset..self.request.first + offset + size;
        for (index, out) in numbers.clone().zip(values.chunks_mut(each)) {
            match self.request.quantity {
                Quantity::Flow(_) => units.example(&*self.data, index, self.request.seed, number, out),
                _ => units.level_example(&*self.data, index, out),
            };
        }
        if let (Some(law), 0) = (law, number) {
            let point = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
            let nats = |x: &[f32]| -law.log_density(&*self.reading.process, 0.0, &point(x));
            found.truth.extend(values.chunks(each).map(nats));
        }
        let mut shape = [size; D];
        shape[1..].copy_from_slice(self.data.shape());
        let precision = if self.request.double { DType::F64 } else { DType::F32 };
        let x = Tensor::<D>::from_data(TensorData::new(values, shape), (self.device, precision));
        let mut score = NetworkScore::new(network.clone(), self.reading.process.clone(), self.reading.parameterization);
        let takes = network.condition();
        if takes.is_some() {
            let null = || takes.classes.map(|null| vec![null; size]);
            let conditions = match self.request.unconditional {
                true => Conditions::default(),
                false => Conditions::of(&*self.data, numbers),
            };
            let condition = condition_of(takes, conditions, self.device);
            score = score.with_condition(Condition { classes: condition.classes.or_else(null), ..condition });
        }
        let first = (self.request.first + offset) as u64;
        let examples: Vec<u64> = (first..first + size as u64).collect();
        let draw = Draw { seed: self.request.seed, examples: &examples, number };
        let process = &*self.reading.process;
        let decoder = match units.levels() {
            Some(levels) => {
                let (lowest, highest, half_width) = (levels.lowest, levels.highest, levels.half_width);
                Decoder::Cells { lowest, highest, half_width }
            }
            None => Decoder::Gaussian,
        };
        found.nats = match &self.request.quantity {
            Quantity::Flow(config) => {
                let prior = GaussianPrior::of(process);
                let density = log_density(&score, x, config, &draw, &prior, told).ok_or(Error::Interrupted)?;
                found.calls = (density.network_calls * size) as f64;
                if let Some(statistics) = density.statistics {
                    found.accepted = statistics.accepted.iter().sum::<usize>();
                    found.rejected = statistics.rejected.iter().sum::<usize>();
                    found.forced = statistics.forced;
                }
                density.values.into_iter().map(|probes| probes.into_iter().map(|value| -value).collect()).collect()
            }
            Quantity::Chain { variance, steps, clip } => {
                let times = chain_times(process, *steps)?;
                let config = ChainConfig { variance: *variance, decoder, clip: *clip };
                let bound = chain_bound(&score, &x, &times, &config, &draw, told).ok_or(Error::Interrupted)?;
                found.calls = (bound.network_calls * size) as f64;
                for k in 0..=times.len() {
                    found.add_term(format!("L_{k}"), bound.terms.iter().map(|terms| terms[k]));
                }
                bound.totals().into_iter().map(|total| vec![total]).collect()
            }
            Quantity::Diffusion { points } => {
                let bound = diffusion_bound(&score, &x, decoder, *points, &draw, told).ok_or(Error::Interrupted)?;
                found.calls = (bound.network_calls * size) as f64;
                found.add_term("prior".into(), bound.prior.iter().copied());
                found.add_term("diffusion".into(), bound.diffusion.iter().copied());
                found.add_term("decoder".into(), bound.decoder.iter().copied());
                bound.totals().into_iter().map(|total| vec![total]).collect()
            }
            Quantity::Kl { points, backward_noise } => {
                let bound = self.kl(&score, law, &x, (*backward_noise, *points), &draw, told)?;
                found.calls = (bound.network_calls * size) as f64;
                found.add_term("prior".into(), bound.prior.iter().copied());
                found.add_term("score".into(), bound.score.iter().copied());
                bound.totals().into_iter().map(|total| vec![total]).collect()
            }
        };
        Ok(found)
    }

    /// The bound on the divergence; vectors alone have a mixture's law.
    fn kl<N: Network<D>, const D: usize>(
        &self,
        score: &NetworkScore<N>,
        law: Option<&GaussianMixture>,
        x: &Tensor<D>,
        settings: (f64, usize),
        draw: &Draw,
        told: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<KlBound, Error> {
        let Some(law) = law else { return Err(Error::field("bound", "kl", "the law of the data is not known")) };
        let process = &*self.reading.process;
        let truth = MixtureScore::new(law.clone(), self.reading.process.clone());
        let at_horizon = |point: &[f64]| law.log_density(process, process.horizon(), point);
        let prior = GaussianPrior::of(process);
        Ok(kl_bound(score, (&truth, &at_horizon), &prior, x, settings, draw, told)?)
    }
}
