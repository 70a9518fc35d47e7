//! From one law to another, without noise and with it (Albergo et al. 2023; [Aamari 2025, §4.2] for the setting).

use fokker_process::interpolant::{BridgeNoise, Interpolant, InterpolatedMixtures};
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use super::draws::Draws;
use super::view::{Law, MOST_SHOWN, as_caption, check_heat, evolution, figure, histogram};
use fokker_laboratory::fokker_planck::{Carried, Direction, InterpolantEquation, Scheme, Solver, Transport};
use fokker_laboratory::grid::{Axis, Field};
use fokker_laboratory::laws::LineMixtureConfig;
use fokker_laboratory::paths::{Ensemble, EquationPath, Heun};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Table};

/// Paths that begin in the start's law and end in that of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterpolantConfig {
    /// The path between the two, and the noise on it.
    pub interpolant: Interpolant,
    /// The law at t = 0, where paths end.
    pub data: LineMixtureConfig,
    /// The law at t = 1, where paths begin.
    pub start: LineMixtureConfig,
    /// ε > 0 of the second row; the first has none.
    pub noise: f64,
    /// The grid, and the cells of the histograms.
    pub axis: Axis,
    /// Steps of the equations and of the paths.
    pub steps: usize,
    /// Number of paths.
    pub draws: usize,
    /// Number of paths that the figure shows.
    pub shown: usize,
}

impl InterpolantConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check_heat(&self.axis, "figure.axis")?;
        check::positive("figure.noise", self.noise)?;
        check::count("figure.steps", self.steps, 4..=check::MOST_STEPS)?;
        check::count("figure.shown", self.shown, 0..=MOST_SHOWN)?;
        check::count("figure.draws", self.draws, self.shown.max(2)..=check::MOST_PATHS)?;
        if let BridgeNoise::Brownian { scale } | BridgeNoise::Sine { scale } = self.interpolant.bridge {
            check::positive("figure.interpolant.bridge.scale", scale)?;
        }
        let bridges = self.bridges()?;
        for k in 0..=4 {
            let t = f64::from(k) / 4.0;
            check::holds("figure.axis", &[self.axis], &bridges.law(t), &format!("the law at t = {t}"))?;
        }
        check::resolves("figure.axis.cells", &[self.axis], &bridges.law(0.0), "the data")?;
        check::resolves("figure.axis.cells", &[self.axis], &bridges.law(1.0), "the start")?;
        // The drift pulls towards the mean of a narrow component with ½ v′/v + ε/v.
        let narrowest = |law: &LineMixtureConfig| law.stds.iter().copied().fold(f64::INFINITY, f64::min).powi(2);
        let (data, start) = (narrowest(&self.data), narrowest(&self.start));
        let pull = check::fastest(0.0, 1.0, |t| {
            let path = &self.interpolant;
            let (alpha, beta) = (path.data_scale(t), path.start_scale(t));
            let variance = alpha * alpha * data + beta * beta * start + path.bridge.std(t).powi(2);
            let change = alpha * path.data_scale_derivative(t) * data
                + beta * path.start_scale_derivative(t) * start
                + path.bridge.half_variance_derivative(t);
            (self.noise + change.abs()) / variance
        });
        check::resolved("figure.steps", self.steps, pull, 1.0)
    }

    fn bridges(&self) -> Result<InterpolatedMixtures, LaboratoryError> {
        let data = self.data.build("figure.data")?.to_gaussian_mixture()?;
        let start = self.start.build("figure.start")?.to_gaussian_mixture()?;
        Ok(InterpolatedMixtures::new(data, start, self.interpolant)?)
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let bridges = self.bridges()?;
        let (data, start) = (self.data.build("figure.data")?, self.start.build("figure.start")?);
        let at = |t: f64| {
            let law = bridges.at(t);
            Field::of(&[self.axis], |x| law.log_density(x).exp())
        };
        let columns: Vec<Vec<f64>> = (0..=240).map(|k| at(f64::from(k) / 240.0).values).collect();
        let looks = Ensemble::evenly(self.steps, 240);
        let (mut panels, mut tables, mut said) = (Vec::new(), Vec::new(), Vec::new());
        for noise in [0.0, self.noise] {
            let equation = InterpolantEquation::new(&bridges, Direction::ToData, |_| noise);
            let ensemble = Ensemble::simulate(
                &EquationPath(&equation),
                &Heun,
                &|i| start.sample(&mut Index::laboratory_start(i).rng(seed)),
                (0.0, 1.0),
                self.steps,
                (self.draws, self.shown),
                (&self.axis, &looks),
                seed,
                watch,
            )?;
            let mut density = at(1.0);
            match noise {
                0.0 => Transport(Carried(&bridges)).run(&mut density, 1.0, 0.0, self.steps, watch)?,
                _ => Solver::new(equation, Scheme::Extrapolated).run(&mut density, 0.0, 1.0, self.steps, watch)?,
            }
            let distance = density.l1_distance(&data.field(self.axis));
            let draws = Draws::of(&ensemble.ends, &data);
            let place = |look: &usize| 1.0 - *look as f64 / self.steps as f64;
            let paths: Vec<Vec<(f64, f64)>> =
                ensemble.kept.iter().map(|path| looks.iter().map(place).zip(path.iter().copied()).collect()).collect();
            let title = if noise == 0.0 {
                "dx = b dt".into()
            } else {
                format!("dx = (b − ε s) dt + √(2ε) dw, ε = {noise}")
            };
            panels.push(evolution(&title, "t", (0.0, 1.0), &self.axis, &columns, &paths));
            let law = |x: f64| data.density(x);
            let laws: [Law; 1] = [("law of the data", Colour::BLACK, &law)];
            let heights = ensemble.density(looks.len() - 1, &self.axis);
            panels.push(histogram("where the paths end, t = 0", &self.axis, &heights, "paths", &laws));
            said.push(format!(
                "With ε = {noise}: {}; the density equation ends at an L¹ distance of {distance:.1e} from the law.",
                draws.as_caption()
            ));
            let mut numbers = draws.table(&[("noise", noise), ("L1 distance", distance)]);
            numbers.name = if noise == 0.0 { "without noise".into() } else { "with noise".into() };
            tables.push(numbers);
        }
        let cells: Vec<(String, Vec<f64>)> =
            [0, 60, 120, 180, 240].map(|k: usize| (format!("t={}", k as f64 / 240.0), columns[k].clone())).to_vec();
        let centres = self.axis.centres();
        let named: Vec<(&str, &[f64])> =
            std::iter::once(("x", &*centres)).chain(cells.iter().map(|(name, values)| (&**name, &**values))).collect();
        tables.push(Table::of_columns("density", &named));
        let caption = format!(
            "Interpolant {}. Data, at t = 0: {}. Start, at t = 1: {}. Left: the law of x_t in closed form, and paths that begin on the \
             right with draws of the start. Both rows have the same law at every t; {} paths of Heun's method in {} steps. {}",
            as_caption(&self.interpolant),
            as_caption(&self.data),
            as_caption(&self.start),
            self.draws,
            self.steps,
            said.join(" ")
        );
        Ok(figure(caption, 2, (520, 360), panels, tables))
    }
}
