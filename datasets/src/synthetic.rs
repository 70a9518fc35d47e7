//! Data sets without files: independent draws from a law that is written down.
//!
//! Example number i is drawn with the generator of (seed, [`Index::synthetic`]), so a set has any length without
//! being held in memory, and example i is the same in a short set and in a long one. The training split takes the
//! numbers from 0, the validation split those from 2⁶³, the test split those from 2⁶²: they never share one.

use fokker_random::uses::SyntheticPart;
use fokker_random::{Index, Rng};
use rand::Rng as _;

use crate::{Dataset, DatasetError, Split};

/// A probability law on vectors, or on signals.
pub trait Law: Send + Sync {
    /// Its name, as in the config's `kind`.
    fn name(&self) -> &str;
    /// The number of coordinates.
    fn dimension(&self) -> usize;
    /// The shape of an example: vectors of the dimension unless it is overridden, `[channels, length]` for signals.
    fn shape(&self) -> Vec<usize> {
        vec![self.dimension()]
    }
    /// The number of components that examples are labelled with; `None` if it has no parts.
    fn classes(&self) -> Option<usize>;
    /// Draws one vector into `out` (of length [`Law::dimension`]) and returns its component, if the law has components.
    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize>;
}

/// How many examples a synthetic data set has. Since each is a new draw, this only says what an epoch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Examples of the training split, 1 to 100 000 000; the config's key `examples`, default 65 536.
    pub examples: usize,
    /// Examples of the validation split and of the test split, likewise; the config's key `validation_examples`, default 8192.
    pub validation_examples: usize,
}

impl Counts {
    /// Refuses counts out of range.
    pub(crate) fn check(self) -> Result<(), DatasetError> {
        for (key, count) in [("data.examples", self.examples), ("data.validation_examples", self.validation_examples)] {
            if !(1..=100_000_000).contains(&count) {
                return Err(DatasetError::config(key, format!("{count}; expected 1 to 100000000")));
            }
        }
        Ok(())
    }
}

/// Draws from a law as a data set.
pub struct Synthetic<L> {
    law: L,
    seed: u64,
    part: SyntheticPart,
    length: usize,
    shape: Vec<usize>,
}

impl<L: Law> Synthetic<L> {
    /// The split of a law that belongs to `seed`.
    ///
    /// # Errors
    /// [`DatasetError::Config`] if a count is 0 or above 100 000 000.
    pub fn new(law: L, counts: Counts, split: Split, seed: u64) -> Result<Self, DatasetError> {
        counts.check()?;
        let (length, part) = match split {
            Split::Train => (counts.examples, SyntheticPart::Train),
            Split::Validation => (counts.validation_examples, SyntheticPart::Validation),
            Split::Test => (counts.validation_examples, SyntheticPart::Test),
        };
        let shape = law.shape();
        Ok(Self { law, seed, part, length, shape })
    }

    /// The law that examples are drawn from.
    pub fn law(&self) -> &L {
        &self.law
    }
}

impl<L: Law> Dataset for Synthetic<L> {
    fn name(&self) -> &str {
        self.law.name()
    }

    fn len(&self) -> usize {
        self.length
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn classes(&self) -> Option<usize> {
        self.law.classes()
    }

    fn is_image(&self) -> bool {
        false
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        assert!(index < self.length, "example {index} of {}", self.length);
        assert_eq!(out.len(), self.size(), "the slice for an example of {:?}", self.shape);
        self.law.draw(&mut Index::synthetic(self.part, index as u64).rng(self.seed), out)
    }
}

/// A draw from U[0, 1), a multiple of 2⁻⁵³.
pub(crate) fn uniform(rng: &mut Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// One of `0..count`, all equally likely (up to 2⁻⁵³).
pub(crate) fn choice(rng: &mut Rng, count: usize) -> usize {
    ((uniform(rng) * count as f64) as usize).min(count - 1)
}

/// Writes `centre` plus independent draws from N(0, `std`²).
pub(crate) fn scatter(rng: &mut Rng, centre: &[f64], std: f64, out: &mut [f32]) {
    fokker_random::fill_normals(rng, out);
    for (value, centre) in out.iter_mut().zip(centre) {
        *value = (centre + std * f64::from(*value)) as f32;
    }
}

/// Refuses a number that is not finite and ≥ 0.
pub(crate) fn check_noise(key: &'static str, noise: f64) -> Result<(), DatasetError> {
    if noise.is_finite() && noise >= 0.0 {
        return Ok(());
    }
    Err(DatasetError::config(key, format!("{noise}; expected a finite number of at least 0")))
}

#[cfg(test)]
pub(crate) mod moments {
    use super::*;

    /// Checks mean and variance of a coordinate function against exact values, within five standard errors.
    pub(crate) fn check(law: &dyn Law, of: impl Fn(&[f32]) -> f64, mean: f64, variance: f64) {
        let n = 20_000;
        let mut out = vec![0.0; law.dimension()];
        let values: Vec<f64> = (0..n)
            .map(|i| {
                law.draw(&mut Index::synthetic(SyntheticPart::Train, i).rng(5), &mut out);
                of(&out)
            })
            .collect();
        let average = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / n as f64;
        let found = average(&mut values.iter().copied());
        let error = 5.0 * (variance / n as f64).sqrt() + 1e-6;
        assert!((found - mean).abs() < error, "mean of {}: {found}, expected {mean} ± {error}", law.name());
        let square = |v: f64| (v - mean).powi(2);
        let found = average(&mut values.iter().map(|&v| square(v)));
        let fourth = average(&mut values.iter().map(|&v| square(v).powi(2)));
        let error = 5.0 * ((fourth - variance * variance).max(0.0) / n as f64).sqrt() + 1e-6;
        assert!((found - variance).abs() < error, "variance of {}: {found}, expected {variance} ± {error}", law.name());
    }

    /// How often each component was drawn, as fractions.
    pub(crate) fn frequencies(law: &dyn Law) -> Vec<f64> {
        let n = 20_000;
        let mut out = vec![0.0; law.dimension()];
        let mut counts = vec![0.0; law.classes().unwrap()];
        for i in 0..n {
            counts[law.draw(&mut Index::synthetic(SyntheticPart::Train, i).rng(6), &mut out).unwrap()] +=
                1.0 / n as f64;
        }
        counts
    }
}
