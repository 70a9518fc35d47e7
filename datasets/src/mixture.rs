//! Gaussian mixtures in any dimension: p(x) = Σₖ wₖ N(x; mₖ, sₖ² I), labels = components.
//!
//! Under every linear process a Gaussian mixture stays one, so density and score are known at all times: the data set
//! that a method is measured on before anything else.

use fokker_random::Rng;
use serde::{Deserialize, Serialize};

use crate::synthetic::{Counts, Law, scatter, uniform};
use crate::{DatasetError, LawKind, register_dataset};

/// `kind = "mixture"`: either `preset`, or `means` with `stds` and optionally `weights`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixtureConfig {
    /// A mixture by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<MixturePreset>,
    /// The mean of every component, all of the same dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<Vec<Vec<f64>>>,
    /// The standard deviation of every component, in each coordinate; positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stds: Option<Vec<f64>>,
    /// The weight of every component, positive; they are divided by their sum. Default: all equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
    /// Examples of the training split. Default 65 536.
    pub examples: usize,
    /// Examples of the validation split. Default 8192.
    pub validation_examples: usize,
}

impl Default for MixtureConfig {
    fn default() -> Self {
        Self { preset: None, means: None, stds: None, weights: None, examples: 65_536, validation_examples: 8192 }
    }
}

/// Mixtures by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MixturePreset {
    /// One dimension: N(−1, 0.3²) with weight 0.3 and N(1, 0.3²) with weight 0.7.
    Bimodal,
    /// Two dimensions: eight equal Gaussians on the circle of radius 2, standard deviation 0.2.
    EightGaussians,
    /// Two dimensions: 25 equal Gaussians at {−2, −1, 0, 1, 2}², standard deviation 0.1.
    Grid,
}

/// A mixture of isotropic Gaussians.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    stds: Vec<f64>,
}

impl LawKind for MixtureConfig {
    type Law = Mixture;

    fn law(&self) -> Result<Mixture, DatasetError> {
        let own = [
            ("data.means", self.means.is_some()),
            ("data.stds", self.stds.is_some()),
            ("data.weights", self.weights.is_some()),
        ];
        if let Some(preset) = self.preset {
            if let Some((key, _)) = own.iter().find(|(_, given)| *given) {
                return Err(DatasetError::config(*key, "a preset has its own; leave out either this key or `preset`"));
            }
            return Ok(preset.mixture());
        }
        let needed = |key| DatasetError::config(key, "missing; expected `preset`, or `means` and `stds`");
        let means = self.means.clone().ok_or_else(|| needed("data.means"))?;
        let stds = self.stds.clone().ok_or_else(|| needed("data.stds"))?;
        let weights = self.weights.clone().unwrap_or_else(|| vec![1.0; means.len()]);
        Mixture::new(weights, means, stds)
    }

    fn counts(&self) -> Counts {
        Counts { examples: self.examples, validation_examples: self.validation_examples }
    }

    fn mixture(&self) -> Result<Option<Mixture>, DatasetError> {
        self.law().map(Some)
    }
}

register_dataset!(MixtureConfig as "mixture");

impl MixturePreset {
    /// The mixture of that name.
    pub fn mixture(self) -> Mixture {
        let equal = |means: Vec<Vec<f64>>, std| {
            let count = means.len();
            Mixture { weights: vec![1.0 / count as f64; count], means, stds: vec![std; count] }
        };
        match self {
            Self::Bimodal => {
                Mixture { weights: vec![0.3, 0.7], means: vec![vec![-1.0], vec![1.0]], stds: vec![0.3; 2] }
            }
            Self::EightGaussians => {
                let angle = |k: i32| f64::from(k) * std::f64::consts::FRAC_PI_4;
                equal((0..8).map(|k| vec![2.0 * angle(k).cos(), 2.0 * angle(k).sin()]).collect(), 0.2)
            }
            Self::Grid => {
                equal((-2..=2).flat_map(|i| (-2..=2).map(move |j| vec![f64::from(i), f64::from(j)])).collect(), 0.1)
            }
        }
    }
}

impl Mixture {
    /// A mixture of as many components as there are weights.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the parameter: other numbers of means or stds than of weights, means of
    /// different or no dimension, values that are not finite, weights or stds that are not positive.
    pub fn new(weights: Vec<f64>, means: Vec<Vec<f64>>, stds: Vec<f64>) -> Result<Self, DatasetError> {
        let positive = |values: &[f64]| values.iter().all(|&v| v.is_finite() && v > 0.0);
        let dimension = means.first().map_or(0, Vec::len);
        if dimension == 0 {
            return Err(DatasetError::config("data.means", "expected at least one mean with at least one coordinate"));
        }
        if means.iter().any(|mean| mean.len() != dimension || mean.iter().any(|v| !v.is_finite())) {
            return Err(DatasetError::config(
                "data.means",
                format!("expected {dimension} finite coordinates in each mean"),
            ));
        }
        let counted = |key, values: &[f64]| {
            if values.len() == means.len() && positive(values) {
                return Ok(());
            }
            Err(DatasetError::config(key, format!("{values:?}; expected {} positive numbers", means.len())))
        };
        counted("data.stds", &stds)?;
        counted("data.weights", &weights)?;
        let sum: f64 = weights.iter().sum();
        Ok(Self { weights: weights.into_iter().map(|weight| weight / sum).collect(), means, stds })
    }

    /// The weights, of sum 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The means, `[components][dimension]`.
    pub fn means(&self) -> &[Vec<f64>] {
        &self.means
    }

    /// The standard deviations.
    pub fn stds(&self) -> &[f64] {
        &self.stds
    }
}

impl Law for Mixture {
    fn name(&self) -> &str {
        "mixture"
    }

    fn dimension(&self) -> usize {
        self.means[0].len()
    }

    fn classes(&self) -> Option<usize> {
        Some(self.weights.len())
    }

    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
        let mut rest = uniform(rng);
        let below = |&weight: &f64| {
            rest -= weight;
            rest < 0.0
        };
        let component = self.weights.iter().position(below).unwrap_or(self.weights.len() - 1);
        scatter(rng, &self.means[component], self.stds[component], out);
        Some(component)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::moments;

    #[test]
    fn moments_and_weights_are_those_of_the_formula() {
        let mixture =
            Mixture::new(vec![3.0, 1.0], vec![vec![1.0, 0.0, -2.0], vec![-3.0, 5.0, 0.0]], vec![0.5, 2.0]).unwrap();
        for (coordinate, mean, second) in [(0, 0.0, 3.0), (1, 1.25, 6.25), (2, -1.5, 3.0)] {
            let noise = 0.75 * 0.25 + 0.25 * 4.0;
            let variance = second - mean * mean + noise;
            moments::check(&mixture, |x| f64::from(x[coordinate]), mean, variance);
        }
        let found = moments::frequencies(&mixture);
        assert!((found[0] - 0.75).abs() < 5.0 * (0.75 * 0.25 / 20_000.0f64).sqrt(), "{found:?}");
    }

    #[test]
    fn presets_are_what_they_say() {
        let ring = MixturePreset::EightGaussians.mixture();
        moments::check(&ring, |x| f64::from(x[0]), 0.0, 2.0 + 0.04);
        moments::check(&MixturePreset::Bimodal.mixture(), |x| f64::from(x[0]), 0.4, 1.0 - 0.16 + 0.09);
        moments::check(&MixturePreset::Grid.mixture(), |x| f64::from(x[1]), 0.0, 2.0 + 0.01);
        assert!(moments::frequencies(&ring).iter().all(|&f| (f - 0.125).abs() < 0.012));
        assert!(ring.means().iter().all(|mean| (mean[0].hypot(mean[1]) - 2.0).abs() < 1e-12));
    }

    #[test]
    fn impossible_mixtures_are_refused_by_key() {
        let refused = |weights: &[f64], means: &[&[f64]], stds: &[f64]| {
            let means = means.iter().map(|mean| mean.to_vec()).collect();
            match Mixture::new(weights.to_vec(), means, stds.to_vec()) {
                Err(DatasetError::Config { key, .. }) => key,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(&[], &[], &[]), "data.means");
        assert_eq!(refused(&[1.0, 1.0], &[&[0.0], &[0.0, 1.0]], &[1.0, 1.0]), "data.means");
        assert_eq!(refused(&[1.0], &[&[0.0]], &[0.0]), "data.stds");
        assert_eq!(refused(&[1.0, 1.0], &[&[0.0]], &[1.0]), "data.weights");
        assert_eq!(refused(&[f64::NAN], &[&[0.0]], &[1.0]), "data.weights");
    }
}
