//! `fokker likelihood`.

use std::path::PathBuf;

use clap::Args;
use fokker::datasets::Split;
use fokker::model::Probe;
use fokker::ranks::Ranks;
use fokker::sampling::likelihood::{DivergenceMethod, Estimate, LikelihoodConfig, LikelihoodSolver, Truncation};
use fokker::sampling::{PosteriorVariance, TimeGrid, ToleranceConfig};
use fokker::{Error, LikelihoodReport, LikelihoodRequest, Quantity, Together};
use serde::de::DeserializeOwned;

use super::checkpoint::CheckpointOptions;
use super::numbers::positive;
use super::ranks;
use super::results::{print_file, print_result};
use super::split_name::SplitName;
use super::terminal::Terminal;

/// Log-likelihood of data in nats and bits per dimension, or a bound on it
#[derive(Args)]
pub struct Likelihood {
    /// A run's folder, or one of its checkpoints
    run: PathBuf,
    #[command(flatten)]
    checkpoint: CheckpointOptions,
    /// A bound instead of the likelihood by the probability flow
    #[arg(long, value_enum)]
    bound: Option<Bound>,
    /// Which part of the data; test if absent, or validation where there is no test part
    #[arg(long, value_enum)]
    split: Option<SplitName>,
    /// Number of examples
    #[arg(long, default_value_t = 128, value_parser = positive)]
    count: usize,
    /// Number of the first example
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// Draws of dequantisation and noise for each example; with 2 or more, their standard error is reported
    #[arg(long, default_value_t = 1, value_parser = positive)]
    draws: usize,
    /// Random probes along each path; with 2 or more, their standard error is reported. Default 2
    #[arg(long, value_parser = positive)]
    probes: Option<usize>,
    /// How the divergence is computed: exact, hutchinson or hutch_plus_plus; exact up to 32 dimensions if absent
    #[arg(long, value_parser = named::<DivergenceMethod>)]
    divergence: Option<DivergenceMethod>,
    /// The law of the probes: rademacher or gaussian
    #[arg(long, value_parser = named::<Probe>)]
    probe: Option<Probe>,
    /// Directions taken out exactly in each estimate of hutch_plus_plus. Default 4
    #[arg(long, value_parser = positive)]
    sketch: Option<usize>,
    /// How the path is walked: dormand_prince, euler, heun or rk4
    #[arg(long, value_parser = named::<LikelihoodSolver>)]
    solver: Option<LikelihoodSolver>,
    /// Steps of euler, heun and rk4 (default 64), or of the chain of --bound chain
    #[arg(long, value_parser = positive)]
    steps: Option<usize>,
    /// Grid of the steps: uniform, quadratic, log_snr or karras
    #[arg(long, value_parser = grid)]
    grid: Option<TimeGrid>,
    /// Error that dormand_prince allows in a step, absolute and relative. Default 1e-5
    #[arg(long)]
    tolerance: Option<f64>,
    /// The smallest time: none, extrapolated, variational or matched
    #[arg(long, value_parser = named::<Truncation>)]
    truncation: Option<Truncation>,
    /// Variance of the chain's reverse steps: small or large
    #[arg(long, value_parser = named::<PosteriorVariance>, default_value = "large")]
    variance: PosteriorVariance,
    /// Do not clip the chain's predicted pixels to their range
    #[arg(long)]
    no_clip: bool,
    /// Noise levels for each example, for --bound diffusion and kl
    #[arg(long, default_value_t = 64, value_parser = positive)]
    points: usize,
    /// Backward noise of --bound kl, in units of the forward noise
    #[arg(long, default_value_t = 1.0)]
    backward_noise: f64,
    /// Ask a network with a condition without one
    #[arg(long)]
    unconditional: bool,
    /// Evaluate the network in double precision (backends flex and ndarray)
    #[arg(long)]
    double: bool,
    /// Examples at once
    #[arg(long, default_value_t = 32, value_parser = positive)]
    batch_size: usize,
    /// Seed of draws and probes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also write everything, each example too, into this JSON file
    #[arg(long)]
    out: Option<PathBuf>,
    /// Change a key of the run's configuration, such as --set process.min_time=1e-4
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

/// The bounds.
#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Bound {
    /// L_vlb of the ancestral chain, term by term
    Chain,
    /// The bound of the reverse SDE
    Diffusion,
    /// The bound of [Aamari 2025, Prop. 4.3] on KL(data | model), for data.kind = "mixture"
    Kl,
}

impl Likelihood {
    /// Computes.
    pub fn run(self) -> Result<(), Error> {
        ranks::together(|ranks| self.compute(ranks))
    }

    /// Computes with other ranks. Rank 0 writes.
    fn compute(&self, ranks: &Ranks) -> Result<(), Error> {
        let request = LikelihoodRequest {
            quantity: self.quantity()?,
            split: self.split.map(Split::from),
            first: self.first,
            count: self.count,
            draws: self.draws,
            batch_size: self.batch_size,
            seed: self.seed,
            unconditional: self.unconditional,
            double: self.double,
        };
        let out = self.out.as_deref().filter(|_| ranks.is_first());
        // What cannot be written is refused before anything is computed.
        out.map_or(Ok(()), fokker_files::check_writable)?;
        let checkpoint = self.checkpoint.find(&self.run)?;
        ranks::agree_on_command(ranks, &checkpoint)?;
        let together = Together { ranks, monitor: &Terminal::new() };
        let report = together.likelihood(&checkpoint, &self.changes, &request)?;
        let unwritten =
            |error: serde_json::Error| Error::Usage(format!("the result cannot be written as JSON: {error}"));
        print_result(serde_json::to_value(&report).map_err(unwritten)?, || table(&report));
        if let Some(out) = out {
            let text = serde_json::to_string_pretty(&report).map_err(unwritten)?;
            fokker_files::write(out, (text + "\n").as_bytes())?;
            print_file(out);
        }
        match report.nats.non_finite {
            0 => Ok(()),
            count => {
                let of = report.count;
                let message =
                    format!("the likelihoods of {count} of {of} examples are not finite; the mean is without them");
                Err(Error::NotFinite(message))
            }
        }
    }

    fn quantity(&self) -> Result<Quantity, Error> {
        let flow = [
            ("--probes", self.probes.is_some()),
            ("--divergence", self.divergence.is_some()),
            ("--probe", self.probe.is_some()),
            ("--sketch", self.sketch.is_some()),
            ("--solver", self.solver.is_some()),
            ("--grid", self.grid.is_some()),
            ("--tolerance", self.tolerance.is_some()),
            ("--truncation", self.truncation.is_some()),
        ];
        if let (Some(_), Some((option, _))) = (self.bound, flow.iter().find(|(_, given)| *given)) {
            return Err(Error::Usage(format!("{option} belongs to the probability flow; a --bound does not take it")));
        }
        if self.steps.is_some() && !matches!(self.bound, None | Some(Bound::Chain)) {
            return Err(Error::Usage("--steps: this bound takes --points".into()));
        }
        let points = self.points;
        Ok(match self.bound {
            None => {
                let usual = LikelihoodConfig::default();
                Quantity::Flow(LikelihoodConfig {
                    solver: self.solver.unwrap_or(usual.solver),
                    steps: self.steps,
                    grid: self.grid.clone(),
                    tolerance: self.tolerance.map(|each| ToleranceConfig { absolute: each, relative: each }),
                    divergence: self.divergence,
                    probes: self.probes.unwrap_or(usual.probes),
                    probe: self.probe.unwrap_or(usual.probe),
                    sketch: self.sketch.unwrap_or(usual.sketch),
                    truncation: self.truncation.unwrap_or(usual.truncation),
                    ..usual
                })
            }
            Some(Bound::Chain) => Quantity::Chain { variance: self.variance, steps: self.steps, clip: !self.no_clip },
            Some(Bound::Diffusion) => Quantity::Diffusion { points },
            Some(Bound::Kl) => Quantity::Kl { points, backward_noise: self.backward_noise },
        })
    }
}

/// A value by its name in configurations.
fn named<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.into())).map_err(|error| error.to_string())
}

fn grid(text: &str) -> Result<TimeGrid, String> {
    serde_json::from_value(serde_json::json!({ "kind": text })).map_err(|error| error.to_string())
}

/// The result for a reader.
fn table(report: &LikelihoodReport) -> String {
    let examples = report.count;
    let mut text = format!("{}, {} {} examples: {}\n", report.data, examples, report.split, report.meaning);
    text += &format!("{:<24} {:>14} {:>16}\n", "", "nats", "bits/dim");
    let row = |name: &str, nats: f64, bits: f64| format!("{name:<24} {nats:>14.4} {bits:>16.5}\n");
    let (nats, bits) = (&report.nats, &report.bits_per_dimension);
    text += &row("mean", nats.mean, bits.mean);
    let errors =
        |estimate: &Estimate| [estimate.standard_error, estimate.standard_error_draws, estimate.standard_error_probes];
    let names = ["standard error", "  of it, draws", "  of it, probes"];
    for (name, (nats, bits)) in names.iter().zip(errors(nats).into_iter().zip(errors(bits))) {
        if let (Some(nats), Some(bits)) = (nats, bits) {
            text += &row(name, nats, bits);
        }
    }
    if let Some(truth) = &report.truth {
        let per_bit = report.dimension as f64 * std::f64::consts::LN_2;
        text += &row("-ln p of the true law", truth.mean, truth.mean / per_bit);
    }
    // A long chain is summed up: the first steps, and the others by tens of the chain.
    let terms = &report.terms;
    let tenth = (terms.len() / 10).max(1);
    let mut at = 0;
    while at < terms.len() {
        let alone = terms.len() <= 12 || at < 3 || at + 1 == terms.len();
        let end = if alone { at + 1 } else { ((at / tenth + 1) * tenth).min(terms.len() - 1) };
        let (first, last) = (&terms[at], &terms[end - 1]);
        let name = if end - at == 1 { first.name.clone() } else { format!("{} to {}", first.name, last.name) };
        let sum = |of: fn(&fokker::likelihood::Term) -> f64| terms[at..end].iter().map(of).sum::<f64>();
        text += &row(&name, sum(|term| term.nats), sum(|term| term.bits_per_dimension));
        at = end;
    }
    text += &format!("{:.1} network calls for each example", report.network_calls);
    if let Some((taken, refused, forced)) = report.steps {
        text += &format!("; {taken:.1} steps taken, {refused:.1} refused");
        if forced > 0 {
            text += &format!("; {forced} missed the tolerance: it is too small for this precision");
        }
    }
    if nats.non_finite > 0 {
        text += &format!("; {} examples are no finite number and left out", nats.non_finite);
    }
    text += &format!("; {:.2} s for each example\n", report.seconds / (examples * report.draws) as f64);
    text
}
