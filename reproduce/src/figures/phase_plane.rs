//! A linear process with a matrix for its noise, in the plane: forwards, and back with several backward noises.

use fokker_process::matrix::{CriticallyDamped, DMatrix, MatrixProcess, TimeInvariant};
use fokker_process::{Covariance, GaussianMixture};
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use super::view::{BACKWARD_NOISE, MOST_PANELS, as_caption, figure, plane};
use fokker_laboratory::fokker_planck::Scheme;
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::matrix::{Forward, Law, MatrixEquation, PlaneSolver, Reverse, draw};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Figure, Table};

/// Densities on a grid and clouds of samples, at the same times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhasePlaneConfig {
    /// The process.
    pub process: PlaneProcess,
    /// Means of the components of the data, position and velocity; their weights are equal.
    pub means: Vec<[f64; 2]>,
    /// Standard deviations of every component, along position and velocity.
    pub stds: [f64; 2],
    /// Both axes.
    pub axis: Axis,
    /// T.
    pub horizon: f64,
    /// A row of pictures for each σ̃ > 0, with L̃ = σ̃ L.
    #[serde(default)]
    pub backward_noise: Vec<f64>,
    /// A row of pictures for each matrix L̃, 2 × 2 by rows.
    #[serde(default)]
    pub backward_matrices: Vec<[[f64; 2]; 2]>,
    /// Steps in each direction.
    pub steps: usize,
    /// Pictures in a row, at least 2.
    pub pictures: usize,
    /// Samples drawn.
    pub samples: usize,
}

/// Processes of a position and a velocity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlaneProcess {
    /// x″ + γ x′ + β x = white noise.
    Oscillator {
        /// β > 0.
        stiffness: f64,
        /// γ > 0.
        damping: f64,
    },
    /// Critically damped Langevin dynamics (Dockhorn et al. 2022).
    CriticallyDamped {
        /// β > 0, per unit of time.
        beta: f64,
        /// M > 0.
        mass: f64,
    },
}

impl PlaneProcess {
    fn check(&self) -> Result<(), LaboratoryError> {
        let [(first, a), (second, b)] = match *self {
            Self::Oscillator { stiffness, damping } => [("stiffness", stiffness), ("damping", damping)],
            Self::CriticallyDamped { beta, mass } => [("beta", beta), ("mass", mass)],
        };
        check::within(&format!("figure.process.{first}"), a, 1e-3..=1e3)?;
        check::within(&format!("figure.process.{second}"), b, 1e-3..=1e3)
    }

    fn build(&self) -> Result<Box<dyn MatrixProcess>, LaboratoryError> {
        let refused = |error| LaboratoryError::value("figure.process", as_caption(self), error);
        Ok(match *self {
            Self::Oscillator { stiffness, damping } => {
                Box::new(TimeInvariant::oscillator(stiffness, damping).map_err(refused)?)
            }
            Self::CriticallyDamped { beta, mass } => Box::new(CriticallyDamped::new(1, beta, mass).map_err(refused)?),
        })
    }
}

/// A row of pictures: what its titles say, and its backward noise.
type Row = (String, DMatrix<f64>);

impl PhasePlaneConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.process.check()?;
        self.axis.check("figure.axis")?;
        check::count("figure.axis.cells", self.axis.cells, 2..=400)?;
        for std in self.stds {
            check::positive("figure.stds", std)?;
        }
        check::within("figure.horizon", self.horizon, 1e-3..=1e3)?;
        for noise in &self.backward_noise {
            check::within("figure.backward_noise", *noise, BACKWARD_NOISE)?;
        }
        for entry in self.backward_matrices.iter().flatten().flatten() {
            check::within("figure.backward_matrices", *entry, -1e3..=1e3)?;
        }
        let rows = 1 + self.backward_noise.len() + self.backward_matrices.len();
        check::count("figure.backward_noise and figure.backward_matrices", rows - 1, 0..=MOST_PANELS / 2 - 1)?;
        check::count("figure.pictures", self.pictures, 2..=MOST_PANELS / rows)?;
        check::count("figure.steps", self.steps, self.pictures..=100_000)?;
        check::count("figure.samples", self.samples, 0..=100_000)?;
        check::count("figure.means", self.means.len(), 1..=1000)?;
        self.means.iter().flatten().try_for_each(|x| check::finite("figure.means", *x))?;
        let factors = [("figure.samples", self.samples), ("figure.pictures", self.pictures), ("rows", rows)];
        check::product(&factors, check::MOST_WRITTEN, "points")?;
        let (process, data, axes) = (self.process.build()?, self.data()?, [self.axis; 2]);
        let law = Law { data: &data, process: &*process };
        const LOOKS: usize = 32;
        for k in 0..=LOOKS {
            let t = self.horizon * k as f64 / LOOKS as f64;
            let law = law.mixture(t);
            check::holds("figure.axis", &axes, &law, &format!("the law at t = {t:.3}"))?;
            check::resolves("figure.axis.cells", &axes, &law, &format!("the law at t = {t:.3}"))?;
            // The samples' drift pulls back as the score of the narrowest component does.
            let narrowest = law.components().flat_map(|c| c.variances).fold(f64::INFINITY, f64::min);
            let tensor = process.tensor(t).norm();
            let pulls = self.rows(&*process).into_iter().map(|(_, noise)| noise.norm_squared());
            let pull = process.drift(t).norm() + pulls.fold(0.0, f64::max).max(tensor) * 0.5 / narrowest;
            check::resolved("figure.steps", self.steps, pull, self.horizon)?;
        }
        Ok(())
    }

    fn data(&self) -> Result<GaussianMixture, LaboratoryError> {
        let count = self.means.len();
        let variances = Covariance::Diagonal(self.stds.map(|std| std * std).to_vec());
        let means = self.means.iter().map(|mean| mean.to_vec()).collect();
        Ok(GaussianMixture::new(vec![1.0; count], means, vec![variances; count])?)
    }

    fn rows(&self, process: &dyn MatrixProcess) -> Vec<Row> {
        let scaled =
            self.backward_noise.iter().map(|noise| (format!("back, noise × {noise}"), process.noise(0.0) * *noise));
        let own = self.backward_matrices.iter().map(|rows| {
            let [[a, b], [c, d]] = rows;
            (format!("back, noise ({a}, {b}; {c}, {d})"), DMatrix::from_row_slice(2, 2, rows.as_flattened()))
        });
        scaled.chain(own).collect()
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let (process, data) = (self.process.build()?, self.data()?);
        let law = Law { data: &data, process: &*process };
        let rows = self.rows(&*process);
        let mut equations: Vec<(String, Box<dyn MatrixEquation + '_>)> =
            vec![("forward".into(), Box::new(Forward(&*process)))];
        for (name, noise) in &rows {
            equations.push((name.clone(), Box::new(Reverse::new(&*process, &law, self.horizon, |_| noise.clone()))));
        }
        let (mut panels, mut tables, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (name, equation)) in equations.iter().enumerate() {
            let time = |tau: f64| if row == 0 { tau } else { self.horizon - tau };
            let fields = self.densities(&**equation, &law.mixture(time(0.0)), watch)?;
            let start = law.mixture(time(0.0));
            let start = |i: u64| start.data_sample(&mut Index::laboratory_start(i).rng(seed));
            let looks: Vec<usize> = (0..self.pictures).map(|picture| self.look(picture)).collect();
            let (span, steps) = ((0.0, self.horizon), (self.steps, &*looks));
            let clouds = draw(&**equation, &start, self.samples, span, steps, seed, watch)?;
            let last = &fields[fields.len() - 1];
            let exact = self.on_grid(&law.mixture(time(self.horizon)));
            numbers.push((last.l1_distance(&exact), last.mass() / fields[0].mass() - 1.0, last.minimum()));
            for ((field, cloud), look) in fields.iter().zip(&clouds).zip(looks) {
                let t = time(self.horizon * look as f64 / self.steps as f64);
                let dots = cloud.iter().map(|x| (x[0], x[1])).collect();
                panels.push(plane(&format!("{name}, t = {t:.2}"), field, dots));
            }
            let mut columns = vec!["x".to_string(), "v".to_string()];
            columns.extend((0..fields.len()).map(|k| format!("picture {k}")));
            let values = (0..fields[0].values.len()).map(|index| {
                fields[0].point(index).into_iter().chain(fields.iter().map(|field| field.values[index])).collect()
            });
            tables.push(Table { name: format!("row {row}"), columns, rows: values.collect() });
        }
        let columns = ["row", "L1 distance", "change of mass", "minimum"].map(String::from).to_vec();
        let rows = numbers.iter().enumerate().map(|(row, (l1, mass, least))| vec![row as f64, *l1, *mass, *least]);
        tables.push(Table { name: "numbers".into(), columns, rows: rows.collect() });
        let distances: Vec<String> = numbers.iter().map(|(l1, _, _)| format!("{l1:.1e}")).collect();
        let least = numbers.iter().map(|(_, _, least)| *least).fold(f64::INFINITY, f64::min);
        let lost = numbers.iter().map(|(_, mass, _)| mass.abs()).fold(0.0, f64::max);
        let caption = format!(
            "Position to the right, velocity upwards. First row: the Fokker–Planck equation with its full tensor, with samples of \
             the process. Other rows: reverse equations with the exact score, from the law at the horizon, with their samples. \
             Over them stands the backward noise: a factor of the forward noise, or a matrix by rows. Process {}; {}² cells, \
             {} steps. L¹ distances to the closed form at the end of each row: {}. No row's mass changes by more than {lost:.0e} \
             of it, and the smallest value is {least:.0e}.",
            as_caption(&self.process),
            self.axis.cells,
            self.steps,
            distances.join(", "),
        );
        Ok(figure(caption, self.pictures, (220, 240), panels, tables))
    }

    fn look(&self, picture: usize) -> usize {
        picture * self.steps / (self.pictures - 1)
    }

    fn on_grid(&self, law: &GaussianMixture) -> Field {
        Field::of(&[self.axis; 2], |x| law.data_log_density(x).exp())
    }

    /// The densities of the pictures.
    fn densities(
        &self,
        equation: &dyn MatrixEquation,
        start: &GaussianMixture,
        watch: &dyn Watch,
    ) -> Result<Vec<Field>, LaboratoryError> {
        let solver = PlaneSolver::new(equation, Scheme::Extrapolated);
        let mut density = self.on_grid(start);
        let mut fields = vec![density.clone()];
        let time = |k: usize| self.horizon * k as f64 / self.steps as f64;
        for k in 0..self.steps {
            watch.advance(k as f64 / self.steps as f64)?;
            solver.step(&mut density, time(k), time(k + 1))?;
            if self.look(fields.len()) == k + 1 {
                fields.push(density.clone());
            }
        }
        Ok(fields)
    }
}
