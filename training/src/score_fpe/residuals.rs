//! How well a score fits the data and the equation, along `t` [Lai 2023, sec. 2, Figures 1 and 6].
//!
//! The residual `ε` needs a divergence. A random probe `v` gives one, `vᵀJv`, whose mean is right; so the residual `ε_v` with it has
//! the mean `ε`. Its length has not: `E‖ε_v‖ ≥ ‖E ε_v‖ = ‖ε‖`, equal only if `∇(vᵀJv)` is the same for every `v`. For the score of a
//! density, `ε = 0` and what is left of `‖ε_v‖` measures third derivatives of its logarithm. The paper's `r_FP` has one probe (Appx.
//! D.2, `M = 1`): it estimates `E‖ε_v‖/D`. What is reported here as `r_FP` does not add the probes' noise:
//!
//! | | `r_FP` | its mean |
//! |---|---|---|
//! | up to 32 dimensions | `E‖ε‖/D` with the exact divergence | right |
//! | above | `√(E⟨ε_v, ε_v'⟩)/D`, `v` and `v'` independent | that of the square is right: `E⟨ε_v, ε_v'⟩ = E‖ε‖²` |
//!
//! The second is a root mean square over the examples, so at least the first. Its square may come out negative if it is zero; then
//! the root has a minus sign.

use std::ops::AddAssign;

use burn::tensor::Tensor;
use fokker_model::divergence::inner_product;
use fokker_model::{Derivatives, Probe, Score};
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use super::differentiation::Differentiation;
use super::regularizer::uniform;
use super::residual::{Directions, residual};
use crate::error::{MOST_EXAMPLES, MOST_PROBES, TrainingError, require_size};
use crate::example_noise::example_noise;
use crate::loss::{DivergenceEstimator, noisy};

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
    /// The divergence in the residual. Absent, it is exact up to 32 dimensions, and has two probes above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<DivergenceEstimator>,
}

/// The largest dimension in which the divergence is exact unless another is named.
const EXACT: usize = 32;

fn eight() -> usize {
    8
}

fn examples() -> usize {
    64
}

impl ResidualsConfig {
    /// A report every so many steps, at 8 times, on 64 held-out examples.
    pub fn new(every: u64) -> Self {
        Self { every, times: eight(), examples: examples(), divergence: None }
    }

    /// Checks that a process has the equation, with rates at all times.
    ///
    /// # Errors
    /// A process with velocities; one that reaches pure noise, where the rates are infinite.
    pub fn validate_under(&self, process: &dyn fokker_process::Process) -> Result<(), TrainingError> {
        let name = process.name();
        let problem = if process.phase_space().is_some() {
            format!("are those of scalar processes, and {name} has velocities")
        } else if process.reaches_pure_noise() {
            format!("the rates of the score Fokker–Planck equation are infinite where {name} begins")
        } else {
            return Ok(());
        };
        Err(TrainingError::config("residuals", format!("{problem}; leave the section out")))
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The first number that does not work, by name.
    pub fn validate(&self) -> Result<(), TrainingError> {
        if self.every == 0 {
            return Err(TrainingError::config("residuals.every", "must be at least 1"));
        }
        require_size("residuals.times", self.times as u64, MOST_PROBES)?;
        require_size("residuals.examples", self.examples as u64, MOST_EXAMPLES)?;
        match self.divergence {
            Some(DivergenceEstimator::Hutchinson { probes: 0 | 1, .. }) => Err(TrainingError::config(
                "residuals.divergence.probes",
                "must be at least 2: with one probe r_FP is not zero where the residual is; two independent ones make its \
                 square right on average",
            )),
            Some(divergence) => divergence.validate("residuals.divergence"),
            None => Ok(()),
        }
    }

    /// The divergence in so many dimensions.
    fn trace(&self, dimension: usize) -> DivergenceEstimator {
        let unless_named = if dimension <= EXACT {
            DivergenceEstimator::Exact
        } else {
            DivergenceEstimator::Hutchinson { probes: 2, probe: Probe::Rademacher }
        };
        self.divergence.unwrap_or(unless_named)
    }
}

/// What is known of a score at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// The time.
    pub t: f64,
    /// `(1/D) E‖s_θ(x_t) − ∇ log p(x_t | x₀)‖`
    pub r_dsm: f64,
    /// `(1/D) E‖ε_θ(x, t)‖` at noisy data; with probes the root of an unbiased mean square (see the module).
    pub r_fp: f64,
    /// How much larger it is if what it is the mean of is one standard error larger.
    pub r_fp_error: f64,
    /// The same, uniformly in [0, 1]^D.
    pub r_fp_uniform: f64,
    /// Its error.
    pub r_fp_uniform_error: f64,
    /// What the paper's estimate with one probe comes to, `(1/D) E‖ε_v‖` at noisy data, which is at least `r_fp` on average; none where
    /// the divergence is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_fp_one_probe: Option<f64>,
    /// `√(E‖J − Jᵀ‖² / E‖J‖²)`, from 0 for a gradient field to 2 (Prop. 1: how far the score is from one).
    pub curl: f64,
}

impl Residuals {
    /// Whether all numbers are finite.
    pub fn is_finite(&self) -> bool {
        let Self { t, r_dsm, r_fp, r_fp_error, r_fp_uniform, r_fp_uniform_error, r_fp_one_probe, curl } = self;
        let numbers = [t, r_dsm, r_fp, r_fp_error, r_fp_uniform, r_fp_uniform_error, curl];
        numbers.into_iter().chain(r_fp_one_probe).all(|number| number.is_finite())
    }
}

/// Sums over examples, of which [`Residuals`] are made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ResidualSums {
    examples: f64,
    dsm: f64,
    fp: NormSums,
    fp_uniform: NormSums,
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
        let ([r_fp, r_fp_error], [r_fp_uniform, r_fp_uniform_error]) = (self.fp.mean(), self.fp_uniform.mean());
        let r_fp_one_probe = self.fp.one_probe();
        let (r_dsm, curl) = (self.dsm / self.examples, ratio(self.curl));
        Residuals { t, r_dsm, r_fp, r_fp_error, r_fp_uniform, r_fp_uniform_error, r_fp_one_probe, curl }
    }
}

/// Sums over examples of the length of the residual, or of its estimated square, and of their squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct NormSums {
    examples: f64,
    /// Whether the second and third are of `⟨ε_v, ε_v'⟩/D²`; otherwise they are of `‖ε‖/D`.
    squared: bool,
    sum: f64,
    square: f64,
    /// The sum of `‖ε_v‖/D`.
    one_probe: f64,
}

impl AddAssign for NormSums {
    fn add_assign(&mut self, other: Self) {
        self.examples += other.examples;
        self.squared |= other.squared;
        self.sum += other.sum;
        self.square += other.square;
        self.one_probe += other.one_probe;
    }
}

impl NormSums {
    /// Those of some examples. `estimates` are the residual with the exact divergence, or several with independent probes.
    fn of<const D: usize>(estimates: &[Tensor<D>]) -> Self {
        let count = estimates.len() as f64;
        let dimension = dimension(&estimates[0]);
        let squares: Vec<Vec<f64>> =
            estimates.iter().map(|estimate| numbers(inner_product(estimate.clone(), estimate.clone()))).collect();
        let [first, ..] = squares.as_slice() else { unreachable!("there is an estimate") };
        let lengths: Vec<f64> = first.iter().map(|square| square.sqrt() / dimension).collect();
        let one_probe = lengths.iter().sum();
        let values = if estimates.len() == 1 {
            lengths
        } else {
            // All pairs of different ones: |Σ ε_k|² less Σ |ε_k|².
            let sum = estimates.iter().cloned().reduce(|sum, estimate| sum + estimate).expect("there are estimates");
            let whole = numbers(inner_product(sum.clone(), sum));
            let own = |example: usize| squares.iter().map(|squares| squares[example]).sum::<f64>();
            let pairs = count * (count - 1.0) * dimension * dimension;
            whole.iter().enumerate().map(|(example, whole)| (whole - own(example)) / pairs).collect()
        };
        let square = values.iter().map(|value| value * value).sum();
        let (examples, sum) = (values.len() as f64, values.iter().sum());
        Self { examples, squared: estimates.len() > 1, sum, square, one_probe }
    }

    /// The mean length, or the signed root of the mean square; and its error.
    fn mean(self) -> [f64; 2] {
        let mean = self.sum / self.examples;
        let variance = (self.square / self.examples - mean * mean).max(0.0);
        let error = (variance / (self.examples - 1.0).max(1.0)).sqrt();
        if !self.squared {
            return [mean, error];
        }
        let positive = mean.max(0.0);
        [mean.abs().sqrt().copysign(mean), (positive + error).sqrt() - positive.sqrt()]
    }

    fn one_probe(self) -> Option<f64> {
        self.squared.then(|| self.one_probe / self.examples)
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
        let indices = numbers.clone().map(Index::held_out_noise);
        let noise = example_noise(seed, indices, x0.dims(), (&x0.device(), x0.dtype()));
        let probe = |law: Probe, number: u64| {
            law.draw(seed, numbers.clone().map(|example| Index::report_probe(example, number)), &x0)
        };
        let trace = self.trace(x0.dims()[1..].iter().product());
        let directions = Directions::draw(trace, &x0, |law, number| probe(law, 2 + number)).independent(trace);
        let times = vec![t; x0.dims()[0]];
        let noisy = noisy(score.process(), &x0, &noise, &times);
        let anywhere = uniform(seed, numbers.clone().map(Index::report_point), (0.0, 1.0), &x0);
        let [u, v] = [0, 1].map(|number| probe(Probe::Rademacher, number));
        ResidualSums {
            examples,
            dsm: examples * r_dsm(score, &x0, &noise, t),
            fp: NormSums::of(&estimates(score, &noisy, t, &directions)),
            fp_uniform: NormSums::of(&estimates(score, &anywhere, t, &directions)),
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

fn numbers(values: Tensor<1>) -> Vec<f64> {
    values.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64 just above").to_vec()
}

fn mean(values: Tensor<1>) -> f64 {
    let values = numbers(values);
    values.iter().sum::<f64>() / values.len() as f64
}

fn dimension<const D: usize>(x: &Tensor<D>) -> f64 {
    x.dims()[1..].iter().product::<usize>() as f64
}

/// `(1/D) E‖s_θ(x_t, t) − ∇ log p(x_t | x₀)‖` [Lai 2023, sec. 2].
///
/// # Shapes
/// `x0`, `noise`: `[batch, …]`
pub fn r_dsm<const D: usize>(score: &dyn Score<D>, x0: &Tensor<D>, noise: &Tensor<D>, t: f64) -> f64 {
    let (process, times) = (score.process(), vec![t; x0.dims()[0]]);
    let difference = score.noise(noisy(process, x0, noise, &times), &times) - noise.clone();
    mean(inner_product(difference.clone(), difference).sqrt()) / (process.std(t) * dimension(x0))
}

/// `r_FP`, `(1/D) E‖ε_θ(x, t)‖` [Lai 2023, sec. 2], as the module says: with one set of directions the mean length of the
/// residual, which is right if they are [all axes](Directions::axes); with several independent ones the root of the unbiased mean
/// square.
///
/// # Shapes
/// `x`: `[batch, …]`
///
/// # Panics
/// If there is no set of directions.
pub fn r_fp<const D: usize>(score: &dyn Derivatives<D>, x: &Tensor<D>, t: f64, directions: &[Directions<D>]) -> f64 {
    NormSums::of(&estimates(score, x, t, directions)).mean()[0]
}

/// The residual with each set of directions.
fn estimates<const D: usize>(
    score: &dyn Derivatives<D>,
    x: &Tensor<D>,
    t: f64,
    directions: &[Directions<D>],
) -> Vec<Tensor<D>> {
    let times = vec![t; x.dims()[0]];
    let with = |directions| residual(score, x.clone(), &times, directions, Differentiation::Exact);
    directions.iter().map(with).collect()
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
    let along = |from: &Tensor<D>, to: &Tensor<D>| {
        inner_product(score.score_jvp(x.clone(), &times, from.clone()).1, to.clone())
    };
    let (there, back) = (along(&v, &u), along(&u, &v));
    let whole = mean(there.clone().square() + back.clone().square()) / 2.0;
    [mean((there - back).square()), whole]
}
