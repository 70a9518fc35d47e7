//! The density equation with noise, its mean, and its energy [Seo, eq. 1.1].

use fokker_process::ProcessConfig;
use serde::{Deserialize, Serialize};

use super::energy::{Realisation, energy_panel, in_space, realisation};
use super::in_chunks::in_chunks;
use super::view::{MOST_SHOWN, as_caption, figure};
use fokker_laboratory::fokker_planck::Forward;
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixtureConfig;
use fokker_laboratory::stochastic::{Condition, EnergyBound, NoiseConfig, StochasticEquation, WeightedSpace};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};

/// Realisations of the stochastic equation on the line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoisyDensityConfig {
    /// The process.
    pub process: ProcessConfig,
    /// c > 0 of the weighted space.
    pub c: f64,
    /// The initial density; its variances must be below 2c, or it is not in the space.
    pub data: LineMixtureConfig,
    /// The noise; Σ λₖ ‖eₖ‖² must converge in the norm of the space.
    pub noise: NoiseConfig,
    /// The grid.
    pub axis: Axis,
    /// Steps of the semi-implicit Euler–Maruyama scheme.
    pub steps: usize,
    /// Number of realisations.
    pub realisations: usize,
    /// Realisations drawn.
    pub shown: usize,
}

impl NoisyDensityConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        check::positive("figure.c", self.c)?;
        check::count("figure.steps", self.steps, 1..=1_000_000)?;
        check::count("figure.realisations", self.realisations, 2..=check::MOST_PATHS)?;
        check::count("figure.shown", self.shown, 0..=MOST_SHOWN)?;
        let runs = ("figure.realisations", self.realisations);
        let numbers = "numbers in memory";
        check::product(&[runs, ("figure.steps", self.steps)], check::MOST_NUMBERS, numbers)?;
        check::product(&[runs, ("figure.axis.cells", self.axis.cells)], check::MOST_NUMBERS, numbers)?;
        let process = check::process("figure.process", &self.process)?;
        let space = WeightedSpace { c: self.c };
        self.noise.build(&[self.axis]).map_err(|error| error.at("figure"))?;
        in_space(&space, &self.data.build("figure.data")?, &*process, &self.axis, "figure.data.stds")?;
        space.admits_noise(&self.noise, &self.axis, ["figure.noise", "figure.axis"])
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let data = self.data.build("figure.data")?;
        let noise = self.noise.build(&[self.axis])?;
        let space = WeightedSpace { c: self.c };
        let horizon = process.horizon();
        let equation = StochasticEquation::new(Forward::new(&*process, 1), &noise);
        let start = data.field(self.axis);
        let run = |i: u64| realisation(&equation, &space, &start, &noise.path(seed, i, horizon, self.steps));
        let runs: Vec<Realisation> = in_chunks(self.realisations, 16, watch, run)?;
        let mut noiseless = start.clone();
        equation.solver().run(&mut noiseless, 0.0, horizon, self.steps, watch)?;
        let n = runs.len() as f64;
        let mean = |of: &dyn Fn(&Realisation) -> f64| runs.iter().map(of).sum::<f64>() / n;
        let average: Vec<f64> = (0..self.axis.cells).map(|k| mean(&|run| run.0[k])).collect();
        let error: Vec<f64> =
            (0..self.axis.cells).map(|k| (mean(&|run| (run.0[k] - average[k]).powi(2)) / n).sqrt()).collect();
        let energy: Vec<f64> = (0..=self.steps).map(|k| mean(&|run| run.1[k])).collect();
        let times: Vec<f64> = (0..=self.steps).map(|k| horizon * k as f64 / self.steps as f64).collect();
        let strength: f64 = noise.modes().iter().map(|mode| space.norm_squared(mode)).sum();
        let gronwall = EnergyBound::new(&*process, self.c, 1, strength);
        let bound = gronwall.map(|gronwall| gronwall.at(&times, space.norm_squared(&start)));
        let x = self.axis.centres();
        let over = |values: &[f64]| x.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
        let field = |values: &[f64]| Field { axes: vec![self.axis], values: values.to_vec() };
        let peak =
            runs.iter().take(self.shown).flat_map(|run| run.0.iter().copied()).fold(noiseless.maximum(), f64::max);
        let dip = runs.iter().take(self.shown).flat_map(|run| run.0.iter().copied()).fold(0.0, f64::min);
        let bounds = (self.axis.lower, self.axis.upper);
        let mut left = Panel::new("u at T", "x", "u(x, T)", bounds, (1.1 * dip, 1.35 * peak));
        for (k, run) in runs.iter().take(self.shown).enumerate() {
            left = left.with(Layer::path(if k == 0 { "realisations" } else { "" }, Colour::GREY, over(&run.0)));
        }
        left = left.with(Layer::line("mean of all", Colour::BLUE, over(&average))).with(Layer::dashed(
            "without noise",
            Colour::BLACK,
            over(&noiseless.values),
        ));
        let (right, said_of_bound) = energy_panel(&times, "mean of ‖u(t)‖²", "E ‖u‖²", &energy, bound.as_deref());
        let off = field(&average).l1_distance(&noiseless);
        let caption = format!(
            "Process {}, c = {}: {}. Noise {}, {} modes, trace {:.3e}, Σ λₖ‖eₖ‖² = {strength:.3e}. {} realisations, {} steps; \
             the mean is {off:.1e} in L¹ from the noiseless density, of which chance explains {:.1e}. {said_of_bound}",
            as_caption(&self.process),
            self.c,
            Condition::of(&*process).verdict(self.c),
            as_caption(&self.noise),
            noise.len(),
            noise.trace(),
            runs.len(),
            self.steps,
            // E|N(0, s²)| = s √(2/π).
            error.iter().sum::<f64>() * self.axis.width() * (2.0 / std::f64::consts::PI).sqrt(),
        );
        let columns: [(&str, &[f64]); 4] =
            [("x", &x), ("mean", &average), ("standard error", &error), ("without noise", &noiseless.values)];
        let mut energies: Vec<(&str, &[f64])> = vec![("t", &times), ("mean energy", &energy)];
        energies.extend(bound.as_deref().map(|bound| ("bound", bound)));
        let tables = vec![Table::of_columns("density", &columns), Table::of_columns("energy", &energies)];
        Ok(figure(caption, 2, (520, 400), vec![left, right], tables))
    }
}
