//! papers/002 Figures 1–3: Langevin dynamics of a Gaussian mixture (Example 6).

use fokker_random::{Stream, rng};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::view::{Law, Show, density_table, evolution, figure, histogram, path_table};
use crate::grid::Axis;
use crate::laws::MixtureConfig;
use crate::paths::{Ensemble, EulerMaruyama, LangevinPath};
use crate::plot::{Colour, Figure, Table};
use crate::{LaboratoryError, Watch, error};

/// Where the paths start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Start {
    /// N(mean, std²).
    Normal {
        /// In data units.
        mean: f64,
        /// Above 0.
        std: f64,
    },
    /// U\[lower, upper\].
    Uniform {
        /// In data units.
        lower: f64,
        /// Above `lower`.
        upper: f64,
    },
}

/// x_k = x_{k−1} + ∇ln p Δt + √(2Δt) n (eq. 4.1.9), many times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LangevinConfig {
    /// Which picture.
    pub show: Show,
    /// The target.
    pub target: MixtureConfig,
    /// Where the paths start.
    pub start: Start,
    /// Length of the run.
    pub time: f64,
    /// Number of steps.
    pub steps: usize,
    /// Number of paths.
    pub paths: usize,
    /// Number of paths drawn.
    pub shown: usize,
    /// Cells of the histograms.
    pub axis: Axis,
}

impl LangevinConfig {
    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        self.axis.check("figure.axis")?;
        error::positive("figure.time", self.time)?;
        error::at_least("figure.steps", self.steps, 1)?;
        error::at_least("figure.paths", self.paths, 1)?;
        let target = self.target.build()?;
        let start = |i: u64| {
            let mut rng = rng(seed, Stream::LaboratoryStart, i);
            match self.start {
                Start::Normal { mean, std } => {
                    let normal: f64 = rng.sample(StandardNormal);
                    mean + std * normal
                }
                Start::Uniform { lower, upper } => lower + (upper - lower) * rng.random::<f64>(),
            }
        };
        let looks = 240;
        let run = Ensemble::simulate(
            &LangevinPath(target.clone()),
            &EulerMaruyama,
            &start,
            (0.0, self.time),
            self.steps,
            (self.paths, self.shown),
            (&self.axis, looks),
            seed,
            watch,
        )?;
        let time = |look: usize| self.time * run.looks[look] as f64 / self.steps as f64;
        let last = run.looks.len() - 1;
        let begin = match self.start {
            Start::Normal { mean, std } => format!("N({mean}, {}²)", std),
            Start::Uniform { lower, upper } => format!("U[{lower}, {upper}]"),
        };
        let caption = format!(
            "{} paths from {begin}, {} Euler–Maruyama steps of Δt = {} (eq. 4.1.9); target: weights {:?}, means {:?}, standard \
             deviations {:?}.",
            self.paths,
            self.steps,
            self.time / self.steps as f64,
            self.target.weights,
            self.target.means,
            self.target.stds,
        );
        let heights = run.density(last, &self.axis);
        let exact = target.field(self.axis).values;
        let (panel, tables) = match self.show {
            Show::Evolution => {
                let columns: Vec<Vec<f64>> = (0..=last).map(|look| run.density(look, &self.axis)).collect();
                let paths: Vec<Vec<(f64, f64)>> =
                    run.kept.iter().map(|path| path.iter().enumerate().map(|(k, x)| (time(k), *x)).collect()).collect();
                let few: Vec<usize> = (0..=8).map(|k| k * last / 8).collect();
                let times: Vec<f64> = few.iter().map(|look| time(*look)).collect();
                let chosen: Vec<Vec<f64>> = few.iter().map(|look| columns[*look].clone()).collect();
                let tables = vec![density_table("density", &self.axis, &times, &chosen), path_table("paths", &paths)];
                (evolution("", "t", (0.0, self.time), &self.axis, &columns, &paths), tables)
            }
            Show::Histogram => {
                let laws: [Law; 1] = [("true mixture", Colour::BLACK, &|x| target.density(x))];
                let columns: [(&str, &[f64]); 3] =
                    [("x", &self.axis.centres()), ("samples", &heights), ("mixture", &exact)];
                let table = Table::of_columns("", &columns);
                (histogram("", &self.axis, &heights, "Langevin samples", &laws), vec![table])
            }
        };
        Ok(figure(caption, 1, (760, 430), vec![panel], tables))
    }
}
