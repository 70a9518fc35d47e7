//! Langevin dynamics of a Gaussian mixture [SDE tutorial, Figures 1–3 and Example 6].

use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::draws::{Draws, memory};
use super::view::{Law, MOST_SHOWN, Show, check_heat, density_table, evolution, figure, histogram, path_table};
use fokker_laboratory::fokker_planck::{LangevinEquation, Scheme, Solver};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::{LineMixture, LineMixtureConfig};
use fokker_laboratory::paths::{Ensemble, EulerMaruyama, LangevinPath};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Table};

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
pub struct LangevinFigure {
    /// Which picture.
    pub show: Show,
    /// The target.
    pub target: LineMixtureConfig,
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

impl Start {
    fn check(&self) -> Result<(), LaboratoryError> {
        match *self {
            Self::Normal { mean, std } => {
                check::finite("figure.start.mean", mean)?;
                check::positive("figure.start.std", std)
            }
            Self::Uniform { lower, upper } => Axis { lower, upper, cells: 2 }.check("figure.start"),
        }
    }

    /// The averages of the density on a grid.
    fn field(&self, axis: Axis) -> Result<Field, LaboratoryError> {
        Ok(match *self {
            Self::Normal { mean, std } => LineMixture::normal(mean, std)?.masses(axis),
            Self::Uniform { lower, upper } => {
                let covered = |i: usize| {
                    let width = axis.face(i + 1).min(upper) - axis.face(i).max(lower);
                    width.max(0.0) / (axis.width() * (upper - lower))
                };
                Field { axes: vec![axis], values: (0..axis.cells).map(covered).collect() }
            }
        })
    }

    /// The interval that holds nearly all of it.
    fn reach(&self) -> (f64, f64) {
        match *self {
            Self::Normal { mean, std } => (mean - 8.0 * std, mean + 8.0 * std),
            Self::Uniform { lower, upper } => (lower, upper),
        }
    }
}

impl LangevinFigure {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check_heat(&self.axis, "figure.axis")?;
        check::positive("figure.time", self.time)?;
        check::count("figure.steps", self.steps, 1..=check::MOST_STEPS)?;
        check::count("figure.paths", self.paths, 2..=check::MOST_PATHS)?;
        check::count("figure.shown", self.shown, 0..=MOST_SHOWN)?;
        self.start.check()?;
        self.grid(&self.target.build("figure.target")?)?;
        check::resolved("figure.steps", self.steps, self.target.build("figure.target")?.stiffness(), self.time)
    }

    /// The grid of the density equation: start and target to eight standard deviations. The number of cells is even, so the
    /// middle is a face.
    fn grid(&self, target: &LineMixture) -> Result<Axis, LaboratoryError> {
        let (middle, (lower, upper), (left, right)) = (target.middle(), target.reach(8.0), self.start.reach());
        let half = [lower, upper, left, right].iter().map(|x| (x - middle).abs()).fold(0.0, f64::max);
        Axis::new(middle - half, middle + half, 600).map_err(|_| {
            let expected = format!("numbers whose laws stay below {:e}, to eight standard deviations", check::LARGEST);
            LaboratoryError::value(
                "figure.start, figure.target",
                format!("laws as far as {half:e} from their middle"),
                expected,
            )
        })
    }

    /// P(x > middle) after the whole time, by the density equation from the same start.
    fn carried(&self, target: &LineMixture, watch: &dyn Watch) -> Result<f64, LaboratoryError> {
        let axis = self.grid(target)?;
        let mut density = self.start.field(axis)?.normalized();
        let solver = Solver::new(LangevinEquation(target.clone()), Scheme::Extrapolated);
        solver.run(&mut density, 0.0, self.time, 300, watch)?;
        Ok(density.values[axis.cells / 2..].iter().sum::<f64>() * axis.width())
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let target = self.target.build("figure.target")?;
        let start = |i: u64| {
            let mut rng = Index::laboratory_start(i).rng(seed);
            match self.start {
                Start::Normal { mean, std } => {
                    let normal: f64 = rng.sample(StandardNormal);
                    mean + std * normal
                }
                Start::Uniform { lower, upper } => lower + (upper - lower) * rng.random::<f64>(),
            }
        };
        let run = Ensemble::simulate(
            &LangevinPath(target.clone()),
            &EulerMaruyama,
            &start,
            (0.0, self.time),
            self.steps,
            (self.paths, self.shown),
            (&self.axis, &Ensemble::evenly(self.steps, 240)),
            seed,
            watch,
        )?;
        let time = |look: usize| self.time * run.looks[look] as f64 / self.steps as f64;
        let last = run.looks.len() - 1;
        let begin = match self.start {
            Start::Normal { mean, std } => format!("N({mean}, {std}²)"),
            Start::Uniform { lower, upper } => format!("U[{lower}, {upper}]"),
        };
        let draws = Draws::of(&run.ends, &target);
        let carried = self.carried(&target, watch)?;
        let caption = format!(
            "{} paths from {begin}, {} Euler–Maruyama steps of Δt = {} (eq. 4.1.9); target: weights {:?}, means {:?}, standard \
             deviations {:?}. After t = {}: {}. {}",
            self.paths,
            self.steps,
            self.time / self.steps as f64,
            self.target.weights,
            self.target.means,
            self.target.stds,
            self.time,
            draws.as_caption(),
            memory(&draws.above, carried),
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
        let numbers = draws.table(&[("mass above: density equation", carried)]);
        let tables = tables.into_iter().chain([numbers]).collect();
        Ok(figure(caption, 1, (760, 430), vec![panel], tables))
    }
}
