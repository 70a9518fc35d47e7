//! A score learned from samples by denoising score matching ([Aamari 2025, §3.2], [Lecture 6, Prop. 1]), in closed form.
//!
//! At a few times, equally far apart in log-SNR, E |s(x_t) + ε/σ|² is minimised over all s in the span of 1, x and
//! Gaussian bumps: linear least squares, so what is found is the minimiser and what is wrong with it is the finite
//! sample and the finite span. Between the times s is interpolated in log-SNR. On the line.

use fokker_process::Process;
use fokker_random::Index;
use fokker_random::uses::SyntheticPart;
use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::{GaussHermite, LineMixture, Score};
use crate::{LaboratoryError, Watch, check};

/// How a score is learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningConfig {
    /// Number of samples x_0, the same at every time; each is noised anew.
    pub samples: usize,
    /// Number of Gaussian bumps.
    pub bumps: usize,
    /// Number of times.
    pub times: usize,
    /// Ridge of the least squares, relative to the mean square of the features.
    pub ridge: f64,
    /// Integrates over the noise exactly, with as many Gauss–Hermite nodes for each sample [Aamari 2025, §3.2.2]. Absent:
    /// one draw of the noise for each sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<usize>,
}

/// The score that was learned.
#[derive(Debug)]
pub struct LearnedScore<'a> {
    process: &'a dyn Process,
    /// Rising in time: log-SNR falls.
    knots: Vec<Knot>,
}

#[derive(Clone, Debug)]
struct Knot {
    log_snr: f64,
    centre: f64,
    spread: f64,
    weights: DVector<f64>,
}

/// Bumps reach over this many standard deviations of x_t to each side.
const REACH: f64 = 3.0;

/// 1, z and bumps at equal distances, for z = (x − centre)/spread.
fn features(z: f64, bumps: usize) -> impl Iterator<Item = f64> {
    let gap = 2.0 * REACH / (bumps.max(2) - 1) as f64;
    let bump = move |j: usize| (-0.5 * ((z + REACH - j as f64 * gap) / gap).powi(2)).exp();
    [1.0, z].into_iter().chain((0..bumps).map(bump))
}

impl LearningConfig {
    /// Checks every key.
    ///
    /// # Errors
    /// A number out of range, by key.
    pub fn check(&self) -> Result<(), LaboratoryError> {
        check::count("learned.samples", self.samples, 10..=check::MOST_PATHS)?;
        check::count("learned.bumps", self.bumps, 2..=500)?;
        check::count("learned.times", self.times, 2..=10_000)?;
        if let Some(nodes) = self.nodes {
            check::count("learned.nodes", nodes, 1..=GaussHermite::MOST_NODES)?;
            let numbers = [("learned.samples", self.samples), ("learned.nodes", nodes)];
            check::product(&numbers, check::MOST_NUMBERS, "numbers in memory")?;
        }
        // Below this the rounding of the sums is larger than the ridge.
        check::within("learned.ridge", self.ridge, 1e-12..=1e6)
    }
}

impl<'a> LearnedScore<'a> {
    /// Learns from samples of a mixture; the same seed learns the same score.
    ///
    /// # Errors
    /// As [`LearningConfig::check`]; if the one who watches stops it.
    pub fn learn(
        data: &LineMixture,
        process: &'a dyn Process,
        times: (f64, f64),
        config: &LearningConfig,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Self, LaboratoryError> {
        config.check()?;
        let draw = |i: u64| data.sample(&mut Index::synthetic(SyntheticPart::Train, i).rng(seed));
        let points: Vec<f64> = (0..config.samples as u64).map(draw).collect();
        let (high, low) = (process.log_snr(times.0), process.log_snr(times.1));
        let mut knots = Vec::new();
        for k in 0..config.times {
            watch.advance(k as f64 / config.times as f64)?;
            let log_snr = high + (low - high) * k as f64 / (config.times - 1) as f64;
            knots.push(fit(&points, process, log_snr, config, seed, k as u64)?);
        }
        Ok(Self { process, knots })
    }
}

fn fit(
    points: &[f64],
    process: &dyn Process,
    log_snr: f64,
    config: &LearningConfig,
    seed: u64,
    index: u64,
) -> Result<Knot, LaboratoryError> {
    let t = process.time_of_log_snr(log_snr);
    let (scale, std) = (process.mean_scale(t), process.std(t));
    // Points, targets and weights that sum to 1.
    let mut triples: Vec<(f64, f64, f64)> = Vec::new();
    let share = 1.0 / points.len() as f64;
    let mut take = |x0: f64, epsilon: f64, part: f64| {
        triples.push((scale * x0 + std * epsilon, -epsilon / std, share * part));
    };
    if let Some(nodes) = config.nodes {
        let rule = GaussHermite::new(nodes);
        points.iter().for_each(|x0| rule.nodes().for_each(|(epsilon, part)| take(*x0, epsilon, part)));
    } else {
        let mut noise = Index::training_noise(index).rng(seed);
        points.iter().for_each(|x0| take(*x0, noise.sample(StandardNormal), 1.0));
    }
    let centre = triples.iter().map(|(x, _, part)| part * x).sum::<f64>();
    let spread = triples.iter().map(|(x, _, part)| part * (x - centre).powi(2)).sum::<f64>().sqrt();
    let size = config.bumps + 2;
    let (mut gram, mut moment) = (DMatrix::<f64>::zeros(size, size), DVector::<f64>::zeros(size));
    let mut row = vec![0.0; size];
    for (x, target, part) in &triples {
        row.iter_mut().zip(features((x - centre) / spread, config.bumps)).for_each(|(r, f)| *r = f);
        for i in 0..size {
            moment[i] += row[i] * target * part;
            for j in 0..=i {
                gram[(i, j)] += row[i] * row[j] * part;
            }
        }
    }
    let ridge = config.ridge * gram.trace() / size as f64;
    for i in 0..size {
        gram[(i, i)] += ridge;
    }
    gram.fill_upper_triangle_with_lower_triangle();
    let Some(factor) = gram.cholesky() else {
        let expected = format!("larger: at t = {t:.3e} the features are not independent to rounding");
        return Err(LaboratoryError::value("learned.ridge", config.ridge, expected));
    };
    Ok(Knot { log_snr, centre, spread, weights: factor.solve(&moment) })
}

impl Knot {
    fn score(&self, x: f64) -> f64 {
        let bumps = self.weights.len() - 2;
        features((x - self.centre) / self.spread, bumps).zip(&self.weights).map(|(f, w)| f * w).sum()
    }
}

impl Score for LearnedScore<'_> {
    fn dimension(&self) -> usize {
        1
    }

    fn score(&self, x: &[f64], t: f64, _: usize) -> f64 {
        let log_snr = self.process.log_snr(t);
        let after = self.knots.partition_point(|knot| knot.log_snr > log_snr).clamp(1, self.knots.len() - 1);
        let (a, b) = (&self.knots[after - 1], &self.knots[after]);
        let part = ((a.log_snr - log_snr) / (a.log_snr - b.log_snr)).clamp(0.0, 1.0);
        (1.0 - part) * a.score(x[0]) + part * b.score(x[0])
    }
}
