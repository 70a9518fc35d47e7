//! The likelihood of a run's data under its network: batch by batch, draw by draw, with what it is in bits.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use fokker_datasets::{Dataset, DatasetConfig, Dequantization, Split};
use fokker_model::precision::cast;
use fokker_model::{MixtureScore, Network, NetworkScore, NetworkVisitor};
use fokker_process::{GaussianMixture, Process};
use fokker_sampling::PosteriorVariance;
use fokker_sampling::likelihood::{
    ChainConfig, Decoder, Draw, Estimate, GaussianPrior, LikelihoodConfig, chain_bound, chain_times, diffusion_bound,
    kl_bound, log_density,
};
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::draw::Reading;
use crate::error::Error;
use crate::experiment::{find_checkpoint, with_averaged};
use crate::interrupt;
use crate::progress::Progress;

/// What is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Quantity {
    /// The negative log-likelihood by the probability flow.
    Flow(LikelihoodConfig),
    /// The variational bound of a discrete chain.
    Chain {
        /// Variance of the reverse steps.
        variance: PosteriorVariance,
        /// Steps of the chain, for continuous processes.
        steps: Option<usize>,
        /// Whether predicted pixels are clipped to their range.
        clip: bool,
    },
    /// The variational bound of the reverse SDE.
    Diffusion {
        /// Noise levels for each example.
        points: usize,
    },
    /// The bound of papers/004 Prop. 4.3 on the divergence from the data's law, for mixtures.
    Kl {
        /// Noise levels for each example.
        points: usize,
        /// The backward noise in units of the forward noise.
        backward_noise: f64,
    },
}

/// A request.
#[derive(Clone, Debug)]
pub struct LikelihoodRequest {
    /// What is computed.
    pub quantity: Quantity,
    /// Of which data.
    pub split: Split,
    /// The first example.
    pub first: usize,
    /// How many examples; as many as there are if there are fewer.
    pub count: usize,
    /// Draws of dequantisation and noise for each example.
    pub draws: usize,
    /// Examples at once.
    pub batch_size: usize,
    /// Seed of draws and probes.
    pub seed: u64,
    /// Whether a network with classes is asked without.
    pub unconditional: bool,
    /// Whether the network is evaluated in double precision, on backends that have it.
    pub double: bool,
}

/// A part of a bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Term {
    /// Its name.
    pub name: String,
    /// Its mean, in nats for each example.
    pub nats: f64,
    /// The same in bits for each dimension.
    pub bits_per_dimension: f64,
}

/// The result for one example, the mean over its draws and probes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExampleLikelihood {
    /// Its number in the data set.
    pub index: usize,
    /// In nats.
    pub nats: f64,
    /// In bits for each dimension.
    pub bits_per_dimension: f64,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LikelihoodReport {
    /// The checkpoint.
    pub checkpoint: PathBuf,
    /// What the numbers are.
    pub meaning: String,
    /// What was computed, and how.
    pub quantity: Quantity,
    /// The data.
    pub data: String,
    /// The part of them.
    pub split: Split,
    /// The first example.
    pub first: usize,
    /// How many examples.
    pub count: usize,
    /// Draws for each of them.
    pub draws: usize,
    /// The seed.
    pub seed: u64,
    /// Whether in double precision.
    pub double: bool,
    /// Numbers in an example.
    pub dimension: usize,
    /// Bits that the scaling of pixels adds to each number; they are contained in all results.
    pub offset_bits: f64,
    /// In nats for each example.
    pub nats: Estimate,
    /// In bits for each dimension.
    pub bits_per_dimension: Estimate,
    /// The parts of a bound.
    pub terms: Vec<Term>,
    /// `−ln p` of the same examples under the law they were drawn from, in nats, where that is known.
    pub truth: Option<Estimate>,
    /// Evaluations of the network for each example and draw, on dual numbers where that is needed; the mean.
    pub network_calls: f64,
    /// Steps of each path, taken and refused, and those that missed the tolerance in all; for `dormand_prince`.
    pub steps: Option<(f64, f64, usize)>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Each example.
    pub examples: Vec<ExampleLikelihood>,
}

/// Computes the likelihood of data under the averaged weights of a run's newest checkpoint, or of a given one.
///
/// # Errors
/// A damaged checkpoint, data that cannot be read, a backend that is not there, a request that does not fit; Ctrl-C.
pub fn likelihood(run: &Path, changes: &[String], request: &LikelihoodRequest) -> Result<LikelihoodReport, Error> {
    interrupt::listen();
    fokker_kernels::keep_freed_memory();
    let checkpoint = find_checkpoint(run)?;
    let config = RunConfig::load(&checkpoint.join("config.toml"), changes)?;
    let reading = Reading { process: config.build_process()?, parameterization: config.parameterization };
    request.validate(&config, &*reading.process)?;
    let data = config.data.open(request.split, config.seed)?;
    if request.first >= data.len() {
        return Err(Error::Usage(format!("--first {}: there are {} examples", request.first, data.len())));
    }
    let chosen = config.backend.resolve()?;
    eprintln!("{} on {}", checkpoint.display(), chosen.description);
    let device = &chosen.device;
    let work = Work { request, config: &config, reading, data, device };
    let start = Instant::now();
    let found = with_averaged(&checkpoint, &config, device, &work)?;
    Ok(work.report(checkpoint, found, start.elapsed().as_secs_f64()))
}

impl LikelihoodRequest {
    /// The likelihood by the flow with its defaults, of the first `count` examples that were held out.
    pub fn new(count: usize) -> Self {
        Self {
            quantity: Quantity::Flow(LikelihoodConfig::default()),
            split: Split::Validation,
            first: 0,
            count,
            draws: 1,
            batch_size: 32,
            seed: 0,
            unconditional: false,
            double: false,
        }
    }

    fn validate(&self, config: &RunConfig, process: &dyn Process) -> Result<(), Error> {
        let usage = |message: &str| Err(Error::Usage(message.into()));
        if self.count == 0 || self.batch_size == 0 || self.draws == 0 {
            return usage("--count, --draws and --batch-size must be at least 1");
        }
        if self.draws > 256 {
            return usage("--draws: at most 256");
        }
        match &self.quantity {
            Quantity::Flow(flow) => flow.validate(process)?,
            Quantity::Chain { steps, .. } => {
                chain_times(&config.process, *steps)?;
            }
            Quantity::Diffusion { points: 0 } | Quantity::Kl { points: 0, .. } => {
                return usage("--points must be at least 1");
            }
            Quantity::Diffusion { .. } => {}
            Quantity::Kl { backward_noise, .. } => {
                if !(backward_noise.is_finite() && *backward_noise > 0.0) {
                    return usage("--backward-noise: must be above 0; the probability flow has no such bound");
                }
                if !matches!(config.data, DatasetConfig::Mixture(_)) {
                    return usage(
                        "--bound kl: the law of the data must be known, which is that of data.kind = \"mixture\" alone; \
                         --bound diffusion bounds the likelihood of any data",
                    );
                }
            }
        }
        Ok(())
    }
}

/// The mixture that data are drawn from, if they are.
fn law(data: &DatasetConfig) -> Result<Option<GaussianMixture>, Error> {
    let DatasetConfig::Mixture(config) = data else { return Ok(None) };
    let mixture = config.mixture()?;
    let variances = mixture.stds().iter().map(|std| std * std).collect();
    let law = GaussianMixture::isotropic(mixture.weights().to_vec(), mixture.means().to_vec(), variances);
    law.map(Some).map_err(|error| Error::Usage(format!("data: {error}")))
}

/// Everything that a batch needs.
struct Work<'a> {
    request: &'a LikelihoodRequest,
    config: &'a RunConfig,
    reading: Reading,
    data: Arc<dyn Dataset>,
    device: &'a Device,
}

/// What the batches add up to.
#[derive(Default)]
struct Found {
    /// In nats of the model's units, `[example][draw][probe]`.
    nats: Vec<Vec<Vec<f64>>>,
    /// Sums of the terms.
    terms: Vec<(String, f64)>,
    truth: Vec<f64>,
    calls: f64,
    accepted: usize,
    rejected: usize,
    forced: usize,
}

impl Found {
    fn add_term(&mut self, name: String, values: impl Iterator<Item = f64>) {
        let sum: f64 = values.sum();
        match self.terms.iter_mut().find(|(known, _)| *known == name) {
            Some((_, total)) => *total += sum,
            None => self.terms.push((name, sum)),
        }
    }
}

/// Goes through the data with the network it is given.
impl NetworkVisitor for &Work<'_> {
    type Output = Result<Found, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Found, Error> {
        let network = if self.request.double { cast(network, FloatDType::F64) } else { network };
        let (request, count) = (self.request, self.count());
        let law = law(&self.config.data)?;
        let mut found = Found { nats: vec![Vec::new(); count], ..Found::default() };
        let batches = count.div_ceil(request.batch_size);
        let mut progress = Progress::new("likelihood", "examples", 0, (count * request.draws) as u64);
        for draw in 0..request.draws {
            for batch in 0..batches {
                let offset = batch * request.batch_size;
                let size = request.batch_size.min(count - offset);
                let done = draw * count + offset;
                let mut told = |percent: usize| {
                    progress.update((done + size * percent.min(99) / 100) as u64, &format!("{percent} % of a batch"));
                    if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                self.batch(&network, law.as_ref(), (offset, size, draw as u64), &mut found, &mut told)?;
                progress.update((done + size) as u64, "");
            }
        }
        progress.finish();
        Ok(found)
    }
}

impl Work<'_> {
    fn count(&self) -> usize {
        self.request.count.min(self.data.len() - self.request.first)
    }

    fn units(&self) -> Dequantization {
        Dequantization::new(self.config.preprocessing, self.data.is_image())
    }

    /// One batch of one draw.
    fn batch<N: Network<D>, const D: usize>(
        &self,
        network: &N,
        law: Option<&GaussianMixture>,
        (offset, size, number): (usize, usize, u64),
        found: &mut Found,
        told: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (units, each) = (self.units(), self.data.size());
        let mut values = vec![0.0f32; size * each];
        let mut labels = Vec::with_capacity(size);
        for (k, out) in values.chunks_mut(each).enumerate() {
            let index = self.request.first + offset + k;
            labels.push(match self.request.quantity {
                Quantity::Flow(_) => units.example(&*self.data, index, self.request.seed, number, out),
                _ => units.level_example(&*self.data, index, out),
            });
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
        if let Some(null) = network.classes() {
            let class = |label: &Option<usize>| label.filter(|_| !self.request.unconditional).unwrap_or(null);
            score = score.with_classes(labels.iter().map(class).collect());
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
        let nats: Vec<Vec<f64>> = match &self.request.quantity {
            Quantity::Flow(config) => {
                let prior = GaussianPrior::of(process);
                let density = log_density(&score, x, config, &draw, &prior, told).ok_or(Error::Interrupted)?;
                found.calls += (density.network_calls * size) as f64;
                if let Some(statistics) = density.statistics {
                    found.accepted += statistics.accepted.iter().sum::<usize>();
                    found.rejected += statistics.rejected.iter().sum::<usize>();
                    found.forced += statistics.forced;
                }
                density.values.into_iter().map(|probes| probes.into_iter().map(|value| -value).collect()).collect()
            }
            Quantity::Chain { variance, steps, clip } => {
                let times = chain_times(&self.config.process, *steps)?;
                let config = ChainConfig { variance: *variance, decoder, clip: *clip };
                let bound = chain_bound(&score, &x, &times, &config, &draw, told).ok_or(Error::Interrupted)?;
                found.calls += (bound.network_calls * size) as f64;
                for k in 0..=times.len() {
                    found.add_term(format!("L_{k}"), bound.terms.iter().map(|terms| terms[k]));
                }
                bound.totals().into_iter().map(|total| vec![total]).collect()
            }
            Quantity::Diffusion { points } => {
                let bound = diffusion_bound(&score, &x, decoder, *points, &draw, told).ok_or(Error::Interrupted)?;
                found.calls += (bound.network_calls * size) as f64;
                found.add_term("prior".into(), bound.prior.iter().copied());
                found.add_term("diffusion".into(), bound.diffusion.iter().copied());
                found.add_term("decoder".into(), bound.decoder.iter().copied());
                bound.totals().into_iter().map(|total| vec![total]).collect()
            }
            Quantity::Kl { points, backward_noise } => {
                let bound = self.kl(&score, law, &x, (*backward_noise, *points), &draw, told)?;
                found.calls += (bound.network_calls * size) as f64;
                found.add_term("prior".into(), bound.prior.iter().copied());
                found.add_term("score".into(), bound.score.iter().copied());
                bound.totals().into_iter().map(|total| vec![total]).collect()
            }
        };
        for (place, nats) in found.nats[offset..offset + size].iter_mut().zip(nats) {
            place.push(nats);
        }
        Ok(())
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
    ) -> Result<fokker_sampling::likelihood::KlBound, Error> {
        let Some(law) = law else { return Err(Error::Usage("--bound kl: the law of the data is not known".into())) };
        let process = &*self.reading.process;
        let truth = Ranked::<D>(MixtureScore::new(law.clone(), self.reading.process.clone()));
        let at_horizon = |point: &[f64]| law.log_density(process, process.horizon(), point);
        let prior = GaussianPrior::of(process);
        kl_bound(score, (&truth, &at_horizon), &prior, x, settings, draw, told).ok_or(Error::Interrupted)
    }

    fn report(&self, checkpoint: PathBuf, found: Found, seconds: f64) -> LikelihoodReport {
        let (request, count, dimension) = (self.request, self.count(), self.data.size());
        let is_flow = matches!(request.quantity, Quantity::Flow(_));
        let offset_bits = if is_flow { self.units().offset_bits() } else { 0.0 };
        let per_bit = dimension as f64 * std::f64::consts::LN_2;
        let in_model = Estimate::new(&found.nats);
        let bits = |nats: f64| nats / per_bit + offset_bits;
        let evaluated = (count * request.draws) as f64;
        let flat = |values: &Vec<Vec<f64>>| {
            let all: Vec<f64> = values.iter().flatten().copied().collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        let examples = found.nats.iter().enumerate().map(|(k, values)| {
            let bits = bits(flat(values));
            ExampleLikelihood { index: request.first + k, nats: bits * per_bit, bits_per_dimension: bits }
        });
        let truth: Vec<Vec<Vec<f64>>> = found.truth.iter().map(|&nats| vec![vec![nats]]).collect();
        LikelihoodReport {
            checkpoint,
            meaning: request.quantity.meaning(self.data.is_image()),
            quantity: request.quantity.clone(),
            data: self.data.name().into(),
            split: request.split,
            first: request.first,
            count,
            draws: request.draws,
            seed: request.seed,
            double: request.double,
            dimension,
            offset_bits,
            nats: in_model.affine(1.0, offset_bits * per_bit),
            bits_per_dimension: in_model.affine(1.0 / per_bit, offset_bits),
            terms: found
                .terms
                .into_iter()
                .map(|(name, sum)| {
                    let nats = sum / evaluated;
                    Term { name, nats, bits_per_dimension: nats / per_bit }
                })
                .collect(),
            truth: (!truth.is_empty()).then(|| Estimate::new(&truth)),
            network_calls: found.calls / evaluated,
            steps: (found.accepted > 0)
                .then(|| (found.accepted as f64 / evaluated, found.rejected as f64 / evaluated, found.forced)),
            seconds,
            examples: examples.collect(),
        }
    }
}

impl Quantity {
    /// What the number is, in words.
    fn meaning(&self, is_image: bool) -> String {
        use fokker_sampling::likelihood::Truncation;
        let cells = if is_image { "of uniformly dequantised pixels" } else { "of the data" };
        match self {
            Self::Flow(config) => match config.truncation {
                Truncation::None => format!("-ln p {cells}, taken for data with the noise of the smallest time"),
                Truncation::Extrapolated => format!("-ln p {cells}, continued to t = 0: an estimate, no bound"),
                Truncation::Variational => format!("upper bound of -ln p {cells}: decoder of deviation sigma/alpha"),
                Truncation::Matched => format!("upper bound of -ln p {cells}: decoder of Tweedie's variance"),
            },
            Self::Chain { .. } => "upper bound of -ln p of the data: L_vlb of the ancestral chain".into(),
            Self::Diffusion { .. } => "upper bound of -ln p of the data: that of the reverse SDE".into(),
            Self::Kl { .. } => "upper bound of KL(p | q), data against what the reverse SDE generates".into(),
        }
    }
}

/// The score of vectors, at whatever rank a network's generic code has: its batches are `[batch, dimension]`.
struct Ranked<const D: usize>(MixtureScore);

impl<const D: usize> fokker_model::Score<D> for Ranked<D> {
    fn process(&self) -> &dyn Process {
        fokker_model::Score::<2>::process(&self.0)
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let shape = x.dims();
        let each = shape[1..].iter().product::<usize>();
        fokker_model::Score::<2>::noise(&self.0, x.reshape([shape[0], each]), t).reshape(shape)
    }
}
