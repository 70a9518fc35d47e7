//! How well a score fits the data and the equation, along `t` (papers/003 sec. 2, Figures 1 and 6).

use std::ops::AddAssign;

use burn::tensor::Tensor;
use fokker_model::divergence::inner;
use fokker_model::{Derivatives, Probe, Score};
use fokker_random::Stream;
use serde::{Deserialize, Serialize};

use super::differentiation::Differentiation;
use super::regularizer::uniform;
use super::residual::{Directions, residual, unit};
use crate::error::TrainingError;
use crate::loss::{Trace, noisy};
use crate::objective::example_noise;

/// The `residuals` section: what a run logs of its averaged weights on held-out data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualsConfig {
    /// Steps between two reports.
    pub every: u64,
    /// How many times, evenly spaced in the log-SNR from the first to the last.
    #[serde(default = "eight")]
    pub times: usize,
    /// Held-out examples.
    #[serde(default = "examples")]
    pub examples: usize,
    /// The divergence in the residual.
    #[serde(default)]
    pub divergence: Trace,
}

fn eight() -> usize {
    8
}

fn examples() -> usize {
    64
}

impl ResidualsConfig {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        for (key, value) in [("every", self.every), ("times", self.times as u64), ("examples", self.examples as u64)] {
            if value == 0 {
                return Err(TrainingError::config(format!("residuals.{key}"), "must be at least 1"));
            }
        }
        self.divergence.validate("residuals.divergence")
    }
}

/// What is known of a score at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// The time.
    pub t: f64,
    /// `(1/D) E‖s_θ(x_t) − ∇ log p(x_t | x₀)‖`
    pub r_dsm: f64,
    /// `(1/D) E‖ε_θ(x, t)‖` at noisy data.
    pub r_fp: f64,
    /// The same, uniformly in [0, 1]^D.
    pub r_fp_uniform: f64,
    /// `√(E‖J − Jᵀ‖² / E‖J‖²)`, from 0 for a gradient field to 2 (Prop. 1: how far the score is from one).
    pub curl: f64,
}

impl Residuals {
    /// Whether all numbers are finite.
    pub fn is_finite(&self) -> bool {
        let Self { t, r_dsm, r_fp, r_fp_uniform, curl } = self;
        [t, r_dsm, r_fp, r_fp_uniform, curl].into_iter().all(|number| number.is_finite())
    }
}

/// Sums over examples, of which [`Residuals`] are made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ResidualSums {
    examples: f64,
    dsm: f64,
    fp: f64,
    fp_uniform: f64,
    curl: [f64; 2],
}

impl AddAssign for ResidualSums {
    fn add_assign(&mut self, other: Self) {
        self.examples += other.examples;
        self.dsm += other.dsm;
        self.fp += other.fp;
        self.fp_uniform += other.fp_uniform;
        self.curl = std::array::from_fn(|part| self.curl[part] + other.curl[part]);
    }
}

impl ResidualSums {
    /// The averages, at a time.
    pub fn at(self, t: f64) -> Residuals {
        let [r_dsm, r_fp, r_fp_uniform] = [self.dsm, self.fp, self.fp_uniform].map(|sum| sum / self.examples);
        Residuals { t, r_dsm, r_fp, r_fp_uniform, curl: ratio(self.curl) }
    }
}

impl ResidualsConfig {
    /// How many examples of so many numbers are worth evaluating at once: memory is some hundred times theirs.
    pub fn at_once(dimension: usize) -> usize {
        (1 << 14) / dimension.clamp(1, 1 << 14)
    }

    /// Measures a score at one time on data, with random numbers that are functions of the seed and the examples'
    /// numbers. The score's parameters are not under differentiation, and it has no classes.
    ///
    /// # Shapes
    /// `x0`: `[examples, …]`
    pub fn measure<const D: usize>(&self, score: &dyn Derivatives<D>, x0: &Tensor<D>, seed: u64, t: f64) -> Residuals {
        let (examples, at_once) = (x0.dims()[0], Self::at_once(x0.dims()[1..].iter().product()));
        let mut sums = ResidualSums::default();
        for first in (0..examples).step_by(at_once) {
            let some = x0.clone().narrow(0, first, at_once.min(examples - first));
            sums += self.sums(score, &some, first as u64, seed, t);
        }
        sums.at(t)
    }

    /// The sums over some examples, from number `first` on.
    ///
    /// # Shapes
    /// `x0`: `[examples, …]`
    pub fn sums<const D: usize>(
        &self,
        score: &dyn Derivatives<D>,
        x0: &Tensor<D>,
        first: u64,
        seed: u64,
        t: f64,
    ) -> ResidualSums {
        let x0 = x0.clone().inner();
        let examples = x0.dims()[0] as f64;
        let numbers = first..first + x0.dims()[0] as u64;
        let noise = example_noise(seed, Stream::Validation, numbers.clone(), x0.dims(), (&x0.device(), x0.dtype()));
        let probe = |law: Probe, number: u64| {
            law.draw(seed, Stream::RegularizerProbe, numbers.clone(), (1 << 19) + number, &x0)
        };
        let directions = Directions::draw(self.divergence, &x0, |law, number| probe(law, 2 + number));
        let times = vec![t; x0.dims()[0]];
        let noisy = noisy(score.process(), &x0, &noise, &times);
        let anywhere = uniform(seed, numbers.clone().map(|number| !number), (0.0, 1.0), &x0);
        let [u, v] = [0, 1].map(|number| probe(Probe::Rademacher, number));
        ResidualSums {
            examples,
            dsm: examples * r_dsm(score, &x0, &noise, t),
            fp: examples * r_fp(score, noisy.clone(), t, &directions),
            fp_uniform: examples * r_fp(score, anywhere, t, &directions),
            curl: asymmetry(score, noisy, t, [u, v]).map(|mean| examples * mean),
        }
    }

    /// The times of a report.
    pub fn times(&self, process: &dyn fokker_process::Process) -> Vec<f64> {
        let (first, last) = (process.min_time(), process.horizon());
        let (high, low) = (process.log_snr(first), process.log_snr(last));
        let share = |index: usize| index as f64 / (self.times - 1).max(1) as f64;
        (0..self.times)
            .map(|index| process.time_of_log_snr(high + share(index) * (low - high)).clamp(first, last))
            .collect()
    }
}

fn mean(values: Tensor<1>) -> f64 {
    let values = values.into_data_as::<f64>();
    let values = values.as_slice::<f64>().expect("converted to f64 just above");
    values.iter().sum::<f64>() / values.len() as f64
}

fn dimension<const D: usize>(x: &Tensor<D>) -> f64 {
    x.dims()[1..].iter().product::<usize>() as f64
}

/// `(1/D) E‖s_θ(x_t, t) − ∇ log p(x_t | x₀)‖` (papers/003 sec. 2).
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]`
pub fn r_dsm<const D: usize>(score: &dyn Score<D>, x0: &Tensor<D>, noise: &Tensor<D>, t: f64) -> f64 {
    let (process, times) = (score.process(), vec![t; x0.dims()[0]]);
    let difference = score.noise(noisy(process, x0, noise, &times), &times) - noise.clone();
    mean(inner(difference.clone(), difference).sqrt()) / (process.std(t) * dimension(x0))
}

/// `(1/D) E‖ε_θ(x, t)‖` (papers/003 sec. 2).
///
/// # Shapes
/// `x`: `[batch, …]`
pub fn r_fp<const D: usize>(score: &dyn Derivatives<D>, x: Tensor<D>, t: f64, directions: &Directions<D>) -> f64 {
    let (times, dimension) = (vec![t; x.dims()[0]], dimension(&x));
    mean(unit(residual(score, x, &times, directions, Differentiation::Exact)).1) / dimension
}

/// `√(E(uᵀJv − vᵀJu)² / E(uᵀJv)²)` with independent random `u` and `v`, which estimates `‖J − Jᵀ‖/‖J‖` (Frobenius).
///
/// # Shapes
/// `x`, `u`, `v`: `[batch, …]`
pub fn curl<const D: usize>(score: &dyn Derivatives<D>, x: Tensor<D>, t: f64, directions: [Tensor<D>; 2]) -> f64 {
    ratio(asymmetry(score, x, t, directions))
}

fn ratio([difference, whole]: [f64; 2]) -> f64 {
    (difference / whole).sqrt()
}

/// The two means under the root.
fn asymmetry<const D: usize>(score: &dyn Derivatives<D>, x: Tensor<D>, t: f64, [u, v]: [Tensor<D>; 2]) -> [f64; 2] {
    let times = vec![t; x.dims()[0]];
    let along =
        |from: &Tensor<D>, to: &Tensor<D>| inner(score.score_jvp(x.clone(), &times, from.clone()).1, to.clone());
    let (there, back) = (along(&v, &u), along(&u, &v));
    let whole = mean(there.clone().square() + back.clone().square()) / 2.0;
    [mean((there - back).square()), whole]
}
