//! `fokker sample`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::sampling::{Equation, Method, Noise, Processes, SamplerConfig, SamplerOption};
use fokker::training::RunFolder;
use fokker::{
    CheckpointSampler, Condition, DrawRequest, Error, RunConfig, SampleWriter, Technique, TrajectoryWriter,
    find_checkpoint_at,
};

use super::go_on;
use super::numbers::positive;
use super::results::print_file;
use super::terminal::Terminal;

/// Draw samples from a run's newest checkpoint, or from a given one
#[derive(Args)]
pub struct Sample {
    /// A run's folder, or one of its checkpoints
    #[arg(required_unless_present = "list_samplers")]
    run: Option<PathBuf>,
    /// Draw from the run's checkpoint of this step; from its newest whole one if absent
    #[arg(long)]
    step: Option<u64>,
    /// Print a table of all samplers, and draw nothing
    #[arg(long)]
    list_samplers: bool,
    /// The sampler, one of --list-samplers; the configuration's if absent
    #[arg(long)]
    sampler: Option<Method>,
    /// Number of steps
    #[arg(long, value_parser = positive)]
    steps: Option<usize>,
    /// Number of samples
    #[arg(long, default_value_t = 100, value_parser = positive)]
    count: usize,
    /// Number of the first sample: sample i of a seed is always the same, whatever the count and the batch size
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Samples drawn at once
    #[arg(long, default_value_t = 100, value_parser = positive)]
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
    #[arg(long, requires = "measured", value_parser = positive)]
    factor: Option<usize>,
    /// How the measured picture enters
    #[arg(long, value_enum, default_value = "replacement")]
    technique: TechniqueName,
    /// Also write states on the way: a .gif for an animation, a .png for a strip with a row for each sample
    #[arg(long)]
    trajectory: Option<PathBuf>,
    /// Number of states on the way
    #[arg(long, default_value_t = 10, value_parser = positive)]
    frames: usize,
    /// Images in a row of the grid
    #[arg(long, default_value_t = 10, value_parser = positive)]
    columns: usize,
    /// Where to: a grid (.png, .jpg, .webp), numbers (.npy, .npz, .safetensors, .csv), or a folder of one image each
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
        let run = self.run.as_ref().ok_or_else(|| Error::Usage("a run is missing".into()))?;
        let checkpoint = find_checkpoint_at(run, self.step)?;
        let sampler = CheckpointSampler::open(&checkpoint, &self.changes)?;
        let request = self.request(sampler.config())?;
        sampler.check(&request)?;
        let (shape, preprocessing) = (sampler.shape(), &sampler.config().preprocessing);
        let numbers = (self.first, self.count);
        let out = self.out.clone().unwrap_or_else(|| default_out(run, request.sampler.kind.name(), self.seed, shape));
        // What cannot be written is refused before anything is drawn.
        let mut trajectory = match &self.trajectory {
            Some(path) if *path == out => {
                return Err(Error::Usage("--trajectory: is the same file as --out; name another".into()));
            }
            Some(path) => Some(TrajectoryWriter::open(path, shape, preprocessing, numbers, self.columns, self.frames)?),
            None => None,
        };
        let mut samples = SampleWriter::open(&out, shape, preprocessing, numbers, self.columns)?;
        let drawn = sampler.draw(&request, &Terminal::new(), |batch| {
            samples.write(batch.values)?;
            trajectory.iter_mut().for_each(|trajectory| trajectory.write(batch.frames));
            Ok(())
        });
        let cost = match drawn {
            Ok(cost) => cost,
            Err(error) => {
                self.save_early(&checkpoint, &out, samples, trajectory)?;
                return Err(error);
            }
        };
        let mut not_finite = samples.not_finite().check("samples");
        samples.finish()?;
        print_file(&out);
        if let (Some(trajectory), Some(path)) = (trajectory, &self.trajectory) {
            not_finite = not_finite.and(trajectory.not_finite().check("states on the way"));
            trajectory.finish()?;
            print_file(path);
        }
        eprintln!("{} network calls for a batch", cost.network_calls);
        if !cost.note.is_empty() {
            eprintln!("{}", cost.note);
        }
        not_finite
    }

    fn request(&self, config: &RunConfig) -> Result<DrawRequest, Error> {
        let mut sampler = match self.sampler {
            Some(method) if method != config.sampler.kind => SamplerConfig::new(method),
            _ => config.sampler.clone(),
        };
        sampler.steps = self.steps.or(sampler.steps);
        if let Some(warning) = config.guidance_warning(self.guidance) {
            eprintln!("warning: --{warning}");
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
            condition: self.condition(config)?,
            frames: if self.trajectory.is_some() { self.frames } else { 0 },
        })
    }

    fn condition(&self, config: &RunConfig) -> Result<Option<Condition>, Error> {
        let Some(picture) = &self.measured else { return Ok(None) };
        let technique = self.technique.into();
        match (&self.mask, self.factor) {
            (Some(mask), _) => Condition::pixels(picture, mask, config, technique).map(Some),
            (None, Some(factor)) => Condition::small(picture, factor, config, technique).map(Some),
            (None, None) => Err(Error::Usage("--measured: needs --mask or --factor".into())),
        }
    }

    /// Saves what was drawn before a draw ended early, and says how to go on.
    fn save_early(
        &self,
        checkpoint: &Path,
        out: &Path,
        samples: SampleWriter,
        trajectory: Option<TrajectoryWriter>,
    ) -> Result<(), Error> {
        let written = samples.written();
        let Some(path) = samples.finish_early()? else {
            eprintln!("no batch was finished: nothing is written");
            return Ok(());
        };
        println!("{}", path.display());
        let next = self.first + written;
        // What is drawn next goes to files of its own, but into the same folder.
        let rest = |path: &Path| match (path.is_dir(), path.extension()) {
            (false, Some(extension)) => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let stem = stem.rsplit_once("-from-").map_or(&*stem, |(stem, _)| stem);
                path.with_file_name(format!("{stem}-from-{next}.{}", extension.to_string_lossy()))
            }
            _ => path.into(),
        };
        let mut changes = vec![
            ("--first", next.to_string()),
            ("--count", (self.count as u64 - written).to_string()),
            ("--out", rest(out).display().to_string()),
        ];
        if let (Some(trajectory), Some(path)) = (trajectory, &self.trajectory) {
            if let Some(path) = trajectory.finish_early()? {
                println!("{}", path.display());
            }
            changes.push(("--trajectory", rest(path).display().to_string()));
        }
        // The checkpoint by its name: the run's newest one may be another by then.
        let run = self.run.as_ref().map(|run| run.as_os_str().to_owned());
        let arguments = std::env::args_os();
        let arguments = arguments.map(|word| if Some(&word) == run.as_ref() { checkpoint.into() } else { word });
        eprintln!(
            "{written} of {} samples are in {}; go on with --first {next}:\n  {}",
            self.count,
            path.display(),
            go_on::command(arguments, &changes)
        );
        Ok(())
    }
}

/// Where samples go if nothing is said: into the run's folder, or, for a checkpoint elsewhere, here.
fn default_out(run: &Path, name: &str, seed: u64, shape: &[usize]) -> PathBuf {
    let extension = if shape.len() == 1 { "csv" } else { "png" };
    let file = format!("{name}-seed{seed}.{extension}");
    match RunFolder::new(run).exists() && run.join("checkpoints").is_dir() {
        true => RunFolder::new(run).samples().join(file),
        false => file.into(),
    }
}

fn interval(text: &str) -> Result<(f64, f64), String> {
    let numbers = text.split_once(',').map(|(low, high)| (low.trim().parse(), high.trim().parse()));
    match numbers {
        Some((Ok(low), Ok(high))) if 0.0 <= low && low <= high => Ok((low, high)),
        _ => Err("must be two numbers of at least 0, the smaller first, such as 0.3,5".into()),
    }
}

/// The registry as a table.
fn sampler_table() -> String {
    let mut table = format!(
        "{:<22} {:<9} {:>5} {:>6} {:>10}  {:<10} {:<9} {}\n",
        "name", "kind", "order", "strong", "calls/step", "noise", "processes", "what it is"
    );
    for info in Method::all().map(Method::info) {
        let order = |order: Option<f64>| order.map_or("–".into(), |order| order.to_string());
        let kind = match info.equation {
            Equation::Ode => "ODE",
            Equation::Sde => "SDE",
            Equation::Langevin => "Langevin",
        };
        let options = info.options.iter().filter(|&&option| option != SamplerOption::Grid).map(|option| option.key());
        let options = options.chain(info.parameters.iter().map(|(name, _)| *name)).collect::<Vec<_>>().join(", ");
        let noise = match info.noise {
            Noise::None => "no",
            Noise::Optional(when) => when,
            Noise::Always => "yes",
        };
        let processes = match info.processes {
            Processes::Any => "scalar",
            Processes::Chains => "VP, VE",
            Processes::PhaseSpace => "velocity",
        };
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
