//! Gaussian mixtures on a line, without allocation: what grids and ensembles ask millions of times.

use fokker_process::{GaussianMixture, Process};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::LaboratoryError;
use crate::check;
use crate::grid::{Axis, Field};

/// A mixture as a config states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineMixtureConfig {
    /// Positive; normalised here.
    pub weights: Vec<f64>,
    /// In data units.
    pub means: Vec<f64>,
    /// Standard deviations above 0, in data units.
    pub stds: Vec<f64>,
}

impl LineMixtureConfig {
    /// The mixture; `key` is where this configuration stands, for messages.
    ///
    /// # Errors
    /// As [`LineMixture::new`].
    pub fn build(&self, key: &str) -> Result<LineMixture, LaboratoryError> {
        LineMixture::new(&self.weights, &self.means, &self.stds).map_err(|error| error.at(key))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Component {
    weight: f64,
    mean: f64,
    variance: f64,
}

/// Σ wₖ N(mₖ, vₖ) on the line [SDE tutorial, eq. 4.1.10].
#[derive(Clone, Debug, PartialEq)]
pub struct LineMixture {
    components: Vec<Component>,
}

impl LineMixture {
    /// The mixture of these standard deviations; the weights are normalised here.
    ///
    /// # Errors
    /// Lists of different lengths, none at all or more than 1000 components, a weight or deviation that is not positive,
    /// a mean that is not finite. Magnitudes are those of [`check`].
    pub fn new(weights: &[f64], means: &[f64], stds: &[f64]) -> Result<Self, LaboratoryError> {
        let counts = [weights.len(), means.len(), stds.len()];
        if counts[0] == 0 || counts.iter().any(|count| *count != counts[0]) {
            let expected = "lists of one length, one entry per component";
            return Err(LaboratoryError::value("weights, means, stds", format!("{counts:?} entries"), expected));
        }
        check::count("weights", counts[0], 1..=1000)?;
        let total: f64 = weights.iter().sum();
        let mut components = Vec::new();
        for (k, ((&weight, &mean), &std)) in weights.iter().zip(means).zip(stds).enumerate() {
            check::positive(&format!("weights[{k}]"), weight)?;
            check::positive(&format!("stds[{k}]"), std)?;
            check::finite(&format!("means[{k}]"), mean)?;
            components.push(Component { weight: weight / total, mean, variance: std * std });
        }
        Ok(Self { components })
    }

    /// One Gaussian.
    ///
    /// # Errors
    /// As [`LineMixture::new`].
    pub fn normal(mean: f64, std: f64) -> Result<Self, LaboratoryError> {
        Self::new(&[1.0], &[mean], &[std])
    }

    /// Weight, mean and variance of each component.
    pub fn components(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.components.iter().map(|c| (c.weight, c.mean, c.variance))
    }

    /// The law of x_t when this is the law of x_0.
    pub fn diffused(&self, process: &dyn Process, t: f64) -> Self {
        self.affine_image(process.mean_scale(t), process.std(t).powi(2))
    }

    /// The law of a x + √v ε.
    pub fn affine_image(&self, scale: f64, variance: f64) -> Self {
        let carry = |c: &Component| Component {
            weight: c.weight,
            mean: scale * c.mean,
            variance: scale * scale * c.variance + variance,
        };
        Self { components: self.components.iter().map(carry).collect() }
    }

    /// The same law for the general theory of `process`.
    ///
    /// # Errors
    /// None that this mixture's own checks have not refused.
    pub fn to_gaussian_mixture(&self) -> Result<GaussianMixture, LaboratoryError> {
        let list = |of: fn(&Component) -> f64| self.components.iter().map(of).collect::<Vec<_>>();
        let means = list(|c| c.mean).into_iter().map(|mean| vec![mean]).collect();
        Ok(GaussianMixture::with_variances(list(|c| c.weight), means, list(|c| c.variance))?)
    }

    /// p(x).
    pub fn density(&self, x: f64) -> f64 {
        self.log_density(x).exp()
    }

    /// ln p(x), to rounding in the far tails too.
    pub fn log_density(&self, x: f64) -> f64 {
        let logs = |c: &Component| {
            c.weight.ln() - 0.5 * ((x - c.mean).powi(2) / c.variance + (std::f64::consts::TAU * c.variance).ln())
        };
        let largest = self.components.iter().map(logs).fold(f64::NEG_INFINITY, f64::max);
        largest + self.components.iter().map(|c| (logs(c) - largest).exp()).sum::<f64>().ln()
    }

    /// d ln p/dx [SDE tutorial, eq. 4.1.12].
    pub fn score(&self, x: f64) -> f64 {
        let exponent = |c: &Component| -0.5 * (x - c.mean).powi(2) / c.variance;
        let largest = self.components.iter().map(exponent).fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut pull) = (0.0, 0.0);
        for c in &self.components {
            let part = c.weight / c.variance.sqrt() * (exponent(c) - largest).exp();
            total += part;
            pull += part * (c.mean - x) / c.variance;
        }
        pull / total
    }

    /// Cell averages on a grid.
    pub fn field(&self, axis: Axis) -> Field {
        Field::of(&[axis], |x| self.density(x[0]))
    }

    /// Cell averages by the masses of the cells: right for cells of any width, but without relative accuracy in the tails.
    pub fn masses(&self, axis: Axis) -> Field {
        let above: Vec<f64> = (0..=axis.cells).map(|i| self.mass_above(axis.face(i))).collect();
        let values = above.windows(2).map(|pair| (pair[0] - pair[1]) / axis.width()).collect();
        Field { axes: vec![axis], values }
    }

    /// Mean and variance.
    pub fn moments(&self) -> (f64, f64) {
        let mean: f64 = self.components.iter().map(|c| c.weight * c.mean).sum();
        let second: f64 = self.components.iter().map(|c| c.weight * (c.variance + (c.mean - mean).powi(2))).sum();
        (mean, second)
    }

    /// P(X > x).
    pub fn mass_above(&self, x: f64) -> f64 {
        let above = |c: &Component| c.weight * 0.5 * erfc((x - c.mean) / (2.0 * c.variance).sqrt());
        self.components.iter().map(above).sum()
    }

    /// P(X outside of an axis).
    pub fn mass_outside(&self, axis: &Axis) -> f64 {
        let below = |c: &Component| c.weight * 0.5 * erfc((c.mean - axis.lower) / (2.0 * c.variance).sqrt());
        self.components.iter().map(below).sum::<f64>() + self.mass_above(axis.upper)
    }

    /// The fastest rate at which −∇ln p pulls back: that of the narrowest component, 1/variance.
    pub fn stiffness(&self) -> f64 {
        self.components.iter().map(|c| 1.0 / c.variance).fold(0.0, f64::max)
    }

    /// The largest standard deviation of a component.
    pub fn widest(&self) -> f64 {
        self.components.iter().map(|c| c.variance.sqrt()).fold(0.0, f64::max)
    }

    /// The middle between the least and the greatest mean.
    pub fn middle(&self) -> f64 {
        let (least, greatest) = self.reach(0.0);
        0.5 * (least + greatest)
    }

    /// ∫ p² e^{x²/2c} dx, in closed form; infinite if a component has a variance of 2c or above.
    pub fn weighted_norm_squared(&self, c: f64) -> f64 {
        if self.widest().powi(2) >= 2.0 * c {
            return f64::INFINITY;
        }
        let mut sum = 0.0;
        for a in &self.components {
            for b in &self.components {
                // The exponent is −½ (P x² − 2 L x + S).
                let precision = 1.0 / a.variance + 1.0 / b.variance - 1.0 / c;
                let linear = a.mean / a.variance + b.mean / b.variance;
                let constant = a.mean.powi(2) / a.variance + b.mean.powi(2) / b.variance;
                let exponent = 0.5 * (linear * linear / precision - constant);
                let scale = (std::f64::consts::TAU * precision * a.variance * b.variance).sqrt();
                sum += a.weight * b.weight * exponent.exp() / scale;
            }
        }
        sum
    }

    /// A draw.
    pub fn sample(&self, rng: &mut fokker_random::Rng) -> f64 {
        let mut left: f64 = rng.random();
        let chosen = self.components.iter().find(|c| {
            left -= c.weight;
            left < 0.0
        });
        let component = chosen.unwrap_or(&self.components[self.components.len() - 1]);
        let normal: f64 = rng.sample(StandardNormal);
        component.mean + component.variance.sqrt() * normal
    }

    /// The interval that holds every component up to `deviations` of its standard deviation.
    pub fn reach(&self, deviations: f64) -> (f64, f64) {
        let edge = |sign: f64| move |c: &Component| c.mean + sign * deviations * c.variance.sqrt();
        let lower = self.components.iter().map(edge(-1.0)).fold(f64::INFINITY, f64::min);
        let upper = self.components.iter().map(edge(1.0)).fold(f64::NEG_INFINITY, f64::max);
        (lower, upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fokker_process::ProcessConfig;

    #[test]
    fn agrees_with_the_general_mixture_at_every_time() {
        let line = LineMixture::new(&[3.0, 1.0], &[-2.0, 1.5], &[0.3, 1.1]).unwrap();
        let general = line.to_gaussian_mixture().unwrap();
        let process = ProcessConfig::default().build().unwrap();
        for t in [0.0, 0.1, 0.9] {
            let now = line.diffused(&*process, t);
            for x in [-30.0, -2.0, 0.1, 4.0] {
                let log = general.log_density(&*process, t, &[x]);
                assert!((now.log_density(x) - log).abs() < 1e-12 * (1.0 + log.abs()));
                let score = general.score(&*process, t, &[x])[0];
                assert!((now.score(x) - score).abs() < 1e-12 * (1.0 + score.abs()));
            }
        }
    }

    #[test]
    fn masses_and_weighted_norms_are_exact() {
        let line = LineMixture::new(&[3.0, 1.0], &[-2.0, 1.5], &[0.3, 1.1]).unwrap();
        // scipy.stats.norm.cdf and sf.
        assert!((line.mass_above(0.6) - 0.198_343_328_063_294_97).abs() < 1e-10);
        let outside = line.mass_outside(&Axis::new(-2.4, 0.6, 2).unwrap());
        assert!((outside - 0.266_800_734_930_008_4).abs() < 1e-10);
        for c in [0.7, 3.0] {
            // ∫ p² e^{x²/2c} by midpoints of the density itself. With c = 0.7 the integrand has its top near x = 11 and a
            // deviation of 2.1: beyond 28 there is e^{−32} of it.
            let h = 56.0 / 8000.0;
            let points = (0..8000).map(|k| -28.0 + (f64::from(k) + 0.5) * h);
            let sum: f64 = points.map(|x| line.density(x).powi(2) * (0.5 * x * x / c).exp()).sum::<f64>() * h;
            assert!((line.weighted_norm_squared(c) / sum - 1.0).abs() < 1e-9, "{c}: {sum}");
        }
        assert_eq!(line.weighted_norm_squared(0.6), f64::INFINITY);
    }

    #[test]
    fn what_is_no_mixture_is_refused_by_name() {
        let message = LineMixture::new(&[1.0, 1.0], &[0.0, 1.0], &[1.0, 0.0]).unwrap_err().to_string();
        assert!(message.contains("stds[1] = 0"), "{message}");
        assert!(LineMixture::new(&[1.0], &[], &[1.0]).is_err());
        assert!(LineMixture::new(&[], &[], &[]).is_err());
        for absurd in [f64::NAN, 1e308, f64::INFINITY] {
            let config = LineMixtureConfig { weights: vec![1.0], means: vec![absurd], stds: vec![1.0] };
            let message = config.build("figure.data").unwrap_err().to_string();
            assert!(message.starts_with("figure.data.means[0] = "), "{message}");
            assert!(LineMixture::new(&[1.0], &[0.0], &[absurd]).is_err());
            assert!(LineMixture::new(&[absurd], &[0.0], &[1.0]).is_err());
        }
        assert!(LineMixture::new(&[1.0], &[0.0], &[-1.0]).is_err());
    }
}
