//! A model of diffusers becomes a run.

use std::fs;
use std::path::{Path, PathBuf};

use fokker_model::{ModelError, Network, NetworkKind, NetworkVisitor, StateDict, UNetConfig};
use fokker_training::{RunFolder, TrainingState};
use toml::{Table, Value};

use super::fields::Fields;
use super::folder::DiffusersFolder;
use super::python_json;
use super::scheduler::{SchedulerReading, read_scheduler};
use crate::config::RunConfig;
use crate::error::Error;
use crate::monitor::Monitor;
use crate::run_of_weights::write_run;

/// What becomes a run, and which.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// A pipeline's folder, or that of a `UNet2DModel`.
    pub folder: PathBuf,
    /// The run's name.
    pub run: String,
    /// The variant of the files of weights, such as `fp16`.
    pub variant: Option<String>,
    /// `scheduler_config.json` or its folder, where the model's folder has none.
    pub scheduler: Option<PathBuf>,
    /// Height and width of the pictures, where the model does not say them.
    pub size: Option<[usize; 2]>,
    /// Whether the last row of the class table stands for "no class". In diffusers nothing says so.
    pub null_class: bool,
    /// Changes of the run's configuration, such as `runs=elsewhere` or `sampler={ kind = "ddim" }`.
    pub changes: Vec<String>,
}

impl ImportRequest {
    /// Everything as the folder says.
    pub fn new(folder: impl Into<PathBuf>, run: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            run: run.into(),
            variant: None,
            scheduler: None,
            size: None,
            null_class: false,
            changes: Vec::new(),
        }
    }
}

/// A run that was made of a model.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Imported {
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration.
    pub config: RunConfig,
}

/// Makes a run of a model of diffusers: a checkpoint of step 0 that is drawn from, evaluated and gone on with like that of a
/// training. The run has no data until they are named; `data.kind` is `none`.
///
/// # Errors
/// All that is missing or cannot be represented, a line for each key or tensor; a run that is there already.
pub fn import(request: &ImportRequest, monitor: &dyn Monitor) -> Result<Imported, Error> {
    let folder = DiffusersFolder::open(&request.folder, request.variant.as_deref())?;
    let config = configuration(request, &folder)?;
    let run = RunFolder::new(config.run_folder());
    if run.exists() {
        // Refused before the weights are read.
        run.create("")?;
    }
    let chosen = config.backend.resolve()?;
    let work = Work { folder: &folder, run: &run, config: &config, monitor };
    fokker_kernels::with_cpu_runtime(|| config.network.build(config.seed, &chosen.device, work))??;
    Ok(Imported { folder: run.path().into(), config })
}

/// The configuration of the run, from the JSON files of a model.
fn configuration(request: &ImportRequest, folder: &DiffusersFolder) -> Result<RunConfig, Error> {
    let mut wrong = Vec::new();
    let mut note = |path: &Path, messages: Vec<String>| {
        wrong.extend(messages.into_iter().map(|message| format!("{}: {message}", path.display())));
    };
    let network = match network(request, &folder.config) {
        Ok(network) => Some(network),
        Err(messages) => {
            note(&folder.config, messages);
            None
        }
    };
    let scheduler = match scheduler_file(request, folder)? {
        None => {
            let message =
                "there is no scheduler_config.json, which says what the weights mean; name one as the scheduler";
            note(&request.folder, vec![message.into()]);
            None
        }
        Some(path) => match scheduler(request, &path) {
            Ok(reading) => Some(reading),
            Err(messages) => {
                note(&path, messages);
                None
            }
        },
    };
    let (Some((network, size)), Some(scheduler)) = (network, scheduler) else {
        return Err(refusal(request, &wrong));
    };
    let text = toml::to_string(&table(request, network, size, scheduler)?).map_err(unwritable)?;
    RunConfig::parse(&text, &request.folder, &request.changes)
}

fn refusal(request: &ImportRequest, wrong: &[String]) -> Error {
    let message = format!("cannot be represented here:\n{}", wrong.join("\n"));
    Error::File { path: request.folder.clone(), message }
}

fn unwritable(error: toml::ser::Error) -> Error {
    Error::Usage(format!("the configuration cannot be written as TOML: {error}"))
}

/// The network, and the height and width of its pictures.
fn network(request: &ImportRequest, path: &Path) -> Result<(UNetConfig, [usize; 2]), Vec<String>> {
    let text = fs::read_to_string(path).map_err(|error| vec![error.to_string()])?;
    let json = python_json::parse(&text).map_err(|error| vec![format!("is no JSON: {error}")])?;
    let serde_json::Value::Object(values) = &json else { return Err(vec!["is no JSON object".into()]) };
    let mut wrong = Vec::new();
    let mut config = match UNetConfig::from_diffusers(&json.to_string()) {
        Ok(config) => config,
        Err(ModelError::Config { key, message }) => {
            let key = if key == "config.json" { String::new() } else { format!("{key}: ") };
            wrong.extend(message.lines().map(|line| format!("{key}{line}")));
            UNetConfig::default()
        }
        Err(error) => return Err(vec![error.to_string()]),
    };
    match config.num_class_embeds {
        Some(_) => config.null_class = request.null_class,
        None if request.null_class && wrong.is_empty() => {
            wrong.push("num_class_embeds = null: the network has no classes, and so no null class".into());
        }
        None => {}
    }
    let sizes = size(values, &mut wrong);
    let Some(size) = request.size.or(sizes) else {
        if wrong.iter().all(|line| !line.starts_with("sample_size")) {
            wrong.push("sample_size = null: say the size of the pictures".into());
        }
        return Err(wrong);
    };
    if wrong.is_empty()
        && let Err(error) = config.validate_for(&[config.in_channels, size[0], size[1]])
    {
        wrong.push(error.to_string());
    }
    if wrong.is_empty() { Ok((config, size)) } else { Err(wrong) }
}

/// `sample_size`: a side, or height and width.
fn size(values: &serde_json::Map<String, serde_json::Value>, wrong: &mut Vec<String>) -> Option<[usize; 2]> {
    let mut fields = Fields::new(values);
    let value = fields.get("sample_size")?;
    let whole = |value: &serde_json::Value| usize::try_from(value.as_u64()?).ok();
    let size = match value.as_array().map(Vec::as_slice) {
        Some([height, width]) => whole(height).zip(whole(width)).map(|(height, width)| [height, width]),
        _ => whole(value).map(|side| [side; 2]),
    };
    if size.is_none() {
        fields.refuse("sample_size", "must be a side, or height and width");
        wrong.extend(fields.take_wrong());
    }
    size
}

/// The scheduler's file that is named, or that of the model.
fn scheduler_file(request: &ImportRequest, folder: &DiffusersFolder) -> Result<Option<PathBuf>, Error> {
    let Some(path) = &request.scheduler else { return Ok(folder.scheduler.clone()) };
    let inside = path.join("scheduler_config.json");
    let file = if inside.is_file() { inside } else { path.clone() };
    match file.is_file() {
        true => Ok(Some(file)),
        false => Err(Error::field("scheduler", path.display(), "is no scheduler_config.json and has none")),
    }
}

fn scheduler(request: &ImportRequest, path: &Path) -> Result<SchedulerReading, Vec<String>> {
    let text = fs::read_to_string(path).map_err(|error| vec![error.to_string()])?;
    let reading = read_scheduler(&text)?;
    let has_own =
        request.changes.iter().any(|change| change.split('=').next().is_some_and(|key| key.trim() == "sampler"));
    match &reading.sampler {
        Err(messages) if !has_own => {
            let mut messages = messages.clone();
            let remedy = "a sampler of fokker's makes these keys unimportant: sampler={ kind = \"ddim\", steps = 50 }";
            messages.push(remedy.into());
            Err(messages)
        }
        _ => Ok(reading),
    }
}

/// The run's configuration: what the model says, and customary numbers for a training that goes on.
fn table(
    request: &ImportRequest,
    network: UNetConfig,
    [height, width]: [usize; 2],
    scheduler: SchedulerReading,
) -> Result<Table, Error> {
    let value = |value: Result<Value, toml::ser::Error>| value.map_err(unwritable);
    let channels = network.in_channels;
    let rows = NetworkKind::num_class_embeds(&network);
    let classes = rows.map(|rows| rows - usize::from(network.null_class));
    let class_dropout = if rows.is_some() && network.null_class { 0.1 } else { 0.0 };
    let text = format!(
        "name = \"\"\nseed = 0\npreprocessing = {{ scale = \"minus_one_one\" }}\noptimizer = {{ kind = \"adam\" }}\n\
         training = {{ steps = 10000, batch_size = 64, learning_rate = 1e-4, ema_decay = 0.9995, gradient_clip = 1.0, \
         class_dropout = {class_dropout:?} }}\n\
         checkpoints = {{ every = 1000 }}\npreviews = {{ every = 0 }}\n\
         data = {{ kind = \"none\", shape = [{channels}, {height}, {width}] }}\n"
    );
    let mut table: Table = toml::from_str(&text).map_err(|error| Error::Usage(error.to_string()))?;
    table.insert("name".into(), request.run.clone().into());
    if let (Some(classes), Some(data)) = (classes, table.get_mut("data").and_then(Value::as_table_mut)) {
        data.insert("classes".into(), value(Value::try_from(classes))?);
    }
    let network = fokker_model::NetworkConfig::from(network);
    table.insert("network".into(), value(Value::try_from(&network))?);
    table.insert("process".into(), value(Value::try_from(&scheduler.process))?);
    table.insert("parameterization".into(), value(Value::try_from(scheduler.parameterization))?);
    let mut objective = Table::new();
    objective.insert("weighting".into(), value(Value::try_from(scheduler.weighting))?);
    objective.insert("time".into(), value(Value::try_from(scheduler.times))?);
    table.insert("objective".into(), objective.into());
    let sampler = match scheduler.sampler {
        Ok(sampler) => value(Value::try_from(sampler))?,
        // It is replaced by that of the request.
        Err(_) => Table::new().into(),
    };
    table.insert("sampler".into(), sampler);
    Ok(table)
}

/// Loads the weights and writes the run.
struct Work<'a> {
    folder: &'a DiffusersFolder,
    run: &'a RunFolder,
    config: &'a RunConfig,
    monitor: &'a dyn Monitor,
}

impl NetworkVisitor for Work<'_> {
    type Output = Result<(), Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<(), Error> {
        let mut wrong = Vec::new();
        let mut load = |files: &[PathBuf]| -> Result<N, Error> {
            let weights = DiffusersFolder::read(files)?;
            let (loaded, report) = weights.load_into(network.clone());
            let path = &files[0];
            if let Err(error) = report.check(path) {
                wrong.push(error.to_string());
            }
            let broken = weights.not_finite();
            if !broken.is_empty() {
                wrong.push(format!("{}: has numbers that are not finite in {}", path.display(), broken.join(", ")));
            }
            self.say(files, &weights);
            Ok(loaded)
        };
        let model = load(&self.folder.weights)?;
        let average = match &self.folder.averages {
            Some(files) => load(files)?,
            None => model.clone(),
        };
        if !wrong.is_empty() {
            let path = self.folder.config.parent().unwrap_or(&self.folder.config).into();
            return Err(Error::File { path, message: wrong.join("\n") });
        }
        write_run(self.run, self.config, [model, average], TrainingState::default())
    }
}

impl Work<'_> {
    fn say(&self, files: &[PathBuf], weights: &StateDict) {
        let numbers: usize = weights.shapes().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        let tensors = weights.shapes().count();
        self.monitor.say(&format!("{}: {numbers} numbers in {tensors} tensors", files[0].display()));
    }
}
