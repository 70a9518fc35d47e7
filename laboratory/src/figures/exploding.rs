//! papers/002 Figures 4 and 5: the reverse of the variance-exploding chain (Example 7).
//!
//! The step is eq. 4.2.10 with the sign of the score term and the index of the variance put right,
//! x_{k−1} = x_k + (σ_k² − σ_{k−1}²) s(x_k, k) + √(σ_k² − σ_{k−1}²) n, from N(0, σ_K² − σ_0²) and with the exact score of
//! eq. 4.2.24.

use fokker_random::{Stream, rng};
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::view::{Law, Show, density_table, evolution, figure, histogram, path_table};
use crate::grid::{Axis, Field};
use crate::laws::MixtureConfig;
use crate::plot::{Colour, Figure, Table};
use crate::{LaboratoryError, Watch, error};

/// Many runs of the reverse chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplodingConfig {
    /// Which picture.
    pub show: Show,
    /// The law of the data.
    pub data: MixtureConfig,
    /// σ(0) > 0.
    pub sigma_min: f64,
    /// σ(T) > σ(0); between them σ is geometric in the step.
    pub sigma_max: f64,
    /// Number of steps K.
    pub steps: usize,
    /// Number of runs.
    pub paths: usize,
    /// Number of runs drawn.
    pub shown: usize,
    /// Cells of the histograms.
    pub axis: Axis,
}

impl ExplodingConfig {
    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        self.axis.check("figure.axis")?;
        error::positive("figure.sigma_min", self.sigma_min)?;
        error::at_least("figure.steps", self.steps, 1)?;
        error::at_least("figure.paths", self.paths, 1)?;
        if !(self.sigma_max > self.sigma_min && self.sigma_max.is_finite()) {
            let expected = format!("a finite number above figure.sigma_min = {}", self.sigma_min);
            return Err(LaboratoryError::value("figure.sigma_max", self.sigma_max, expected));
        }
        let data = self.data.build()?;
        let sigma = |k: usize| self.sigma_min * (self.sigma_max / self.sigma_min).powf(k as f64 / self.steps as f64);
        let variance = |k: usize| sigma(k).powi(2) - self.sigma_min.powi(2);
        let laws: Vec<_> = (0..=self.steps).map(|k| data.carried(1.0, variance(k))).collect();
        let looks = 240usize.min(self.steps);
        let at: Vec<usize> = (0..=looks).map(|look| look * self.steps / looks).collect();
        let run = |i: u64| {
            let normal = |rng: &mut fokker_random::Rng| -> f64 { rng.sample(StandardNormal) };
            let mut x = variance(self.steps).sqrt() * normal(&mut rng(seed, Stream::LaboratoryStart, i));
            let mut noise = rng(seed, Stream::LaboratoryPath, i);
            let mut seen = vec![x];
            for done in 1..=self.steps {
                let k = self.steps - done + 1;
                let step = sigma(k).powi(2) - sigma(k - 1).powi(2);
                x += step * laws[k].score(x) + step.sqrt() * normal(&mut noise);
                if at[seen.len()] == done {
                    seen.push(x);
                }
            }
            seen
        };
        let mut seen: Vec<Vec<f64>> = Vec::with_capacity(self.paths);
        for first in (0..self.paths).step_by(512) {
            watch.advance(first as f64 / self.paths as f64)?;
            let chunk: Vec<_> = (first..self.paths.min(first + 512)).into_par_iter().map(|i| run(i as u64)).collect();
            seen.extend(chunk);
        }
        let density = |look: usize| Field::histogram(&[self.axis], seen.iter().map(|run| vec![run[look]])).values;
        let (mean, spread) = data.moments();
        let caption = format!(
            "{} runs of the reverse chain with the exact score, σ geometric from {} to {} in {} steps; data: weights {:?}, \
             means {:?}, standard deviations {:?}. The runs start from N(0, σ_K² − σ_0²) as the paper does, while the chain \
             ends at mean {mean:.2} and variance {:.1}: the samples keep a trace of that.",
            self.paths,
            self.sigma_min,
            self.sigma_max,
            self.steps,
            self.data.weights,
            self.data.means,
            self.data.stds,
            variance(self.steps) + spread,
        );
        let (panel, tables) = match self.show {
            Show::Evolution => {
                let columns: Vec<Vec<f64>> = (0..at.len()).map(density).collect();
                let paths: Vec<Vec<(f64, f64)>> = seen
                    .iter()
                    .take(self.shown)
                    .map(|run| run.iter().zip(&at).map(|(x, k)| (*k as f64, *x)).collect())
                    .collect();
                let few: Vec<usize> = (0..=8).map(|k| k * looks / 8).collect();
                let times: Vec<f64> = few.iter().map(|look| at[*look] as f64).collect();
                let chosen: Vec<Vec<f64>> = few.iter().map(|look| columns[*look].clone()).collect();
                let tables = vec![density_table("density", &self.axis, &times, &chosen), path_table("paths", &paths)];
                (evolution("", "reverse step", (0.0, self.steps as f64), &self.axis, &columns, &paths), tables)
            }
            Show::Histogram => {
                let heights = density(looks);
                let laws: [Law; 1] = [("true mixture", Colour::BLACK, &|x| data.density(x))];
                let exact = data.field(self.axis).values;
                let columns: [(&str, &[f64]); 3] =
                    [("x", &self.axis.centres()), ("samples", &heights), ("mixture", &exact)];
                let table = Table::of_columns("", &columns);
                (histogram("", &self.axis, &heights, "VE samples", &laws), vec![table])
            }
        };
        Ok(figure(caption, 1, (760, 430), vec![panel], tables))
    }
}
