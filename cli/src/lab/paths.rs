//! `fokker lab paths`.

use std::path::PathBuf;

use crate::results::{print_file, print_result};
use clap::{Args, ValueEnum};
use fokker::Error;
use fokker::laboratory::check;
use fokker::laboratory::paths::{
    BrownianPath, EulerMaruyama, GeometricBrownian, Heun, Ito, LinearPath, Method, Milstein, OrnsteinUhlenbeckPath,
    follow, quadratic_variation,
};
use fokker::plot::{self, Colour, Figure, Layer, Panel, Table};
use fokker::process::Process;
use serde_json::json;

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
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    time: f64,
    /// Steps at the coarsest
    #[arg(long, default_value_t = 100, allow_negative_numbers = true)]
    steps: usize,
    /// How often every step is halved: the same path, looked at more closely
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    refine: u32,
    /// Number of paths
    #[arg(long, default_value_t = 10, allow_negative_numbers = true)]
    count: u64,
    /// Seed
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// μ of geometric
    #[arg(long, default_value_t = 0.2, allow_hyphen_values = true)]
    growth: f64,
    /// σ of geometric
    #[arg(long, default_value_t = 0.4, allow_hyphen_values = true)]
    volatility: f64,
    /// λ of ornstein-uhlenbeck
    #[arg(long, default_value_t = 5.0, allow_hyphen_values = true)]
    lambda: f64,
    /// σ of ornstein-uhlenbeck
    #[arg(long, default_value_t = 0.5, allow_hyphen_values = true)]
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
        let (_, process) = input::process(&self.process)?;
        let time = if matches!(self.equation, Example::Process) { process.horizon() } else { self.time };
        let steps = self.check(&*process, time)?;
        plot::folder(&self.out)?;
        let linear = LinearPath { process: &*process, dimension: 1 };
        let geometric = GeometricBrownian { growth: self.growth, volatility: self.volatility };
        let brownian = GeometricBrownian { growth: 0.0, volatility: 0.0 };
        let ornstein_uhlenbeck = OrnsteinUhlenbeckPath { lambda: self.lambda, sigma: self.sigma };
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
        if curves.iter().flatten().any(|x| !x.is_finite()) {
            let message = "the paths are not finite: raise --steps or --refine, or lower what makes them grow";
            return Err(Error::Usage(message.into()));
        }
        let n = curves.len() as f64;
        let ends = curves.iter().map(|curve| curve[curve.len() - 1]);
        let mean = ends.clone().sum::<f64>() / n;
        let variance = ends.map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let law = self.law(&*process, time);
        let variation = curves.iter().map(|curve| quadratic_variation(curve)[steps]).sum::<f64>() / n;
        let object = json!({
            "t": time, "paths": n, "mean": mean, "variance": variance, "quadratic_variation": variation,
            "law": { "mean": law.mean, "variance": law.variance, "quadratic_variation": law.variation }
        });
        print_result(object, || {
            let mut text = format!("at t = {time}: mean {mean:.5}, variance {variance:.5} over {n} paths\n");
            text += &format!("its law:     mean {:.5}, variance {:.5}\n", law.mean, law.variance);
            if law.variance > 0.0 {
                let errors = (mean - law.mean) / (law.variance / n).sqrt();
                text += &format!("the mean is {errors:+.2} standard errors from its law\n");
            }
            text + &format!("quadratic variation: {variation:.5} on average, its law {:.5}\n", law.variation)
        });

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
        print_file(&saved.png);
        Ok(())
    }
}

/// What theory says of the end of a path.
struct Law {
    mean: f64,
    variance: f64,
    /// E ∫ b² dt.
    variation: f64,
}

impl Paths {
    /// Checks every option; the number of steps of a path at its finest.
    fn check(&self, process: &dyn Process, time: f64) -> Result<usize, Error> {
        check::finite("--start", self.start)?;
        check::positive("--time", time)?;
        check::count("--steps", self.steps, 1..=check::MOST_STEPS)?;
        check::count("--refine", self.refine as usize, 0..=24)?;
        check::count("--count", usize::try_from(self.count).unwrap_or(usize::MAX), 1..=check::MOST_PATHS)?;
        let halved = 1 << self.refine;
        let factors = [("--steps", self.steps), ("2^--refine", halved), ("--count", self.count as usize)];
        check::product(&factors, check::MOST_WRITTEN, "numbers in a table")?;
        let steps = self.steps * halved;
        check::finite("--growth", self.growth)?;
        check::not_negative("--volatility", self.volatility)?;
        check::positive("--lambda", self.lambda)?;
        check::not_negative("--sigma", self.sigma)?;
        let pull = match self.equation {
            Example::Brownian => 0.0,
            Example::Geometric => -self.growth,
            Example::OrnsteinUhlenbeck => self.lambda,
            Example::Process => check::fastest(process.min_time(), time, |t| -process.drift(t)),
        };
        check::resolved("--steps × 2^--refine", steps, pull, time)?;
        let law = self.law(process, time);
        if [law.mean, law.variance, law.variation].iter().all(|value| value.abs() < 1e100) {
            return Ok(steps);
        }
        let options = match self.equation {
            Example::Geometric => "--growth, --volatility, --start or --time",
            Example::Brownian | Example::OrnsteinUhlenbeck => "--sigma, --start or --time",
            Example::Process => "--start or the parameters of --process",
        };
        let (mean, variance) = (law.mean, law.variance);
        let message =
            format!("at t = {time} the law has the mean {mean:.3e} and the variance {variance:.3e}: lower {options}");
        Err(Error::Usage(message))
    }

    /// Mean, variance and quadratic variation in closed form; that of a process with Simpson's rule for its drift.
    fn law(&self, process: &dyn Process, time: f64) -> Law {
        let geometric = GeometricBrownian { growth: self.growth, volatility: self.volatility };
        let ornstein_uhlenbeck = OrnsteinUhlenbeckPath { lambda: self.lambda, sigma: self.sigma };
        let ((mean, variance), variation) = match self.equation {
            Example::Brownian => ((self.start, time), time),
            Example::Geometric => {
                (geometric.moments(self.start, time), geometric.quadratic_variation(self.start, time))
            }
            Example::OrnsteinUhlenbeck => {
                (ornstein_uhlenbeck.moments(self.start, time), 2.0 * self.sigma.powi(2) * time)
            }
            Example::Process => {
                let variance = process.std(time).powi(2);
                // ∫ g² = σ² − ∫ 2 f σ², from (σ²)′ = 2 f σ² + g²: exact without drift, however sudden the noise is.
                let (cuts, part) = (2000, |t: f64| 2.0 * process.drift(t) * process.std(t).powi(2));
                let h = time / f64::from(cuts);
                let simpson = |k: i32| {
                    let t = f64::from(k) * h;
                    part(t.max(1e-3 * h)) + 4.0 * part(t + 0.5 * h) + part(t + h)
                };
                let damped = (0..cuts).map(simpson).sum::<f64>() * h / 6.0;
                ((process.mean_scale(time) * self.start, variance), variance - damped)
            }
        };
        Law { mean, variance, variation }
    }
}
