//! `fokker lab paths`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fokker::Error;
use fokker::laboratory::paths::{
    BrownianPath, EulerMaruyama, GeometricBrownian, Heun, Ito, LinearPath, Method, Milstein, OrnsteinUhlenbeckPath,
    follow, quadratic_variation,
};
use fokker::laboratory::plot::{self, Colour, Figure, Layer, Panel, Table};

use super::input;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Example {
    /// dX = dB
    Brownian,
    /// dX = growth X dt + volatility X dB
    Geometric,
    /// dX = −lambda X dt + √2 sigma dB
    OrnsteinUhlenbeck,
    /// the process of --process
    Process,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scheme {
    EulerMaruyama,
    Milstein,
    Heun,
}

/// Draw sample paths of an Itô equation, also at finer steps of the same Brownian paths
#[derive(Args)]
pub struct Paths {
    /// The equation
    #[arg(value_enum)]
    equation: Example,
    /// The method
    #[arg(long, value_enum, default_value = "euler-maruyama")]
    method: Scheme,
    /// Start of every path
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    start: f64,
    /// Length of the paths; a process ends at its horizon
    #[arg(long, default_value_t = 1.0)]
    time: f64,
    /// Steps at the coarsest
    #[arg(long, default_value_t = 100)]
    steps: usize,
    /// How often every step is halved: the same path, looked at more closely
    #[arg(long, default_value_t = 0)]
    refine: u32,
    /// Number of paths
    #[arg(long, default_value_t = 10)]
    count: u64,
    /// Seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// μ of geometric
    #[arg(long, default_value_t = 0.2, allow_hyphen_values = true)]
    growth: f64,
    /// σ of geometric
    #[arg(long, default_value_t = 0.4)]
    volatility: f64,
    /// λ of ornstein-uhlenbeck
    #[arg(long, default_value_t = 5.0)]
    lambda: f64,
    /// σ of ornstein-uhlenbeck
    #[arg(long, default_value_t = 0.5)]
    sigma: f64,
    /// The process: a kind such as vp, or TOML
    #[arg(long, default_value = "vp")]
    process: String,
    /// Where to: a folder, made if it is not there
    #[arg(long, default_value = "paths")]
    out: PathBuf,
}

impl Paths {
    /// Draws.
    pub fn run(self) -> Result<(), Error> {
        let usage = |message: &str| Err(Error::Usage(message.into()));
        if self.steps == 0 || self.count == 0 {
            return usage("--steps and --count must be at least 1");
        }
        if self.refine > 20 || self.steps << self.refine > 50_000_000 {
            return usage("--refine: more than 50 million steps");
        }
        let process = input::process(&self.process)?.build()?;
        let linear = LinearPath { process: &*process, dimension: 1 };
        let geometric = GeometricBrownian { growth: self.growth, volatility: self.volatility };
        let brownian = GeometricBrownian { growth: 0.0, volatility: 0.0 };
        let ornstein_uhlenbeck = OrnsteinUhlenbeckPath { lambda: self.lambda, sigma: self.sigma };
        let time = if matches!(self.equation, Example::Process) { process.horizon() } else { self.time };
        if !(time > 0.0 && time.is_finite()) {
            return usage("--time must be a finite number above 0");
        }
        let equation: &dyn Ito = match self.equation {
            Example::Brownian => &brownian,
            Example::Geometric => &geometric,
            Example::OrnsteinUhlenbeck => &ornstein_uhlenbeck,
            Example::Process => &linear,
        };
        let method: &dyn Method = match self.method {
            Scheme::EulerMaruyama => &EulerMaruyama,
            Scheme::Milstein => &Milstein,
            Scheme::Heun => &Heun,
        };
        let mut curves: Vec<Vec<f64>> = Vec::new();
        for i in 0..self.count {
            let mut path = BrownianPath::new(self.seed, i, 1, time, self.steps);
            for _ in 0..self.refine {
                path = path.refine();
            }
            let mut curve = Vec::with_capacity(path.steps() + 1);
            match self.equation {
                Example::Brownian => curve = path.values(0).into_iter().map(|value| self.start + value).collect(),
                _ => follow(equation, method, &mut [self.start], 0.0, &path, |_, x| curve.push(x[0])),
            }
            curves.push(curve);
        }
        let n = curves.len() as f64;
        let ends = curves.iter().map(|curve| curve[curve.len() - 1]);
        let mean = ends.clone().sum::<f64>() / n;
        let variance = ends.map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        println!("at t = {time}: mean {mean:.5}, variance {variance:.5} over {n} paths");
        let law = match self.equation {
            Example::Brownian => (self.start, time),
            Example::Geometric => geometric.moments(self.start, time),
            Example::OrnsteinUhlenbeck => ornstein_uhlenbeck.moments(self.start, time),
            Example::Process => (process.mean_scale(time) * self.start, process.std(time).powi(2)),
        };
        println!("its law:     mean {:.5}, variance {:.5}", law.0, law.1);
        let variation = curves.iter().map(|curve| quadratic_variation(curve)[curve.len() - 1]).sum::<f64>() / n;
        println!("quadratic variation: {variation:.5} on average");

        let steps = curves[0].len() - 1;
        let times: Vec<f64> = (0..=steps).map(|k| time * k as f64 / steps as f64).collect();
        let every = curves.iter().flatten().copied().filter(|x| x.is_finite());
        let (low, high) = every.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let room = 0.05 * (high - low).max(1e-9);
        let mut panel = Panel::new("", "t", "X(t)", (0.0, time), (low - room, high + room));
        for (curve, colour) in curves.iter().zip(Colour::CYCLE.into_iter().cycle()) {
            panel = panel.with(Layer::path("", colour, times.iter().copied().zip(curve.iter().copied())));
        }
        let rows = (0..=steps).map(|k| std::iter::once(times[k]).chain(curves.iter().map(|curve| curve[k])).collect());
        let columns = std::iter::once("t".to_string()).chain((0..curves.len()).map(|i| format!("path {i}"))).collect();
        let figure = Figure {
            name: "paths".into(),
            title: format!("{} paths, {} steps, {}", self.count, steps, method.name()),
            caption: format!("{:?}, seed {}", self.equation, self.seed),
            panels: vec![panel],
            columns: 1,
            panel_size: (760, 460),
            tables: vec![Table { name: String::new(), columns, rows: rows.collect() }],
        };
        let saved = plot::save(&figure, &self.out)?;
        println!("{}", saved.png.display());
        Ok(())
    }
}
