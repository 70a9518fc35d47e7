//! `fokker lab bound`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use clap::Args;
use fokker::laboratory::check;
use fokker::laboratory::grid::Axis;
use fokker::laboratory::laws::{Exact, Interpolated, KlRow, ReverseError, ReverseErrorKeys};
use fokker::model::{BuiltNetwork, NetworkScore, Score};
use fokker::plot::{self, Colour, Figure, Layer, Panel, Table};
use fokker::process::{GaussianMixture, Process};
use fokker::training::load_ema;
use fokker::{Error, RunConfig, experiment};
use serde_json::json;

use super::input::{self, Mixture};
use crate::results::{print_file, print_result};
use crate::watching::Watching;

/// How far what a trained network generates is from its data, and the bound on it [Aamari 2025, Prop. 4.3], on a grid
#[derive(Args)]
pub struct Bound {
    /// A run on a Gaussian mixture on the line or in the plane, or one of its checkpoints
    run: PathBuf,
    /// The law of the data as for `lab density`; the run's own mixture if absent
    #[arg(long)]
    data: Option<String>,
    /// Backward noise σ̃ > 0
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    backward_noise: f64,
    /// Where the generation ends; the process's smallest time if absent
    #[arg(long, allow_hyphen_values = true)]
    end: Option<f64>,
    /// Half the width of the grid, centred at 0; 6 if absent, or as far as prior and data reach
    #[arg(long, allow_hyphen_values = true)]
    reach: Option<f64>,
    /// Cells in every direction
    #[arg(long, default_value_t = 80, allow_negative_numbers = true)]
    cells: usize,
    /// Steps, equally far apart in ln t
    #[arg(long, default_value_t = 400, allow_negative_numbers = true)]
    steps: usize,
    /// Where to: a folder, made if it is not there
    #[arg(long, default_value = "bound")]
    out: PathBuf,
}

impl Bound {
    /// Evaluates both, draws them.
    pub fn run(self) -> Result<(), Error> {
        check::within("--backward-noise", self.backward_noise, 1e-3..=1e3)?;
        check::count("--steps", self.steps, 1..=check::MOST_STEPS)?;
        if let Some(reach) = self.reach {
            check::positive("--reach", reach)?;
        }
        if let Some(end) = self.end {
            check::positive("--end", end)?;
        }
        let checkpoint = experiment::find_checkpoint(&self.run)?;
        let config = RunConfig::load(&checkpoint.join("config.toml"), &[])?;
        config.check_null_class("lab bound")?;
        let data = self.law(&config)?;
        let dimension = data.dimension();
        if config.data.shape()? != [dimension] {
            return Err(Error::Usage(format!("--data has {dimension} dimensions, the run has others")));
        }
        let chosen = config.backend.resolve()?;
        let BuiltNetwork::Vectors(network) = config.network.init(config.seed, &chosen.device)? else {
            return Err(Error::Usage(format!("{}: the network is not one on vectors", self.run.display())));
        };
        let network = load_ema(&checkpoint, network)?;
        let process: Arc<dyn Process> = config.build_process()?;
        if process.phase_space().is_some() {
            let message =
                format!("{}: its process has velocities, and the bound is that of scalar ones", self.run.display());
            return Err(Error::Usage(message));
        }
        let network = NetworkScore::new(network, process.clone(), config.parameterization);
        let prior = 5.0 * process.prior_std();
        let (left, right) = check::reach(&data, &*process, 5.0);
        let reach = self.reach.unwrap_or(6f64.max(prior).max(-left).max(right));
        let axis = Axis { lower: -reach, upper: reach, cells: self.cells };
        axis.check_named("--reach", "--reach", "--cells")?;
        let axes = vec![axis; dimension];
        let score = Interpolated::new(&axes, |points, t| ask(&network, points, dimension, t, &chosen.device));
        let generation = ReverseError {
            data: &data,
            process: &*process,
            score: &score,
            backward_noise: self.backward_noise.into(),
            start: process.horizon(),
            end: self.end.unwrap_or_else(|| process.min_time()),
            prior_std: process.prior_std(),
        };
        generation.check(&axes, &ReverseErrorKeys { reach: "--reach", cells: "--cells", end: "--end" })?;
        let cells = ("--cells", self.cells);
        check::product(&vec![cells; dimension], 4_000_000, "cells")?;
        plot::folder(&self.out)?;
        let every = (self.steps / 200).max(1);
        let rows = generation.trace(&axes, self.steps, every, &Watching::new("bound"))?;
        // With the exact score nothing but the prior and the grid is wrong: below this, neither curve says anything.
        let exact = Exact { data: &data, process: &*process };
        let floor = ReverseError { score: &exact, ..generation };
        let floor = floor.trace(&axes, self.steps, every, &Watching::new("the grid's own error"))?;
        let last = rows[rows.len() - 1];
        let most = floor.iter().fold(0.0f64, |most, row| most.max(row.truth));
        let object = json!({
            "kl_nats": last.truth, "bound_nats": last.bound, "score_error": last.score_error, "t": generation.end,
            "prior_and_grid_nats": most
        });
        print_result(object, || {
            format!(
                "KL(data | generated) = {:.5} nats, bound {:.5} nats\nscore error E|s − ∇ln p|² = {:.4} at t = {:.4}\n\
                 prior and grid alone: up to {most:.1e} nats; finer --cells and --steps lower the grid's part\n",
                last.truth, last.bound, last.score_error, generation.end
            )
        });
        let saved = plot::save(&figure(&rows, &floor, &checkpoint, self.backward_noise), &self.out)?;
        print_file(&saved.png);
        Ok(())
    }

    fn law(&self, config: &RunConfig) -> Result<GaussianMixture, Error> {
        if let Some(text) = &self.data {
            return input::inline::<Mixture>("--data", text)?.build();
        }
        config.mixture()?.ok_or_else(|| {
            let message = "the run's data are not a mixture: say their law with --data";
            Error::Usage(format!("{}: {message}", self.run.display()))
        })
    }
}

/// The network's score at many points, at one time.
fn ask(score: &dyn Score<2>, points: &[f64], dimension: usize, t: f64, device: &Device) -> Vec<f64> {
    let count = points.len() / dimension;
    let values: Vec<f32> = points.iter().map(|value| *value as f32).collect();
    let x = Tensor::<2>::from_data(TensorData::new(values, [count, dimension]), device);
    let scores = score.score(x, &vec![t; count]).into_data_as::<f32>();
    scores.as_slice::<f32>().expect("converted to f32 just above").iter().map(|value| f64::from(*value)).collect()
}

fn figure(rows: &[KlRow], floor: &[KlRow], checkpoint: &Path, backward_noise: f64) -> Figure {
    let list = |of: fn(&KlRow) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let (tau, truth, bound) = (list(|row| row.tau), list(|row| row.truth), list(|row| row.bound));
    let (integrated, score_error) = (list(|row| row.integrated), list(|row| row.score_error));
    let grid: Vec<f64> = floor.iter().map(|row| row.truth).collect();
    let curve = |values: &[f64]| tau.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
    let values = truth.iter().chain(&bound).copied().filter(|value| value.is_finite() && *value > 0.0);
    let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let panel = Panel::new("", "τ = T − t", "KL(p | q)", (0.0, tau[tau.len() - 1]), (0.0, 1.0))
        .logarithmic_y(0.5 * low, 30.0 * high)
        .with(Layer::line("bound, Prop. 4.3", Colour::ORANGE, curve(&bound)))
        .with(Layer::line("truth", Colour::BLUE, curve(&truth)))
        .with(Layer::dashed("integral of Cor. 4.2", Colour::BLACK, curve(&integrated)))
        .with(Layer::path("exact score: prior and grid alone", Colour::GREY, curve(&grid)));
    let columns: [(&str, &[f64]); 6] = [
        ("tau", &tau),
        ("truth", &truth),
        ("integrated", &integrated),
        ("bound", &bound),
        ("score error", &score_error),
        ("exact score", &grid),
    ];
    Figure {
        name: "bound".into(),
        title: "Divergence of a trained network's law, and its bound".into(),
        caption: format!("{}, backward noise {backward_noise}", checkpoint.display()),
        panels: vec![panel],
        columns: 1,
        panel_size: (760, 460),
        tables: vec![Table::of_columns("", &columns)],
    }
}
