//! `fokker sample`.

use std::path::PathBuf;

use clap::Args;
use fokker::sampling::{Kind, Method, Processes, SamplerConfig};
use fokker::training::RunFolder;
use fokker::{Condition, DrawRequest, Error, RunConfig, Technique, experiment, write_samples, write_trajectory};

use super::terminal::Terminal;

/// Draw samples from a run's newest checkpoint, or from a given one
#[derive(Args)]
pub struct Sample {
    /// A run's folder, or one of its checkpoints
    #[arg(required_unless_present = "list_samplers")]
    run: Option<PathBuf>,
    /// Print a table of all samplers, and draw nothing
    #[arg(long)]
    list_samplers: bool,
    /// The sampler, one of --list-samplers; the configuration's if absent
    #[arg(long)]
    sampler: Option<Method>,
    /// Number of steps
    #[arg(long)]
    steps: Option<usize>,
    /// Number of samples
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Number of the first sample: sample i of a seed is always the same, whatever the count and the batch size
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Samples drawn at once
    #[arg(long, default_value_t = 100)]
    batch_size: usize,
    /// Class of all samples by its name or number, for a network with classes; all classes in turn if absent
    #[arg(long)]
    class: Option<String>,
    /// Weight of classifier-free guidance, for a network with classes
    #[arg(long, default_value_t = 1.0)]
    guidance: f64,
    /// Noise levels sigma/alpha between which the guidance acts, such as 0.3,5
    #[arg(long, value_parser = interval, default_value = "0,inf")]
    guidance_interval: (f64, f64),
    /// Share of the guided prediction that is brought back to the deviation of the unguided one, from 0 to 1
    #[arg(long, default_value_t = 0.0)]
    guidance_rescale: f64,
    /// A picture of which something is known: the bright pixels of --mask, or, with --factor, the sample in small
    #[arg(long, value_name = "PICTURE")]
    measured: Option<PathBuf>,
    /// Where the measured picture is known: bright pixels of this one
    #[arg(long, value_name = "PICTURE", requires = "measured", conflicts_with = "factor")]
    mask: Option<PathBuf>,
    /// How much smaller than the samples the measured picture is
    #[arg(long, requires = "measured")]
    factor: Option<usize>,
    /// How the measured picture enters
    #[arg(long, value_enum, default_value = "replacement")]
    technique: TechniqueName,
    /// Also write states on the way: a .gif for an animation, a .png for a strip with a row for each sample
    #[arg(long)]
    trajectory: Option<PathBuf>,
    /// Number of states on the way
    #[arg(long, default_value_t = 10)]
    frames: usize,
    /// Images in a row of the grid
    #[arg(long, default_value_t = 10)]
    columns: usize,
    /// Where to: a .png for one grid, a .csv for vectors, any other path as a folder of one image each
    #[arg(long)]
    out: Option<PathBuf>,
    /// Change a key of the run's configuration, such as --set backend.name=flex or --set sampler.eta=0.5
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

/// The names of techniques.
#[derive(Clone, Copy, clap::ValueEnum)]
enum TechniqueName {
    /// Correct the predicted data where they are known
    Replacement,
    /// Add the gradient of the likelihood, for three network calls instead of one
    Gradient,
}

impl From<TechniqueName> for Technique {
    fn from(name: TechniqueName) -> Self {
        match name {
            TechniqueName::Replacement => Self::Replacement,
            TechniqueName::Gradient => Self::Gradient,
        }
    }
}

impl Sample {
    /// Draws.
    pub fn run(self) -> Result<(), Error> {
        if self.list_samplers {
            print!("{}", sampler_table());
            return Ok(());
        }
        let run = self.run.ok_or_else(|| Error::Usage("a run is missing".into()))?;
        if self.count == 0 || self.batch_size == 0 {
            return Err(Error::Usage("--count and --batch-size must be at least 1".into()));
        }
        if self.trajectory.is_some() && self.frames < 2 {
            return Err(Error::Usage("--frames must be at least 2: the initial state and the samples".into()));
        }
        let checkpoint = experiment::find_checkpoint(&run)?;
        let mut name = String::new();
        if self.measured.is_some() && self.mask.is_none() && self.factor.is_none() {
            return Err(Error::Usage("--measured: needs --mask or --factor".into()));
        }
        let request = |config: &RunConfig| {
            let condition = match (&self.measured, &self.mask, self.factor) {
                (Some(picture), Some(mask), _) => {
                    Some(Condition::pixels(picture, mask, config, self.technique.into())?)
                }
                (Some(picture), None, Some(factor)) => {
                    Some(Condition::small(picture, factor, config, self.technique.into())?)
                }
                _ => None,
            };
            let mut sampler = match self.sampler {
                Some(method) if method != config.sampler.kind => SamplerConfig::new(method),
                _ => config.sampler.clone(),
            };
            sampler.steps = self.steps.or(sampler.steps);
            name = sampler.kind.name().into();
            if let Some(warning) = config.guidance_warning(self.guidance) {
                eprintln!("warning: {warning}");
            }
            Ok(DrawRequest {
                sampler,
                count: self.count,
                first: self.first,
                seed: self.seed,
                batch_size: self.batch_size,
                class: self.class.as_deref().map(|class| config.class_number(class)).transpose()?,
                guidance: self.guidance,
                guidance_interval: self.guidance_interval,
                guidance_rescale: self.guidance_rescale,
                condition,
                frames: if self.trajectory.is_some() { self.frames } else { 0 },
            })
        };
        let samples = experiment::sample(&checkpoint, &self.changes, request, &Terminal::new())?;
        let extension = if samples.shape.len() == 1 { "csv" } else { "png" };
        let out = self.out.unwrap_or_else(|| {
            let file = format!("{name}-seed{}.{extension}", self.seed);
            match RunFolder::new(&run).exists() && run.join("checkpoints").is_dir() {
                true => RunFolder::new(&run).samples().join(file),
                false => file.into(),
            }
        });
        let preprocessing = &samples.config.preprocessing;
        write_samples(&samples.values, &samples.shape, preprocessing, self.first, self.columns, &out)?;
        println!("{}", out.display());
        if let Some(path) = self.trajectory {
            write_trajectory(&samples.frames, &samples.shape, preprocessing, self.columns, &path)?;
            println!("{}", path.display());
        }
        eprintln!("{} network calls for a batch", samples.network_calls);
        if !samples.note.is_empty() {
            eprintln!("{}", samples.note);
        }
        Ok(())
    }
}

fn interval(text: &str) -> Result<(f64, f64), String> {
    let numbers = text.split_once(',').map(|(low, high)| (low.trim().parse(), high.trim().parse()));
    match numbers {
        Some((Ok(low), Ok(high))) if low <= high => Ok((low, high)),
        _ => Err("must be two numbers, the smaller first, such as 0.3,5".into()),
    }
}

/// The registry as a table.
fn sampler_table() -> String {
    let mut table = format!(
        "{:<22} {:<9} {:>5} {:>6} {:>10}  {:<10} {:<9} {}\n",
        "name", "kind", "order", "strong", "calls/step", "noise", "processes", "what it is"
    );
    for info in Method::ALL.map(Method::info) {
        let order = |order: Option<f64>| order.map_or("–".into(), |order| order.to_string());
        let kind = match info.kind {
            Kind::Ode => "ODE",
            Kind::Sde => "SDE",
            Kind::Langevin => "Langevin",
        };
        let options = info.options.iter().copied().filter(|&option| option != "grid").collect::<Vec<_>>().join(", ");
        let noise = match (info.kind, info.name) {
            (Kind::Ode, "ddim") => "if eta > 0",
            (Kind::Ode, _) => "no",
            (_, "edm_heun") => "if churned",
            _ if info.options.contains(&"backward_noise") => "0 and up",
            _ => "yes",
        };
        let processes = if info.processes == Processes::Any { "all" } else { "VP, VE" };
        table += &format!(
            "{:<22} {kind:<9} {:>5} {:>6} {:>10}  {noise:<10} {processes:<9} {}{}\n",
            info.name,
            order(info.order),
            order(info.strong_order),
            info.calls_per_step,
            info.summary,
            if options.is_empty() { String::new() } else { format!(" [{options}]") },
        );
    }
    table
}
