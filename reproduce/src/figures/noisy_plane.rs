//! The density equation with noise in the plane [Seo, eq. 1.1].

use fokker_process::{GaussianMixture, Process, ProcessConfig};
use serde::{Deserialize, Serialize};

use super::energy::{Realisation, energy_panel, in_space, realisation};
use super::in_chunks::in_chunks;
use super::view::{MOST_PANELS, as_caption, figure, plane};
use fokker_laboratory::fokker_planck::Forward;
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::stochastic::{Condition, EnergyBound, NoiseConfig, StochasticEquation, WeightedSpace};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Figure, Heat, Layer, Panel, Shades, Table};

/// Realisations of the stochastic equation in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoisyPlaneConfig {
    /// The process.
    pub process: ProcessConfig,
    /// c > 0 of the weighted space.
    pub c: f64,
    /// Means of the components of the initial density, two numbers each; their weights are equal.
    pub means: Vec<Vec<f64>>,
    /// Standard deviation of every component, below √(2c).
    pub std: f64,
    /// The noise in each direction; the modes are products.
    pub noise: NoiseConfig,
    /// Both axes.
    pub axis: Axis,
    /// Steps of the semi-implicit Euler–Maruyama scheme.
    pub steps: usize,
    /// Number of realisations.
    pub realisations: usize,
    /// Realisations drawn.
    pub shown: usize,
}

/// Cells times steps times realisations: a minute of work.
const MOST_WORK: usize = 2_000_000_000;

impl NoisyPlaneConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        check::count("figure.axis.cells", self.axis.cells, 2..=400)?;
        check::positive("figure.c", self.c)?;
        check::positive("figure.std", self.std)?;
        check::count("figure.steps", self.steps, 1..=100_000)?;
        check::count("figure.realisations", self.realisations, 2..=100_000)?;
        check::count("figure.shown", self.shown, 0..=MOST_PANELS - 4)?;
        check::count("figure.means", self.means.len(), 1..=1000)?;
        for (k, mean) in self.means.iter().enumerate() {
            if mean.len() != 2 {
                return Err(LaboratoryError::value(format!("figure.means[{k}]"), format!("{mean:?}"), "two numbers"));
            }
            mean.iter().try_for_each(|x| check::finite(&format!("figure.means[{k}]"), *x))?;
        }
        let squares = ("figure.axis.cells²", self.axis.cells * self.axis.cells);
        let runs = ("figure.realisations", self.realisations);
        check::product(&[runs, ("figure.steps", self.steps), squares], MOST_WORK, "cells to solve for")?;
        check::product(&[runs, squares], check::MOST_NUMBERS, "numbers in memory")?;
        check::product(&[("figure.shown + 3", self.shown + 3), squares], check::MOST_WRITTEN, "numbers in tables")?;
        let process = check::process("figure.process", &self.process)?;
        let space = WeightedSpace { c: self.c };
        self.noise.build(&[self.axis, self.axis]).map_err(|error| error.at("figure"))?;
        // Norms of products are products: each coordinate by itself.
        for coordinate in 0..2 {
            in_space(&space, &self.marginal(coordinate)?, &*process, &self.axis, "figure.std")?;
        }
        space.admits_noise(&self.noise, &self.axis, ["figure.noise", "figure.axis"])
    }

    fn marginal(&self, coordinate: usize) -> Result<LineMixture, LaboratoryError> {
        let means: Vec<f64> = self.means.iter().map(|mean| mean[coordinate]).collect();
        let count = means.len();
        LineMixture::new(&vec![1.0; count], &means, &vec![self.std; count])
    }

    fn start(&self, process: &dyn Process) -> Result<Field, LaboratoryError> {
        let count = self.means.len();
        let data = GaussianMixture::with_stds(vec![1.0; count], self.means.clone(), vec![self.std; count])?;
        Ok(Field::of(&[self.axis, self.axis], |x| data.log_density(process, 0.0, x).exp()))
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let axes = [self.axis, self.axis];
        let noise = self.noise.build(&axes)?;
        let (space, horizon) = (WeightedSpace { c: self.c }, process.horizon());
        let equation = StochasticEquation::new(Forward::new(&*process, 2), &noise);
        let start = self.start(&*process)?;
        let run = |i: u64| realisation(&equation, &space, &start, &noise.path(seed, i, horizon, self.steps));
        let runs: Vec<Realisation> = in_chunks(self.realisations, 8, watch, run)?;
        let mut noiseless = start.clone();
        equation.solver().run(&mut noiseless, 0.0, horizon, self.steps, watch)?;
        let n = runs.len() as f64;
        let mean_of = |of: &dyn Fn(&Realisation) -> f64| runs.iter().map(of).sum::<f64>() / n;
        let field = |values: Vec<f64>| Field { axes: axes.to_vec(), values };
        let mean = field((0..start.values.len()).map(|k| mean_of(&|run| run.0[k])).collect());
        let error = |k: usize| (mean_of(&|run| (run.0[k] - mean.values[k]).powi(2)) / n).sqrt();
        // E|N(0, s²)| = s √(2/π).
        let chance =
            (0..start.values.len()).map(error).sum::<f64>() * start.volume() * (2.0 / std::f64::consts::PI).sqrt();
        let energy: Vec<f64> = (0..=self.steps).map(|k| mean_of(&|run| run.1[k])).collect();
        let times: Vec<f64> = (0..=self.steps).map(|k| horizon * k as f64 / self.steps as f64).collect();
        let strength: f64 = noise.modes().iter().map(|mode| space.norm_squared(mode)).sum();
        let bound = EnergyBound::new(&*process, self.c, 2, strength)
            .map(|gronwall| gronwall.at(&times, space.norm_squared(&start)));
        let (energies, said) = energy_panel(&times, "mean of ‖u(t)‖²", "E ‖u‖²", &energy, bound.as_deref());
        let mut panels = vec![
            plane("at t = 0", &start, vec![]),
            plane("at T, without noise", &noiseless, vec![]),
            plane(&format!("at T, mean of {}", runs.len()), &mean, vec![]),
            energies,
        ];
        let shown = runs.iter().take(self.shown);
        let apart: Vec<Vec<f64>> =
            shown.map(|run| run.0.iter().zip(&noiseless.values).map(|(value, calm)| value - calm).collect()).collect();
        let most = apart.iter().flatten().fold(0.0f64, |most, value| most.max(value.abs()));
        let numbered = apart.iter().enumerate();
        panels.extend(numbered.map(|(k, values)| self.signed(&format!("realisation {k}, noise at T"), values, most)));
        let caption = format!(
            "Above: the density in the plane, its noiseless solution and the mean of all realisations at T, and the energy. \
             Below: what the noise adds to single realisations, blue below 0 and red above, up to {most:.3}. \
             Process {}, c = {}: {}. Noise {}, {} modes, trace {:.3e}, Σ λ‖e‖² = {strength:.3e}. {} realisations on {}² cells, \
             {} steps; the mean is {:.1e} in L¹ from the noiseless density, of which chance explains {chance:.1e}. {said}",
            as_caption(&self.process),
            self.c,
            Condition::of(&*process).verdict(self.c),
            as_caption(&self.noise),
            noise.len(),
            noise.trace(),
            runs.len(),
            self.axis.cells,
            self.steps,
            mean.l1_distance(&noiseless),
        );
        let mut columns = vec!["x".into(), "y".into(), "start".into(), "without noise".into(), "mean".into()];
        columns.extend((0..apart.len()).map(|k| format!("realisation {k}")));
        let row = |index: usize| -> Vec<f64> {
            let fields = [&start, &noiseless, &mean].map(|field| field.values[index]);
            let runs = runs.iter().take(self.shown).map(|run| run.0[index]);
            start.point(index).into_iter().chain(fields).chain(runs).collect()
        };
        let rows = (0..start.values.len()).map(row).collect();
        let mut list: Vec<(&str, &[f64])> = vec![("t", &times), ("mean energy", &energy)];
        list.extend(bound.as_deref().map(|bound| ("bound", bound)));
        let tables = vec![Table { name: "density".into(), columns, rows }, Table::of_columns("energy", &list)];
        Ok(figure(caption, 4, (270, 290), panels, tables))
    }

    /// Signed numbers in the plane.
    fn signed(&self, title: &str, values: &[f64], most: f64) -> Panel {
        let range = (self.axis.lower, self.axis.upper);
        let columns = self.axis.cells;
        let heat = Heat { x: range, y: range, columns, values: values.to_vec(), most, shades: Shades::Diverging };
        let mut panel = Panel::new(title, "", "", range, range).with(Layer::Heat(heat));
        panel.axes = false;
        panel
    }
}
