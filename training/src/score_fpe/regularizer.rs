//! The penalty on the residual: [Lai 2023, eq. 8], with the whole residual or with its product with a random direction
//! (eq. 14).
//!
//! `J_FP = J_DSM + γ R`, `R = (1/D) E_t E_x ‖ε_θ(x, t)‖` with `t` uniform. The paper's `J_DSM` is half an integral over `[0, T]`
//! of a sum over coordinates, the [objective](crate::Objective) a mean over times and coordinates; so that `γ` is the paper's, `R`
//! is multiplied by `2/(D T)` here.
//!
//! With one probe of the divergence, as in the paper (Appx. D.2, `M = 1`), what is penalised is not `‖ε‖` but `E_v ‖ε_v‖`, which is
//! larger: the score of a density is penalised for the third derivatives of its logarithm, and a Gaussian's is not. The estimator
//! `squared` has no such bias: with independent probes `E⟨ε_v, ε_v'⟩ = ‖ε‖²`, and its gradient is right on average as well.

use std::ops::Range;

use burn::tensor::{Tensor, TensorData};
use fokker_kernels::memo::Memo;
use fokker_model::per_example::scale_examples;
use fokker_model::{Derivatives, Probe};
use fokker_process::Process;
use fokker_random::Index;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::differentiation::Differentiation;
use super::residual::{Directions, residual, residual_along, residual_for, unit};
use crate::error::{MOST_EXAMPLES, TrainingError, require_size};
use crate::example_noise::example_noise;
use crate::loss::{DivergenceEstimator, noisy};
use crate::time_sampling::{TimeDraw, TimeSampling};

/// The `objective.regularizer` section.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegularizerConfig {
    /// Its weight `γ ≥ 0` [Lai 2023, eq. 8].
    pub gamma: f64,
    /// The whole residual, or its product with random directions.
    #[serde(default)]
    pub estimator: Estimator,
    /// The divergence in the residual; the paper has one probe. The estimator `squared` needs two, or the exact one.
    #[serde(default)]
    pub divergence: DivergenceEstimator,
    /// Exact derivatives or the paper's differences.
    #[serde(default)]
    pub differentiation: Differentiation,
    /// The law `ν` of the points.
    #[serde(default)]
    pub points: Points,
    /// The unit of the residual, and with it how times are weighed against each other.
    #[serde(default)]
    pub unit: Unit,
    /// How many examples of a batch it is computed for; absent, all. Its mean stays the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<usize>,
    /// How many of them at once: what the penalty holds grows with these, not with the batch. Absent, as many as have 2¹⁵
    /// numbers, 41 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<usize>,
}

/// What of the residual is penalised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Estimator {
    /// `‖ε_θ‖`, with the divergence's probes in it (see the module).
    #[default]
    Norm,
    /// `‖ε_θ‖²`, without bias: the mean of `⟨ε_v, ε_v'⟩` over pairs of different probes. `γ` has another unit than the norm's.
    Squared,
    /// `|⟨ε_θ, v⟩|` for a random `v` [Lai 2023, eq. 14], for half the price.
    Projected,
}

/// The unit in which a residual is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Change of the score per unit of time [Lai 2023, eq. 8]. It grows like `g²/σ³`: the first times weigh most, and by
    /// orders of magnitude.
    #[default]
    Time,
    /// Change of the noise prediction per unit of the log-SNR: `σ³/g²` times that, of the same size at all times.
    LogSnr,
}

/// Where the equation is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Points {
    /// At the points and times of the loss, which share an evaluation of the network with it where the loss is denoising.
    /// Times have the law of the loss, its importance made up for: with uniform and with importance-sampled times this is
    /// eq. 8.
    #[default]
    Loss,
    /// At noisy data of their own, `x ~ p_t`, with uniform times.
    Data,
    /// Uniformly in a cube; the paper's is [0, 1]^D.
    Uniform {
        /// Its lower end in every coordinate.
        low: f64,
        /// Its upper end.
        high: f64,
    },
}

/// Everything random in a penalty.
#[derive(Clone, Debug)]
pub struct RegularizerDraw<const D: usize> {
    /// Where: `[examples, …]`.
    pub points: Tensor<D>,
    /// When: one time for each point.
    pub times: Vec<f64>,
    /// The factor of each point that makes up for how its time was chosen.
    pub importance: Vec<f64>,
    /// For the divergence.
    pub directions: Directions<D>,
    /// `v` of eq. 14, like the points; none for the norm.
    pub projection: Option<Tensor<D>>,
}

impl<const D: usize> RegularizerDraw<D> {
    /// That of some of the points.
    pub fn narrow(&self, points: Range<usize>) -> Self {
        let of = |tensor: &Tensor<D>| tensor.clone().narrow(0, points.start, points.len());
        Self {
            points: of(&self.points),
            times: self.times[points.clone()].to_vec(),
            importance: self.importance[points.clone()].to_vec(),
            directions: Directions {
                vectors: self.directions.vectors.iter().map(of).collect(),
                share: self.directions.share,
            },
            projection: self.projection.as_ref().map(of),
        }
    }
}

impl RegularizerConfig {
    /// The paper's penalty of weight `γ` [Lai 2023, eq. 8] with exact derivatives: the norm of the residual with one probe, at
    /// the points of the loss.
    ///
    /// ```
    /// use fokker_training::Objective;
    /// use fokker_training::score_fpe::{RegularizerConfig, Unit};
    ///
    /// let penalty = RegularizerConfig { unit: Unit::LogSnr, ..RegularizerConfig::new(0.1) };
    /// let objective = Objective { regularizer: Some(penalty), ..Objective::default() };
    /// assert!(objective.validate().is_ok());
    /// ```
    pub fn new(gamma: f64) -> Self {
        Self {
            gamma,
            estimator: Estimator::default(),
            divergence: DivergenceEstimator::default(),
            differentiation: Differentiation::default(),
            points: Points::default(),
            unit: Unit::default(),
            examples: None,
            at_once: None,
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let key = "objective.regularizer";
        let refuse = |name: &str, message: String| Err(TrainingError::config(format!("{key}.{name}"), message));
        if !(self.gamma.is_finite() && self.gamma >= 0.0) {
            return refuse("gamma", format!("{} must not be negative", self.gamma));
        }
        if let Points::Uniform { low, high } = self.points
            && !(low.is_finite() && high.is_finite() && low < high)
        {
            return refuse("points", format!("low = {low} must be below high = {high}"));
        }
        for (name, count) in [("examples", self.examples), ("at_once", self.at_once)] {
            require_size(&format!("{key}.{name}"), count.unwrap_or(1) as u64, MOST_EXAMPLES)?;
        }
        if self.estimator == Estimator::Squared
            && matches!(self.divergence, DivergenceEstimator::Hutchinson { probes: 0 | 1, .. })
        {
            let message = "the estimator \"squared\" needs two independent probes: set divergence = { kind = \
                           \"hutchinson\", probes = 2 }, or { kind = \"exact\" } in few dimensions";
            return refuse("divergence", message.into());
        }
        self.divergence.validate(&format!("{key}.divergence"))?;
        self.differentiation.validate(&format!("{key}.differentiation"))
    }

    /// How many examples of so many numbers are computed at once.
    pub fn at_once(&self, dimension: usize) -> usize {
        self.at_once.unwrap_or((1 << 15) / dimension.max(1)).max(1)
    }

    /// Draws for a batch: a function of the seed, of the micro-batch (times) and of the examples' positions. `noise` and
    /// `times` are those of the loss.
    pub fn draw<const D: usize>(
        &self,
        process: &dyn Process,
        (seed, micro_batch, first_position): (u64, u64, u64),
        x0: &Tensor<D>,
        noise: &Tensor<D>,
        times: &[TimeDraw],
    ) -> RegularizerDraw<D> {
        let batch = x0.dims()[0];
        let count = self.examples.map_or(batch, |examples| examples.min(batch));
        let first = |tensor: &Tensor<D>| tensor.clone().inner().narrow(0, 0, count);
        let x0 = first(x0);
        let (shape, device, dtype) = (x0.dims(), x0.device(), x0.dtype());
        let times = match self.points {
            Points::Loss => times[..count].to_vec(),
            _ => {
                let mut rng = Index::regularizer_time(micro_batch).rng(seed);
                TimeSampling::Uniform.draw(process, &mut rng, count, true)
            }
        };
        let importance = times.iter().map(|draw| draw.importance).collect();
        let times: Vec<f64> = times.into_iter().map(|draw| draw.t).collect();
        let positions = first_position..first_position + count as u64;
        let points = match self.points {
            Points::Data => {
                let indices = positions.clone().map(Index::regularizer_point);
                let noise = example_noise(seed, indices, shape, (&device, dtype));
                noisy(process, &x0, &noise, &times)
            }
            Points::Loss => noisy(process, &x0, &first(noise), &times),
            Points::Uniform { low, high } => {
                uniform(seed, positions.clone().map(Index::regularizer_point), (low, high), &x0)
            }
        };
        let probe = |law: Probe, number: u64| {
            law.draw(seed, positions.clone().map(|position| Index::regularizer_probe(position, number)), &points)
        };
        let directions = Directions::draw(self.divergence, &points, |law, number| probe(law, 1 + number));
        let projection = (self.estimator == Estimator::Projected).then(|| probe(Probe::Rademacher, 0));
        RegularizerDraw { points, times, importance, directions, projection }
    }
}

/// Points of a cube, each a function of the seed and of its index.
///
/// # Shapes
/// Like `like`, whose batch has as many examples as there are indices.
pub(super) fn uniform<const D: usize>(
    seed: u64,
    indices: impl Iterator<Item = Index>,
    (low, high): (f64, f64),
    like: &Tensor<D>,
) -> Tensor<D> {
    let shape = like.dims();
    let each: usize = shape[1..].iter().product();
    let values: Vec<f64> = indices
        .flat_map(|index| {
            let mut rng = index.rng(seed);
            (0..each).map(move |_| low + (high - low) * rng.random::<f64>())
        })
        .collect();
    Tensor::from_data(TensorData::new(values, shape), (&like.device(), like.dtype()))
}

/// What some of `examples` points contribute to `γ 2/(D T) R` of [Lai 2023, eq. 8 or 14], `[1]`, with its exact gradient in the
/// parameters of `score`; and the score at these points, differentiable as well. `frozen` is the same score with
/// parameters that are not under differentiation.
///
/// The norm evaluates both, at the same points: `memo` carries over what they have in common. A [disabled](Memo::disabled)
/// one changes no bit of the result; one [with gradients](Memo::with_gradients) also serves the backward pass.
pub fn regularizer<const D: usize>(
    config: &RegularizerConfig,
    score: &dyn Derivatives<D>,
    frozen: &dyn Derivatives<D>,
    draw: &RegularizerDraw<D>,
    examples: usize,
    memo: &mut Memo,
) -> (Tensor<1>, Tensor<D>) {
    let RegularizerDraw { points, times, importance, directions, projection } = draw;
    let (shape, process) = (points.dims(), score.process());
    let dimension = shape[1..].iter().product::<usize>() as f64;
    let in_unit = |t: f64| match config.unit {
        Unit::Time => 1.0,
        Unit::LogSnr => process.std(t).powi(3) / process.diffusion_squared(t),
    };
    let power = if config.estimator == Estimator::Squared { 2 } else { 1 };
    let share = config.gamma * 2.0 / (dimension * dimension * process.horizon() * examples as f64);
    let weights: Vec<f64> =
        times.iter().zip(importance).map(|(&t, importance)| share * importance * in_unit(t).powi(power)).collect();
    let along = |w: Tensor<D>, directions: &Directions<D>| {
        residual_along(score, points.clone(), times, w, directions, config.differentiation)
    };
    let (size, value) = match (config.estimator, projection) {
        (Estimator::Squared, _) => {
            let directions = directions.clone().independent(config.divergence);
            let with = |directions: &Directions<D>| {
                residual(frozen, points.clone(), times, directions, config.differentiation)
            };
            squared(&directions, directions.iter().map(with).collect(), along)
        }
        (_, Some(v)) => {
            let (along, value) = along(v.clone(), directions);
            (along.abs(), value)
        }
        (_, None) => {
            let recording = memo.record();
            let residual = residual_for(frozen, points.clone(), times, directions, config.differentiation, &weights);
            drop(recording);
            let _replaying = memo.replay();
            along(unit(residual).0, directions)
        }
    };
    (scale_examples(size, weights.into_iter()).sum(), value)
}

/// The mean of `⟨ε_v, ε_v'⟩` over pairs of different probes, or `‖ε‖²` with the exact divergence: `[batch]`, with the gradient of that;
/// and the score. The gradient is that of `Σ_v ⟨ε_v, w_v⟩` with the derivative `w_v` of the mean in `ε_v` held fixed, a sum that is
/// twice the mean.
fn squared<const D: usize>(
    directions: &[Directions<D>],
    residuals: Vec<Tensor<D>>,
    along: impl Fn(Tensor<D>, &Directions<D>) -> (Tensor<1>, Tensor<D>),
) -> (Tensor<1>, Tensor<D>) {
    let count = residuals.len() as f64;
    let sum = residuals.iter().cloned().reduce(|sum, residual| sum + residual).expect("there is a direction");
    let slope = |residual: &Tensor<D>| match residuals.len() {
        1 => residual.clone().mul_scalar(2.0),
        _ => (sum.clone() - residual.clone()).mul_scalar(2.0 / (count * (count - 1.0))),
    };
    let parts = directions.iter().zip(&residuals).map(|(directions, residual)| along(slope(residual), directions));
    let (products, values): (Vec<_>, Vec<_>) = parts.unzip();
    let twice = products.into_iter().reduce(|sum, product| sum + product).expect("there is a direction");
    let once = twice.clone().detach().mul_scalar(0.5);
    (twice - once, values.into_iter().next().expect("there is a direction"))
}
