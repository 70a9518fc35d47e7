//! Densities on a grid in time, with sample paths: [Seo, eq. 1.5], [Lecture 6, eq. 1.2 and 1.22–1.25].

use fokker_process::ProcessConfig;
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use super::view::{MOST_SHOWN, as_caption, check_heat, density_table, evolution, figure, path_table};
use fokker_laboratory::fokker_planck::{Forward, Scheme, Solver};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::LineMixtureConfig;
use fokker_laboratory::paths::{BrownianPath, EulerMaruyama, LinearPath, follow};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Layer, Panel};

/// The density equation of one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityPathsConfig {
    /// The process.
    pub process: ProcessConfig,
    /// The law of the data.
    pub data: LineMixtureConfig,
    /// The grid.
    pub axis: Axis,
    /// Steps of the equation and of the paths.
    pub steps: usize,
    /// Paths drawn.
    pub shown: usize,
    /// Scheme in time.
    #[serde(default)]
    pub scheme: Scheme,
}

impl DensityPathsConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check_heat(&self.axis, "figure.axis")?;
        check::count("figure.steps", self.steps, 4..=check::MOST_STEPS)?;
        check::count("figure.shown", self.shown, 0..=MOST_SHOWN)?;
        let process = check::process("figure.process", &self.process)?;
        let data = self.data.build("figure.data")?;
        let general = data.to_gaussian_mixture()?;
        check::holds_process("figure.axis", &[self.axis], &general, &*process)?;
        check::resolves("figure.axis.cells", &[self.axis], &general, "the data")?;
        let pull = check::fastest(process.min_time(), process.horizon(), |t| -process.drift(t));
        check::resolved("figure.steps", self.steps, pull, process.horizon())
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let data = self.data.build("figure.data")?;
        let horizon = process.horizon();
        let looks = 240.min(self.steps);
        let at = |look: usize| (look as u128 * self.steps as u128 / looks as u128) as usize;
        let time = |k: usize| horizon * k as f64 / self.steps as f64;
        let solver = Solver::new(Forward::new(&*process, 1), self.scheme);
        let mut density = data.field(self.axis);
        let mass = density.mass();
        let (mut columns, mut errors) = (vec![density.values.clone()], Vec::new());
        for k in 0..self.steps {
            watch.advance(k as f64 / self.steps as f64)?;
            solver.step(&mut density, time(k), time(k + 1));
            if at(columns.len()) == k + 1 {
                let exact = data.diffused(&*process, time(k + 1)).field(self.axis);
                errors.push((time(k + 1), density.l1_distance(&exact)));
                columns.push(density.values.clone());
            }
        }
        let mut paths = Vec::new();
        for i in 0..self.shown as u64 {
            watch.advance(i as f64 / self.shown as f64)?;
            let mut x = [data.sample(&mut Index::laboratory_start(i).rng(seed))];
            let path = BrownianPath::new(seed, i, 1, horizon, self.steps);
            let mut points = Vec::new();
            let equation = LinearPath { process: &*process, dimension: 1 };
            follow(&equation, &EulerMaruyama, &mut x, 0.0, &path, |k, x| {
                if at(points.len()) == k {
                    points.push((time(k), x[0]));
                }
            });
            paths.push(points);
        }
        let few: Vec<usize> = (0..=4).map(|k| k * looks / 4).collect();
        let times: Vec<f64> = few.iter().map(|look| time(at(*look))).collect();
        let chosen: Vec<Vec<f64>> = few.iter().map(|look| columns[*look].clone()).collect();
        let left = evolution("Density and paths", "t", (0.0, horizon), &self.axis, &columns, &paths);
        let most = chosen[1..].iter().flatten().copied().fold(0.0, f64::max);
        let bounds = (self.axis.lower, self.axis.upper);
        let mut right = Panel::new("Grid and closed form (dashed)", "x", "p(x, t)", bounds, (0.0, 1.2 * most));
        let mut worst = 0.0f64;
        for ((t, column), colour) in times.iter().zip(&chosen).zip(Colour::CYCLE).skip(1) {
            let exact = data.diffused(&*process, *t);
            let centres = self.axis.centres();
            right = right
                .with(Layer::line(&format!("t = {t:.2}"), colour, centres.iter().copied().zip(column.iter().copied())))
                .with(Layer::dashed("", Colour::BLACK, centres.iter().map(|x| (*x, exact.density(*x)))));
        }
        for (_, error) in &errors {
            worst = worst.max(*error);
        }
        let caption = format!(
            "Process {}; data: weights {:?}, means {:?}, standard deviations {:?}. {} cells on [{}, {}], {} steps. Largest \
             L¹ distance to the closed form {worst:.1e}; mass {:+.1e} of what it was.",
            as_caption(&self.process),
            self.data.weights,
            self.data.means,
            self.data.stds,
            self.axis.cells,
            self.axis.lower,
            self.axis.upper,
            self.steps,
            density.mass() / mass - 1.0,
        );
        let tables = vec![
            density_table("density", &self.axis, &times, &chosen),
            path_table("paths", &paths),
            fokker_plot::Table {
                name: "error".into(),
                columns: vec!["t".into(), "L1 distance".into()],
                rows: errors.iter().map(|(t, e)| vec![*t, *e]).collect(),
            },
        ];
        Ok(figure(caption, 2, (520, 400), vec![left, right], tables))
    }
}
