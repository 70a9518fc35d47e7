//! The Fréchet distance of infinitely many samples.

use fokker_random::Index;
use fokker_registry::Settings;
use serde::{Deserialize, Serialize};

use super::{columns, reference};
use crate::{
    EvaluationError, MetricKind, MetricQuantity, Pair, Replicates, Series, Statistics, Watch, register_metric,
};

/// The Fréchet distance extrapolated to infinitely many samples (Chong & Forsyth 2020, section 3): `FID_n ≈ FID_∞ + c/n`, a line
/// fitted by least squares.
///
/// Chong and Forsyth measure a random subset for each of 15 sizes. Here the samples are cut into `j` blocks of `n/j`, and the
/// distance at the size `n/j` is the mean over the blocks, for `j` from 1 to `points`: every sample counts at every size, which
/// scatters less. The reference stays as it is, so the bias that comes of its size is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FrechetInfinity {
    /// Sizes in the fit, `n` to `n/points`.
    pub points: usize,
}

impl Default for FrechetInfinity {
    fn default() -> Self {
        Self { points: 4 }
    }
}

register_metric!(FrechetInfinity as "frechet_infinity");

impl MetricKind for FrechetInfinity {
    fn check(&self) -> Result<(), EvaluationError> {
        let right = (2..=100).contains(&self.points);
        if right { Ok(()) } else { Err(EvaluationError::value("points", self.points, "in 2..=100")) }
    }

    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        self.check()?;
        let (count, dimension) = (pair.samples().count(), pair.samples().dimension());
        // The bias is 1/n only where blocks have covariances of full rank.
        if replicates.smallest().0 / self.points <= dimension {
            let halves = if replicates.count() > 1 { 2 } else { 1 };
            let least = halves * self.points * (dimension + 1);
            let problem = format!(
                "{count} samples of {dimension} features are too few for an extrapolation; expected {least} or more"
            );
            return Err(EvaluationError::input(pair.samples().name(), problem));
        }
        let inverse: Vec<f64> = (1..=self.points).map(|blocks| blocks as f64).collect();
        let mut values = Vec::with_capacity(replicates.count());
        for (number, replicate) in replicates.iter().enumerate() {
            let (reference, samples) = (reference(pair, replicate), columns(pair.samples(), replicate.samples()));
            let order = Index::evaluation_order(number as u64).permutation(seed, samples.ncols());
            let mut distances = Vec::with_capacity(self.points);
            for blocks in 1..=self.points {
                let done = number as f64 + (blocks - 1) as f64 / self.points as f64;
                watch.advance(done / replicates.count() as f64)?;
                let size = samples.ncols() / blocks;
                let mut sum = 0.0;
                for block in order.chunks_exact(size).take(blocks) {
                    sum += reference.to(&Statistics::of_columns(&samples.select_columns(block)))?;
                }
                distances.push(sum / blocks as f64);
            }
            values.push(intercept(&inverse, &distances));
        }
        Ok(vec![Series::new(self.kind(), values)])
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::lower("frechet_infinity")] }
    }

    fn source(&self) -> &'static str {
        "Chong & Forsyth 2020, section 3"
    }
}

/// Where the line of least squares is at 0.
fn intercept(x: &[f64], y: &[f64]) -> f64 {
    let count = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / count, y.iter().sum::<f64>() / count);
    let covariance: f64 = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
    mean_y - covariance / variance * mean_x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intercept_of_a_line_is_found() {
        let y: Vec<f64> = [1.0, 2.0, 3.0, 4.0].iter().map(|x| 3.0 + 40.0 * x).collect();
        assert!((intercept(&[1.0, 2.0, 3.0, 4.0], &y) - 3.0).abs() < 1e-12);
    }
}
