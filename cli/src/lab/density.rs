//! `fokker lab density`.

use std::path::PathBuf;

use clap::Args;
use fokker::Error;
use fokker::laboratory::fokker_planck::{Equation, Forward, ProbabilityFlow, Reverse, Scheme, Solver, Transport};
use fokker::laboratory::grid::{Axis, Field};
use fokker::laboratory::laws::Exact;
use fokker::laboratory::{Watch, check};
use fokker::plot::{self, Colour, Figure, Heat, Layer, Panel, Shades, Table};
use fokker::process::{GaussianMixture, Process};
use serde_json::json;

use super::input::{self, Mixture};
use crate::results::{print_file, print_result};
use crate::watching::Watching;

/// Solve the density equation of a process on a grid, on the line or in the plane, and compare it with the closed form
#[derive(Args)]
pub struct Density {
    /// The process: a kind such as vp, or TOML such as 'kind = "ve", sigma_max = 5.0'
    #[arg(long, default_value = "vp")]
    process: String,
    /// The law of the data: means (numbers, or pairs in the plane), stds, and weights (equal if absent)
    #[arg(long, default_value = "means = [-2.0, 2.0], stds = [0.5, 0.5]")]
    data: String,
    /// Left end of the grid in every direction; −8 if absent, or as far as the law reaches
    #[arg(long, allow_hyphen_values = true)]
    lower: Option<f64>,
    /// Right end; 8 if absent, or as far as the law reaches
    #[arg(long, allow_hyphen_values = true)]
    upper: Option<f64>,
    /// Cells in every direction
    #[arg(long, default_value_t = 200, allow_negative_numbers = true)]
    cells: usize,
    /// Steps over the whole time
    #[arg(long, default_value_t = 500, allow_negative_numbers = true)]
    steps: usize,
    /// Times to show, separated by commas; four in [0, T] if absent
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    times: Vec<f64>,
    /// First order in time instead of second
    #[arg(long)]
    implicit_euler: bool,
    /// Walk back from the law at T with this backward noise, 0 for the probability flow; forwards if absent
    #[arg(long, allow_hyphen_values = true)]
    backward_noise: Option<f64>,
    /// Where to: a folder, made if it is not there
    #[arg(long, default_value = "density")]
    out: PathBuf,
}

impl Density {
    /// Solves, compares, draws.
    pub fn run(self) -> Result<(), Error> {
        let (config, process) = input::process(&self.process)?;
        let data = input::inline::<Mixture>("--data", &self.data)?.build()?;
        let horizon = process.horizon();
        check::count("--steps", self.steps, 1..=check::MOST_STEPS)?;
        check::count("--times", self.times.len(), 0..=24)?;
        if let Some(noise) = self.backward_noise.filter(|noise| *noise != 0.0) {
            check::within("--backward-noise", noise, 1e-3..=1e3)?;
        }
        let backward = self.backward_noise.is_some();
        let earliest = if backward { process.min_time() } else { 0.0 };
        let mut times = match self.times.is_empty() {
            true => [0.05, 0.2, 0.5, 1.0].map(|part| earliest + part * (horizon - earliest)).to_vec(),
            false => self.times.clone(),
        };
        times.sort_by(f64::total_cmp);
        if let Some(t) = times.iter().find(|t| !(earliest..=horizon).contains(*t)) {
            return Err(Error::Usage(format!("--times: {t} is not in [{earliest}, {horizon}]")));
        }
        let axes = self.axes(&data, &*process, if backward { &times[..] } else { &[0.0][..] })?;
        plot::folder(&self.out)?;
        let scheme = if self.implicit_euler { Scheme::ImplicitEuler } else { Scheme::Extrapolated };
        let score = Exact { data: &data, process: &*process };
        let at = |t: f64| Field::of(&axes, |x| data.log_density(&*process, t, x).exp());
        let watching = Watching::new("density");
        let mut found = Vec::new();
        let mut density = at(if backward { horizon } else { 0.0 });
        let mass = density.mass();
        let mut now = if backward { horizon } else { 0.0 };
        let order: Vec<f64> = if backward { times.iter().rev().copied().collect() } else { times.clone() };
        for t in order {
            let share = ((t - now).abs() / (horizon - earliest) * self.steps as f64).ceil().max(1.0) as usize;
            let part =
                PartOfWatch { watch: &watching, from: found.len() as f64 / times.len() as f64, of: times.len() as f64 };
            if t != now {
                match self.backward_noise {
                    None => walk(Forward::new(&*process, axes.len()), scheme, &mut density, (now, t), share, &part)?,
                    Some(0.0) => {
                        let flow = ProbabilityFlow { process: &*process, score: &score };
                        Transport(flow).run(&mut density, now, t, share, &part)?;
                    }
                    Some(noise) => {
                        let equation = Reverse::new(&*process, &score, horizon, noise);
                        walk(equation, scheme, &mut density, (horizon - now, horizon - t), share, &part)?;
                    }
                }
            }
            now = t;
            found.push((t, density.clone(), at(t)));
        }
        drop(watching);
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (t, density, exact) in &found {
            let (change, smallest, distance) =
                (density.mass() / mass - 1.0, density.minimum(), density.l1_distance(exact));
            let object = json!({ "t": t, "mass_change": change, "smallest": smallest, "l1_distance": distance });
            print_result(object, || {
                format!(
                    "t = {t:<10} mass {change:+.1e}, smallest {smallest:.1e}, L1 distance to the closed form {distance:.2e}\n"
                )
            });
        }
        let title = format!("Density under {}", process.name());
        let saved = plot::save(&figure(title, format!("{config:?}; {}", self.data), &found), &self.out)?;
        print_file(&saved.png);
        Ok(())
    }
}

impl Density {
    /// The grid: it holds the law at all times, and its cells are no wider than the law's narrowest component at the
    /// times from which or at which it is solved.
    fn axes(&self, data: &GaussianMixture, process: &dyn Process, sharpest: &[f64]) -> Result<Vec<Axis>, Error> {
        let (lower, upper) = check::reach(data, process, 6.0);
        let axis = Axis {
            lower: self.lower.unwrap_or(lower.min(-8.0)),
            upper: self.upper.unwrap_or(upper.max(8.0)),
            cells: self.cells,
        };
        axis.check_named("--lower", "--upper", "--cells")?;
        let axes = vec![axis; data.dimension()];
        let cells = ("--cells", self.cells);
        let factors = if axes.len() == 2 { vec![cells, cells] } else { vec![cells] };
        let tables = ("numbers of each cell", 2 * self.times.len().max(4));
        check::product(&[&*factors, &[tables]].concat(), check::MOST_WRITTEN, "numbers in a table")?;
        check::holds_process("--lower, --upper", &axes, data, process)?;
        for t in sharpest {
            check::resolves("--cells", &axes, &data.diffused(process, *t), &format!("the law at t = {t}"))?;
        }
        Ok(axes)
    }
}

fn walk(
    equation: impl Equation,
    scheme: Scheme,
    density: &mut Field,
    (from, to): (f64, f64),
    steps: usize,
    watch: &dyn Watch,
) -> Result<(), Error> {
    Ok(Solver::new(equation, scheme).run(density, from, to, steps, watch)?)
}

/// One of several equal parts of a work.
struct PartOfWatch<'a> {
    watch: &'a Watching,
    from: f64,
    of: f64,
}

impl Watch for PartOfWatch<'_> {
    fn should_stop(&self, fraction: f64) -> bool {
        self.watch.should_stop(self.from + fraction / self.of)
    }
}

fn figure(title: String, caption: String, found: &[(f64, Field, Field)]) -> Figure {
    let axes = &found[0].1.axes;
    let (x, line) = ((axes[0].lower, axes[0].upper), axes.len() == 1);
    let most = found.iter().map(|(_, density, _)| density.maximum()).fold(0.0, f64::max);
    let mut panels = Vec::new();
    if line {
        let mut panel = Panel::new("Grid, and closed form dashed", "x", "p(x, t)", x, (0.0, 1.25 * most));
        for ((t, density, exact), colour) in found.iter().zip(Colour::CYCLE.into_iter().cycle()) {
            let curve = |field: &Field| axes[0].centres().into_iter().zip(field.values.clone()).collect::<Vec<_>>();
            panel = panel.with(Layer::line(&format!("t = {t:.3}"), colour, curve(density))).with(Layer::dashed(
                "",
                Colour::BLACK,
                curve(exact),
            ));
        }
        panels.push(panel);
    } else {
        for (t, density, _) in found {
            let heat = Heat {
                x,
                y: x,
                columns: axes[0].cells,
                values: density.values.clone(),
                most: density.maximum(),
                shades: Shades::Blues,
            };
            panels.push(Panel::new(&format!("t = {t:.3}"), "x", "y", x, x).with(Layer::Heat(heat)));
        }
    }
    let mut columns: Vec<String> = ["x", "y"][..axes.len()].iter().map(|name| name.to_string()).collect();
    columns.extend(found.iter().flat_map(|(t, _, _)| [format!("p t={t}"), format!("closed form t={t}")]));
    let row = |index: usize| {
        let values = found.iter().flat_map(move |(_, density, exact)| [density.values[index], exact.values[index]]);
        found[0].1.point(index).into_iter().chain(values).collect()
    };
    let rows = (0..found[0].1.values.len()).map(row).collect();
    let panel_size = if line { (760, 460) } else { (360, 360) };
    let count = panels.len().min(4);
    let tables = vec![Table { name: String::new(), columns, rows }];
    Figure { name: "density".into(), title, caption, panels, columns: count, panel_size, tables }
}
