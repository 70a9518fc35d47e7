//! `ln p` by the probability flow.

use std::cell::Cell;
use std::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};
use fokker_model::per_example::scale_examples;
use fokker_model::{Derivatives, Divergence};
use fokker_random::{Index, Rng, fill_normals};

use super::config::LikelihoodConfig;
use super::fixed_step;
use super::host::host;
use super::prior::Prior;
use super::truncation::Truncation;
use crate::solvers::adaptive::{Span, walk};
use crate::solvers::{Coordinates, ProbabilityFlow, Slopes, StepStatistics, ratio};

/// Whose random numbers a batch sees: those of its examples, whatever batch they are in.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// The seed.
    pub seed: u64,
    /// The number of each example of the batch, below 2³².
    pub examples: &'a [u64],
    /// The number of the draw: another one has other noise and other probes. Below 256.
    pub number: u64,
}

impl Draw<'_> {
    /// The generator of an example's random time, for one of several points.
    pub(super) fn time_rng(&self, example: u64, point: usize) -> Rng {
        Index::likelihood_time(example, self.number, point as u64).rng(self.seed)
    }

    /// Independent draws from N(0, 1) that belong to the examples, for one of their steps.
    ///
    /// # Shapes
    /// like `like`, whose batch has as many examples
    pub(super) fn normals<const D: usize>(&self, like: &Tensor<D>, step: usize) -> Tensor<D> {
        let shape = like.dims();
        assert_eq!(shape[0], self.examples.len(), "one number for each example");
        let mut values = vec![0.0f32; shape.iter().product()];
        for (&example, values) in self.examples.iter().zip(values.chunks_mut(shape[1..].iter().product())) {
            fill_normals(&mut Index::likelihood_noise(example, self.number, step as u64).rng(self.seed), values);
        }
        Tensor::from_data(TensorData::new(values, shape), (&like.device(), like.dtype()))
    }
}

/// The log-density of each example of a batch.
#[derive(Clone, Debug)]
pub struct LogDensity {
    /// In nats, `[example][estimate of the divergence]`.
    pub values: Vec<Vec<f64>>,
    /// How often the slope of the paths was evaluated, for the whole batch at once.
    pub evaluations: usize,
    /// Evaluations of the network on dual numbers for each of the examples: each gives one product with the Jacobian.
    pub network_calls: usize,
    /// What the error control did, for `dormand_prince`.
    pub statistics: Option<StepStatistics>,
}

/// Called on the way with the percent done. `Break` ends the evaluation.
pub type Told<'a> = &'a mut dyn FnMut(usize) -> ControlFlow<()>;

/// The path's slope, and with it that of `−ln p̂`.
struct DensityFlow<'a, const D: usize> {
    score: &'a dyn Derivatives<D>,
    flow: ProbabilityFlow<'a, D>,
    divergences: Vec<Divergence<D>>,
    evaluations: Cell<usize>,
}

impl<const D: usize> DensityFlow<'_, D> {
    /// The slope at states in the units of the data, and its divergence there.
    fn divergence(&self, divergence: &Divergence<D>, x: Tensor<D>, times: &[f64]) -> (Tensor<D>, Tensor<1>) {
        if self.flow.coordinates() == Coordinates::Ratio {
            return divergence.of_noise(self.score, x, times);
        }
        let product = |x: Tensor<D>, t: &[f64], v: Tensor<D>| {
            let (data, change) = self.score.denoised_jvp(x.clone(), t, v.clone());
            (self.flow.slope_of_data(x, data, t), self.flow.slope_of_data(v, change, t))
        };
        divergence.of(&product, x, times)
    }
}

impl<const D: usize> Slopes<D> for DensityFlow<'_, D> {
    fn slopes(&self, x: Tensor<D>, places: &[f64]) -> (Tensor<D>, Vec<f64>) {
        self.evaluations.set(self.evaluations.get() + 1);
        let times: Vec<f64> = places.iter().map(|&place| self.flow.time(place)).collect();
        let scales: Vec<f64> = times.iter().map(|&t| self.flow.scale(t)).collect();
        let x = scale_examples(x, scales.iter().copied());
        let (mut slope, mut columns) = (None, Vec::new());
        for divergence in &self.divergences {
            let (value, trace) = self.divergence(divergence, x.clone(), &times);
            slope.get_or_insert(value);
            columns.push(host(trace));
        }
        let integrands =
            scales.iter().enumerate().flat_map(|(k, scale)| columns.iter().map(move |column| scale * column[k]));
        (slope.expect("there is an estimate of the divergence"), integrands.collect())
    }
}

/// The slopes of states, and those of their integrals.
type SlopesThere<const D: usize> = (Tensor<D>, Vec<f64>);

impl<const D: usize> DensityFlow<'_, D> {
    /// Where the paths of the data begin, the slopes there, and what the truncation adds to each log-density.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same, slopes like it, and a number for each example and estimate of the divergence
    fn begin(&self, x: Tensor<D>, truncation: Truncation, draw: &Draw) -> (Tensor<D>, SlopesThere<D>, Vec<f64>) {
        let process = self.score.process();
        let (batch, t) = (x.dims()[0], process.min_time());
        let dimension = x.dims()[1..].iter().product::<usize>() as f64;
        let (alpha, scale, level) = (process.mean_scale(t), self.flow.scale(t), ratio(process, t));
        let here = vec![self.flow.place(t); batch];
        // From x/α to the flow's own coordinates, and what that adds to a log-density.
        let share = if self.flow.coordinates() == Coordinates::Ratio { 1.0 } else { alpha / scale };
        let stretched = dimension * share.ln();
        match truncation {
            Truncation::None => {
                let start = x.div_scalar(scale);
                let first = self.slopes(start.clone(), &here);
                (start, first, vec![-dimension * scale.ln(); batch * self.divergences.len()])
            }
            Truncation::Extrapolated => {
                let guess = x.clone().mul_scalar(alpha);
                let noise = self.score.noise(guess, &vec![t; batch]);
                let start = (x + noise.mul_scalar(0.5 * level)).mul_scalar(share);
                let first = self.slopes(start.clone(), &here);
                let (_, traces) = self.noise_and_traces(&start, &first);
                let correction = traces.iter().map(|trace| 0.5 * trace + stretched).collect();
                (start, first, correction)
            }
            Truncation::Variational | Truncation::Matched => {
                let z = draw.normals(&x, 0);
                let start = (x + z.clone().mul_scalar(level)).mul_scalar(share);
                let first = self.slopes(start.clone(), &here);
                let (noise, traces) = self.noise_and_traces(&start, &first);
                let correction = truncation.decoder(z, noise, &traces).into_iter().map(|value| value + stretched);
                (start, first, correction.collect())
            }
        }
    }

    /// `E[ε | x]` and `σ tr ∂ₓE[ε | x]` at the smallest time, from the slopes there. Of `b = c ε − x₀ = (c κ ε − x)/α`, with
    /// `κ = α + σ/c`, they are `(α b + x)/(c κ)` and `σ (α tr ∂ₓb + D)/(c κ)`.
    fn noise_and_traces(&self, start: &Tensor<D>, first: &SlopesThere<D>) -> (Tensor<D>, Vec<f64>) {
        let process = self.score.process();
        let t = process.min_time();
        match self.flow.coordinates() {
            Coordinates::Ratio => {
                let level = ratio(process, t);
                (first.0.clone(), first.1.iter().map(|integrand| level * integrand).collect())
            }
            Coordinates::Share { noise_std } => {
                let (alpha, sigma, scale) = (process.mean_scale(t), process.std(t), self.flow.scale(t));
                let dimension = start.dims()[1..].iter().product::<usize>() as f64;
                let noise =
                    first.0.clone().mul_scalar(alpha / (noise_std * scale)) + start.clone().div_scalar(noise_std);
                // An integrand is κ times the trace.
                let trace = |integrand: &f64| sigma * (alpha / scale * integrand + dimension) / (noise_std * scale);
                (noise, first.1.iter().map(trace).collect())
            }
        }
    }

    /// From the beginning of the paths to the horizon: the states, the integrals, and what the error control did.
    fn walk(
        &self,
        start: Tensor<D>,
        first: SlopesThere<D>,
        span: Span,
        config: &LikelihoodConfig,
        observe: Told,
    ) -> Option<(Tensor<D>, Vec<f64>, Option<StepStatistics>)> {
        let Some(tableau) = config.solver.on_grid() else {
            let mut told = |percent: usize, _: &Tensor<D>| observe(percent);
            let result = walk(self.flow, self, (start, first), span, config.tolerance(), &mut told)?;
            return Some((result.state, result.integrals, Some(result.statistics)));
        };
        let steps = config.steps();
        let times = config.grid().times(self.score.process(), steps);
        let mut places: Vec<f64> = times.into_iter().rev().map(|t| self.flow.place(t)).collect();
        (places[0], places[steps]) = (span.first, span.last);
        let mut told = |step: usize| observe(100 * step / steps);
        let (state, integrals) = fixed_step::walk(tableau, self, start, &places, &mut told)?;
        Some((state, integrals, None))
    }
}

/// The log-density of the data under the flow of a score, from a prior at the horizon; `None` if `observe` broke off.
///
/// What it is the density of, and whether it is a bound, is said by [`Truncation`].
///
/// # Shapes
/// `x`: `[batch, …]`, as many examples as the draw names
///
/// # Panics
/// On a configuration that [`LikelihoodConfig::validate`] refuses.
pub fn log_density<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    config: &LikelihoodConfig,
    draw: &Draw,
    prior: &dyn Prior,
    observe: Told,
) -> Option<LogDensity> {
    let process = score.process();
    let divergences = config.divergences(&x, draw.seed, draw.examples, draw.number);
    let flow = ProbabilityFlow::new(score);
    let span = Span { first: flow.place(process.min_time()), last: flow.place(process.horizon()) };
    let dimension = x.dims()[1..].iter().product::<usize>();
    let products: usize = divergences.iter().map(|divergence| divergence.products(dimension)).sum();
    let columns = divergences.len();
    let slopes = DensityFlow { score, flow, divergences, evaluations: Cell::new(0) };
    let (start, first, mut values) = slopes.begin(x, config.truncation, draw);
    let (state, integrals, statistics) = slopes.walk(start, first, span, config, observe)?;

    // ln p̂ = ln p_T + D ln of the scale there.
    let scale = flow.scale(process.horizon());
    let ends = host(state);
    for (k, (value, integral)) in values.iter_mut().zip(integrals).enumerate() {
        let end = &ends[k / columns * dimension..(k / columns + 1) * dimension];
        let end: Vec<f64> = end.iter().map(|x| x * scale).collect();
        *value += integral + prior.log_density(&end) + dimension as f64 * scale.ln();
    }
    let evaluations = slopes.evaluations.get();
    Some(LogDensity {
        values: values.chunks(columns).map(<[f64]>::to_vec).collect(),
        evaluations,
        network_calls: evaluations * products,
        statistics,
    })
}
