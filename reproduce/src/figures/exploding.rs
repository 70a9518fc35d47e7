//! The reverse of the variance-exploding chain [SDE tutorial, Figures 4 and 5, Example 7].
//!
//! The step is eq. 4.2.10 with the sign of the score term and the index of the variance put right,
//! x_{k−1} = x_k + (σ_k² − σ_{k−1}²) s(x_k, k) + √(σ_k² − σ_{k−1}²) n, from N(0, σ_K² − σ_0²) and with the exact score of
//! eq. 4.2.24.

use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::draws::{Draws, memory};
use super::in_chunks::in_chunks;
use super::view::{Law, MOST_SHOWN, Show, check_heat, density_table, evolution, figure, histogram, path_table};
use fokker_laboratory::fokker_planck::{Custom, Scheme, Solver};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::{LineMixture, LineMixtureConfig};
use fokker_laboratory::paths::Ensemble;
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Table};

/// Many runs of the reverse chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplodingConfig {
    /// Which picture.
    pub show: Show,
    /// The law of the data.
    pub data: LineMixtureConfig,
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
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check_heat(&self.axis, "figure.axis")?;
        check::positive("figure.sigma_min", self.sigma_min)?;
        check::positive("figure.sigma_max", self.sigma_max)?;
        check::count("figure.steps", self.steps, 1..=1_000_000)?;
        // Every run is kept at 241 looks.
        check::count("figure.paths", self.paths, 2..=check::MOST_NUMBERS / 241)?;
        check::count("figure.shown", self.shown, 0..=MOST_SHOWN)?;
        if self.sigma_max <= self.sigma_min {
            let expected = format!("above figure.sigma_min = {}", self.sigma_min);
            return Err(LaboratoryError::value("figure.sigma_max", self.sigma_max, expected));
        }
        // A start as narrow as this has no numbers of its own.
        check::positive("figure.sigma_max² − figure.sigma_min²", self.variance(1.0))?;
        self.grid(&self.data.build("figure.data")?)?;
        Ok(())
    }

    /// σ_k² − σ_0² at a part of the chain: 0 at its data, 1 at its start.
    fn variance(&self, part: f64) -> f64 {
        self.sigma_min.powi(2) * (2.0 * part * (self.sigma_max / self.sigma_min).ln()).exp_m1()
    }

    /// The grid of the density equation: start and laws to eight standard deviations. The number of cells is even, so the
    /// middle is a face.
    fn grid(&self, data: &LineMixture) -> Result<Axis, LaboratoryError> {
        let (middle, most) = (data.middle(), self.variance(1.0));
        let (left, right) = data.affine_image(1.0, most).reach(8.0);
        let half = (left - middle).abs().max(right - middle).max(middle.abs() + 8.0 * most.sqrt());
        Axis::new(middle - half, middle + half, 2000).map_err(|_| {
            let expected = format!("numbers whose laws stay below {:e}, to eight standard deviations", check::LARGEST);
            LaboratoryError::value(
                "figure.sigma_max, figure.data",
                format!("laws as far as {half:e} from their middle"),
                expected,
            )
        })
    }

    /// P(x > middle) and the mean where the chain ends, by its density equation from the same start, in the limit of many
    /// steps. With the variance v as the time that runs down, dx = s(x, v) dv + dB, so ∂q/∂τ = −∂(s q) + ½ ∂²q.
    fn carried(&self, data: &LineMixture, watch: &dyn Watch) -> Result<(f64, f64), LaboratoryError> {
        let axis = self.grid(data)?;
        let mut density = LineMixture::normal(0.0, self.variance(1.0).sqrt())?.masses(axis).normalized();
        const STEPS: usize = 1000;
        let variance = |k: usize| self.variance(1.0 - k as f64 / STEPS as f64);
        for k in 0..STEPS {
            watch.advance(k as f64 / STEPS as f64)?;
            let (from, to) = (variance(k), variance(k + 1));
            let law = data.affine_image(1.0, 0.5 * (from + to));
            let equation = Custom::new(1, |x: &[f64], _, _| law.score(x[0]), |_: &[f64], _| 0.5);
            Solver::new(equation, Scheme::Extrapolated).step(&mut density, 0.0, from - to);
        }
        let above = density.values[axis.cells / 2..].iter().sum::<f64>() * axis.width();
        Ok((above, density.expectation(|x| x[0])))
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let data = self.data.build("figure.data")?;
        let variance = |k: usize| self.variance(k as f64 / self.steps as f64);
        let laws: Vec<_> = (0..=self.steps).map(|k| data.affine_image(1.0, variance(k))).collect();
        let looks = 240usize.min(self.steps);
        let at = Ensemble::evenly(self.steps, looks);
        let run = |i: u64| {
            let normal = |rng: &mut fokker_random::Rng| -> f64 { rng.sample(StandardNormal) };
            let mut x = variance(self.steps).sqrt() * normal(&mut Index::laboratory_start(i).rng(seed));
            let mut noise = Index::laboratory_path(i, 0).rng(seed);
            let mut seen = vec![x];
            for done in 1..=self.steps {
                let k = self.steps - done + 1;
                let step = variance(k) - variance(k - 1);
                x += step * laws[k].score(x) + step.sqrt() * normal(&mut noise);
                if at[seen.len()] == done {
                    seen.push(x);
                }
            }
            seen
        };
        let seen: Vec<Vec<f64>> = in_chunks(self.paths, 512, watch, run)?;
        let density = |look: usize| Field::histogram(&[self.axis], seen.iter().map(|run| vec![run[look]])).values;
        let (mean, spread) = data.moments();
        let ends: Vec<f64> = seen.iter().map(|run| run[looks]).collect();
        let draws = Draws::of(&ends, &data);
        let (carried, carried_mean) = self.carried(&data, watch)?;
        let caption = format!(
            "{} runs of the reverse chain with the exact score, σ geometric from {} to {} in {} steps; data: weights {:?}, \
             means {:?}, standard deviations {:?}. The runs start from N(0, σ_K² − σ_0²) = N(0, {:.2}) as the paper's do, \
             while the chain that is reversed ends at mean {mean:.2} and variance {:.2}. {}. {} The mean there is \
             {carried_mean:.4}.",
            self.paths,
            self.sigma_min,
            self.sigma_max,
            self.steps,
            self.data.weights,
            self.data.means,
            self.data.stds,
            variance(self.steps),
            variance(self.steps) + spread,
            draws.as_caption(),
            memory(&draws.above, carried),
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
        let more = [("mass above: density equation", carried), ("mean: density equation", carried_mean)];
        let tables = tables.into_iter().chain([draws.table(&more)]).collect();
        Ok(figure(caption, 1, (760, 430), vec![panel], tables))
    }
}
