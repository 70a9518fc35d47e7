//! `fokker sample`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::model::Precision;
use fokker::ranks::Ranks;
use fokker::sampling::{Equation, Method, Noise, Processes, SamplerOption};
use fokker::{
    CheckpointSampler, DrawRequest, Error, Measurement, RunConfig, SampleWriter, Technique, TrajectoryWriter,
};

use super::beginning::{self, BeginningOptions};
use super::checkpoint::CheckpointOptions;
use super::choices::ChoiceLists;
use super::condition::ConditionOptions;
use super::guidance::GuidanceOptions;
use super::numbers::positive;
use super::terminal::Terminal;
use super::{default_out, drawn, go_on, ranks};

/// Draw samples from a run's newest checkpoint, or from a given one
#[derive(Args)]
pub struct Sample {
    /// A run's folder, or one of its checkpoints
    #[arg(required_unless_present = "list_samplers")]
    run: Option<PathBuf>,
    #[command(flatten)]
    checkpoint: CheckpointOptions,
    /// Print a table of all samplers, and draw nothing
    #[arg(long)]
    list_samplers: bool,
    /// The sampler, one of --list-samplers; the configuration's if absent
    #[arg(long)]
    sampler: Option<Method>,
    /// Number of steps
    #[arg(long, value_parser = positive)]
    steps: Option<usize>,
    /// Number of samples; 100 if absent, or as many as --start or --noise has, or 1 with lists of classes or weights
    #[arg(long, value_parser = positive)]
    count: Option<usize>,
    /// Number of the first sample: sample i of a seed is always the same, whatever the count and the batch size
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Samples drawn at once
    #[arg(long, default_value_t = 100, value_parser = positive)]
    batch_size: usize,
    #[command(flatten)]
    condition: ConditionOptions,
    /// Classes by their names or numbers, such as 0,1,2: a row for each in one labelled grid, all from the same noise
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["class", "unconditional", "trajectory"])]
    classes: Vec<String>,
    #[command(flatten)]
    guidance: GuidanceOptions,
    /// Precision in which the network computes its values: f32, bf16, f16, or auto for the faster one here
    #[arg(long, default_value = "f32")]
    precision: Precision,
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
    #[command(flatten)]
    beginning: BeginningOptions,
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
        ranks::together(|ranks| self.draw(ranks))
    }

    /// Draws with other ranks.
    fn draw(&self, ranks: &Ranks) -> Result<(), Error> {
        let run = self.run.as_ref().ok_or_else(|| Error::Usage("a run is missing".into()))?;
        let checkpoint = self.checkpoint.find(run)?;
        ranks::agree_on_command(ranks, &checkpoint)?;
        let sampler = CheckpointSampler::open_at(&checkpoint, &self.changes, ranks.place())?;
        let request = DrawRequest { ranks: ranks.clone(), ..self.request(&sampler)? };
        sampler.check(&request)?;
        if ranks.size() > 1 && self.has_choices() {
            let message = "lists of classes or weights are drawn by one process: start it without mpirun or srun";
            return Err(Error::Usage(message.into()));
        }
        if !ranks.is_first() {
            return sampler.draw(&request, &Terminal::new(), |_| Ok(())).map(drop);
        }
        let kind = sampler.samples();
        let numbers = (self.first, request.count);
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| default_out::samples(run, request.sampler.kind.name(), self.seed, &kind));
        if self.has_choices() {
            if self.trajectory.is_some() {
                let message = "--trajectory: shows one class and one weight; give a single --guidance";
                return Err(Error::Usage(message.into()));
            }
            let lists = ChoiceLists { classes: self.classes.clone(), guidance: self.guidance.weights.clone() };
            return lists.run(run, &sampler, &request, &out);
        }
        // What cannot be written is refused before anything is drawn.
        let mut trajectory = match &self.trajectory {
            Some(path) if *path == out => {
                return Err(Error::Usage("--trajectory: is the same file as --out; name another".into()));
            }
            Some(path) => Some(TrajectoryWriter::open(path, &kind, numbers, self.columns, self.frames)?),
            None => None,
        };
        let mut samples = SampleWriter::open(&out, &kind, numbers, self.columns)?;
        let terminal = Terminal::new();
        if let Some(begins) = &request.beginning {
            beginning::say(begins, &request.sampler, &sampler, &terminal);
        }
        let drawing = sampler.draw(&request, &terminal, |batch| {
            samples.write(batch.values)?;
            trajectory.iter_mut().for_each(|trajectory| trajectory.write(batch.frames));
            Ok(())
        });
        let cost = match drawing {
            Ok(cost) => cost,
            Err(error) => {
                let written = samples.written();
                let files = self.save_early(&checkpoint, &out, request.count, samples, trajectory)?;
                drawn::print(drawn::object(run, &sampler, &request, (written, None), &files)?, &files);
                return Err(error);
            }
        };
        let mut not_finite = samples.not_finite().check("samples");
        let mut files = vec![out];
        samples.finish()?;
        if let (Some(trajectory), Some(path)) = (trajectory, &self.trajectory) {
            not_finite = not_finite.and(trajectory.not_finite().check("states on the way"));
            trajectory.finish()?;
            files.push(path.clone());
        }
        let written = (request.count as u64, Some(cost.network_calls));
        drawn::print(drawn::object(run, &sampler, &request, written, &files)?, &files);
        eprintln!("{} network calls for a batch", cost.network_calls);
        if !cost.note.is_empty() {
            eprintln!("{}", cost.note);
        }
        not_finite
    }

    /// Whether there is more than one class or weight for the same noise.
    fn has_choices(&self) -> bool {
        !self.classes.is_empty() || self.guidance.weights.len() > 1
    }

    fn request(&self, checkpoint: &CheckpointSampler) -> Result<DrawRequest, Error> {
        let config = checkpoint.config();
        let mut sampler = match self.sampler {
            Some(method) => config.sampler.with_method(method),
            None => config.sampler.clone(),
        };
        sampler.steps = self.steps.or(sampler.steps);
        let weights = self.guidance.weights.iter().filter(|_| self.guidance.is_classifier_free());
        if let Some(warning) = weights.into_iter().find_map(|&weight| config.guidance_warning(weight)) {
            eprintln!("warning: --{warning}");
        }
        let beginning = self.beginning.read(checkpoint)?;
        let one = self.has_choices().then_some(1);
        let count = beginning::count(self.count.or(one), self.first, beginning.as_ref());
        Ok(DrawRequest {
            sampler,
            count,
            first: self.first,
            seed: self.seed,
            batch_size: self.batch_size,
            class: self.condition.class(config)?,
            unconditional: self.condition.unconditional,
            guidance: self.guidance.guidance()?,
            guide: self.guidance.guide()?,
            condition: self.condition.conditions(config)?,
            measurement: self.measurement(config)?,
            beginning,
            frames: if self.trajectory.is_some() { self.frames } else { 0 },
            ranks: Ranks::alone(),
            precision: self.precision,
        })
    }

    fn measurement(&self, config: &RunConfig) -> Result<Option<Measurement>, Error> {
        let Some(picture) = &self.measured else { return Ok(None) };
        let technique = self.technique.into();
        match (&self.mask, self.factor) {
            (Some(mask), _) => Measurement::pixels(picture, mask, config, technique).map(Some),
            (None, Some(factor)) => Measurement::small(picture, factor, config, technique).map(Some),
            (None, None) => Err(Error::Usage("--measured: needs --mask or --factor".into())),
        }
    }

    /// Saves what was drawn before a draw ended early, and says how to go on.
    fn save_early(
        &self,
        checkpoint: &Path,
        out: &Path,
        count: usize,
        samples: SampleWriter,
        trajectory: Option<TrajectoryWriter>,
    ) -> Result<Vec<PathBuf>, Error> {
        let written = samples.written();
        let Some(path) = samples.finish_early()? else {
            eprintln!("no batch was finished: nothing is written");
            return Ok(Vec::new());
        };
        let mut files = vec![path.clone()];
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
            ("--count", (count as u64 - written).to_string()),
            ("--out", rest(out).display().to_string()),
        ];
        if let (Some(trajectory), Some(path)) = (trajectory, &self.trajectory) {
            files.extend(trajectory.finish_early()?);
            changes.push(("--trajectory", rest(path).display().to_string()));
        }
        // The checkpoint by its name: the run's newest one may be another by then.
        let run = self.run.as_ref().map(|run| run.as_os_str().to_owned());
        let arguments = std::env::args_os();
        let arguments = arguments.map(|word| if Some(&word) == run.as_ref() { checkpoint.into() } else { word });
        eprintln!(
            "{written} of {} samples are in {}; go on with --first {next}:\n  {}",
            count,
            path.display(),
            go_on::command(arguments, &changes)
        );
        Ok(files)
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
