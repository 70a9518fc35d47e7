//! Error bars by half-samples.
//!
//! The bootstrap draws with replacement, and its duplicates break these metrics: a point next to its copy has the distance
//! 0 to its nearest neighbour, and `k(x, x)` enters the unbiased sums of a kernel. A half-sample is drawn without
//! replacement. Half of the samples and half of the reference are drawn again and again, each time the metric is computed,
//! and the deviation of these values is the standard error at the full size: the factor `(n − d)/d` of the jackknife that
//! deletes `d` of `n` observations is 1 for `d = n/2` (Shao & Wu 1989). The mean of the replicates is not used, so a bias in `n`
//! does not enter.

use fokker_random::Index;
use serde::{Deserialize, Serialize};

use crate::features::Pair;

/// Which samples and which reference vectors a replicate holds.
#[derive(Clone, Debug)]
pub struct Replicate {
    samples: Vec<bool>,
    reference: Vec<bool>,
}

impl Replicate {
    /// For each sample, whether it is in.
    pub fn samples(&self) -> &[bool] {
        &self.samples
    }

    /// For each reference vector, whether it is in.
    pub fn reference(&self) -> &[bool] {
        &self.reference
    }
}

/// The whole clouds, then the half-samples.
#[derive(Clone, Debug)]
pub struct Replicates(Vec<Replicate>);

impl Replicates {
    /// The whole clouds, then `halves` half-samples of both, a function of `seed` and the sizes. Clouds of fewer than four
    /// vectors have no halves.
    pub fn new(seed: u64, halves: usize, pair: &Pair) -> Self {
        let (samples, reference) = (pair.samples().count(), pair.reference().count());
        let whole = Replicate { samples: vec![true; samples], reference: vec![true; reference] };
        let halves = if samples.min(reference) < 4 { 0 } else { halves };
        let drawn = (0..halves as u64).map(|number| Replicate {
            samples: half(Index::evaluation_half(number, 0).permutation(seed, samples)),
            reference: half(Index::evaluation_half(number, 1).permutation(seed, reference)),
        });
        Self(std::iter::once(whole).chain(drawn).collect())
    }

    /// All of them; the first is the whole.
    pub fn iter(&self) -> std::slice::Iter<'_, Replicate> {
        self.0.iter()
    }

    /// How many there are, the whole among them.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The fewest samples and the fewest reference vectors in a replicate.
    pub fn smallest(&self) -> (usize, usize) {
        let of = |side: fn(&Replicate) -> &[bool]| self.iter().map(|each| numbers(side(each)).len()).min().unwrap_or(0);
        (of(Replicate::samples), of(Replicate::reference))
    }
}

/// The first half of a permutation, as a mask.
fn half(order: Vec<usize>) -> Vec<bool> {
    let mut mask = vec![false; order.len()];
    for &number in &order[..order.len() / 2] {
        mask[number] = true;
    }
    mask
}

/// The numbers that are in a mask.
pub(crate) fn numbers(mask: &[bool]) -> Vec<usize> {
    mask.iter().enumerate().filter(|(_, inside)| **inside).map(|(number, _)| number).collect()
}

/// A value with its error bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value of all samples.
    pub value: f64,
    /// Its standard error; none where there are no half-samples.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// Of the value of the whole, followed by those of the half-samples.
    pub fn of(values: &[f64]) -> Self {
        let (value, halves) = (values[0], &values[1..]);
        let count = halves.len() as f64;
        let mean = halves.iter().sum::<f64>() / count;
        let variance = halves.iter().map(|half| (half - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { value, standard_error: (halves.len() > 1).then(|| variance.sqrt()) }
    }
}
