//! Data to noise by the forward equation, noise to data by the reverse one: [Aamari 2025, Figure 1] in the plane.

use fokker_process::{GaussianMixture, ProcessConfig};
use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::view::{BACKWARD_NOISE, MOST_PANELS, as_caption, figure, plane};
use fokker_laboratory::fokker_planck::{Forward, Reverse, Scheme, Solver};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::Exact;
use fokker_laboratory::paths::{BrownianPath, EulerMaruyama, LinearPath, ReversePath, follow};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Figure, Table};

/// Densities on a grid and clouds of samples, at the same times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThereAndBackConfig {
    /// The process.
    pub process: ProcessConfig,
    /// Means of the components, two numbers each; their weights are equal.
    pub means: Vec<Vec<f64>>,
    /// Standard deviation of every component.
    pub std: f64,
    /// Both axes.
    pub axis: Axis,
    /// Backward noise σ̃ > 0.
    pub backward_noise: f64,
    /// Where the way back ends, above 0.
    pub end: f64,
    /// Steps in each direction.
    pub steps: usize,
    /// Pictures in a row, at least 2.
    pub pictures: usize,
    /// Samples drawn.
    pub samples: usize,
}

impl ThereAndBackConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        check::count("figure.axis.cells", self.axis.cells, 2..=1000)?;
        check::positive("figure.std", self.std)?;
        check::within("figure.backward_noise", self.backward_noise, BACKWARD_NOISE)?;
        check::positive("figure.end", self.end)?;
        check::count("figure.pictures", self.pictures, 2..=MOST_PANELS / 2)?;
        check::count("figure.steps", self.steps, self.pictures..=check::MOST_STEPS)?;
        check::count("figure.samples", self.samples, 0..=100_000)?;
        check::count("figure.means", self.means.len(), 1..=1000)?;
        for (k, mean) in self.means.iter().enumerate() {
            if mean.len() != 2 {
                return Err(LaboratoryError::value(format!("figure.means[{k}]"), format!("{mean:?}"), "two numbers"));
            }
            mean.iter().try_for_each(|x| check::finite(&format!("figure.means[{k}]"), *x))?;
        }
        let squares = self.axis.cells * self.axis.cells;
        let factors = [("figure.axis.cells²", squares), ("2 × figure.pictures", 2 * self.pictures)];
        check::product(&factors, check::MOST_WRITTEN, "numbers in tables")?;
        let process = check::process("figure.process", &self.process)?;
        let horizon = process.horizon();
        if self.end >= horizon {
            return Err(LaboratoryError::value("figure.end", self.end, format!("below the horizon {horizon}")));
        }
        let (data, axes) = (self.data()?, [self.axis, self.axis]);
        check::holds_process("figure.axis", &axes, &data, &*process)?;
        let prior = GaussianMixture::with_variances(vec![1.0], vec![vec![0.0; 2]], vec![process.prior_std().powi(2)])?;
        check::holds("figure.axis", &axes, &prior, "the prior")?;
        check::resolves("figure.axis.cells", &axes, &data.diffused(&*process, self.end), "the law at figure.end")?;
        // The samples' drift pulls back as the score of the narrowest law on the way does.
        let pull = check::fastest(self.end, horizon, |t| {
            let variance = (process.mean_scale(t) * self.std).powi(2) + process.std(t).powi(2);
            0.5 * (1.0 + self.backward_noise.powi(2)) * process.diffusion_squared(t) / variance - process.drift(t).abs()
        });
        check::resolved("figure.steps", self.steps, pull, horizon - self.end)
    }

    fn data(&self) -> Result<GaussianMixture, LaboratoryError> {
        let count = self.means.len();
        let variances = vec![self.std * self.std; count];
        Ok(GaussianMixture::with_variances(vec![1.0; count], self.means.clone(), variances)?)
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let horizon = process.horizon();
        let count = self.means.len();
        let data = self.data()?;
        let axes = [self.axis, self.axis];
        let span = horizon - self.end;
        let steps = self.steps;
        let look = |picture: usize| picture * steps / (self.pictures - 1);

        // Forwards from `end`, so that both directions pass the same times.
        let at = |t: f64| Field::of(&axes, |x| data.log_density(&*process, t, x).exp());
        let forward = Solver::new(Forward::new(&*process, 2), Scheme::Extrapolated);
        let score = Exact { data: &data, process: &*process };
        let backward = Solver::new(Reverse::new(&*process, &score, horizon, self.backward_noise), Scheme::Extrapolated);
        let prior = process.prior_std().powi(2);
        let normal = |x: &[f64]| (-0.5 * (x[0] * x[0] + x[1] * x[1]) / prior).exp() / (std::f64::consts::TAU * prior);
        let (mut there, mut back) = (at(self.end), Field::of(&axes, normal));
        let (mut rows, mut distances) = (vec![vec![there.clone()], vec![back.clone()]], vec![]);
        for k in 0..steps {
            watch.advance(k as f64 / steps as f64)?;
            let (a, b) = (span * k as f64 / steps as f64, span * (k + 1) as f64 / steps as f64);
            forward.step(&mut there, self.end + a, self.end + b);
            backward.step(&mut back, a, b);
            if look(rows[0].len()) == k + 1 {
                distances.push((b, there.l1_distance(&at(self.end + b)), back.l1_distance(&at(horizon - b))));
                rows[0].push(there.clone());
                rows[1].push(back.clone());
            }
        }
        let mut clouds = vec![vec![Vec::new(); self.pictures]; 2];
        for i in 0..self.samples as u64 {
            watch.advance(i as f64 / self.samples as f64)?;
            let mut start = Index::laboratory_start(i).rng(seed);
            let mut x = data.sample(&*process, self.end, &mut start);
            let path = BrownianPath::new(seed, 2 * i, 2, span, steps);
            let equation = LinearPath { process: &*process, dimension: 2 };
            let mut picture = 0;
            follow(&equation, &EulerMaruyama, &mut x, self.end, &path, |k, x| {
                if picture < self.pictures && look(picture) == k {
                    clouds[0][picture].push((x[0], x[1]));
                    picture += 1;
                }
            });
            let mut prior_rng = Index::prior(i).rng(seed);
            let mut normal = || -> f64 { prior_rng.sample(StandardNormal) };
            let mut x = [prior.sqrt() * normal(), prior.sqrt() * normal()];
            let path = BrownianPath::new(seed, 2 * i + 1, 2, span, steps);
            let equation =
                ReversePath { process: &*process, score: &score, start: horizon, backward_noise: self.backward_noise };
            let mut picture = 0;
            follow(&equation, &EulerMaruyama, &mut x, 0.0, &path, |k, x| {
                if picture < self.pictures && look(picture) == k {
                    clouds[1][picture].push((x[0], x[1]));
                    picture += 1;
                }
            });
        }
        let (mut panels, mut tables) = (Vec::new(), Vec::new());
        for (row, (fields, name)) in rows.iter().zip(["forward", "backward"]).enumerate() {
            for (picture, field) in fields.iter().enumerate() {
                let t = span * look(picture) as f64 / steps as f64;
                let t = if row == 0 { self.end + t } else { horizon - t };
                panels.push(plane(&format!("{name}, t = {t:.2}"), field, clouds[row][picture].clone()));
            }
            let mut columns = vec!["x".to_string(), "y".to_string()];
            columns.extend((0..fields.len()).map(|k| format!("picture {k}")));
            let values = (0..fields[0].values.len()).map(|index| {
                fields[0].point(index).into_iter().chain(fields.iter().map(|field| field.values[index])).collect()
            });
            tables.push(Table { name: name.into(), columns, rows: values.collect() });
        }
        let (_, there_error, back_error) = distances[distances.len() - 1];
        let caption = format!(
            "Above: the density equation from left to right, with samples of the forward process. Below: the reverse equation \
             [Aamari 2025, Thm 2.10] with the exact score and backward noise σ̃ = {}, from the prior, with samples of the \
             reverse process. Process {}; {count} Gaussians of deviation {}; {}² cells, {steps} steps. L¹ distance to the closed form \
             at the end: forwards {there_error:.1e}, backwards {back_error:.1e}.",
            self.backward_noise,
            as_caption(&self.process),
            self.std,
            self.axis.cells
        );
        Ok(figure(caption, self.pictures, (220, 240), panels, tables))
    }
}
