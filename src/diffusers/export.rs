//! A run becomes a model of diffusers.

use std::path::{Path, PathBuf};

use fokker_datasets::Scale;
use fokker_files::write_together;
use fokker_model::{UNetConfig, WeightPrecision};
use fokker_training::{WeightSet, read_state};
use serde_json::{Map, Value, json};

use super::card;
use super::scheduler::write_scheduler;
use crate::checkpoint_choice::CheckpointChoice;
use crate::config::RunConfig;
use crate::error::Error;
use crate::experiment::{find_checkpoint_at, state_dict};
use crate::monitor::Monitor;

/// The fields of a JSON file.
type Json = Map<String, Value>;

/// The version of diffusers whose files these are.
const VERSION: &str = "0.42.0";

/// What becomes a model, and where.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// A run, or one of its checkpoints.
    pub run: PathBuf,
    /// The folder of the model, which is new or empty.
    pub folder: PathBuf,
    /// Which checkpoint of the run.
    pub checkpoint: CheckpointChoice,
    /// Which weights.
    pub weights: WeightSet,
    /// The precision of the numbers.
    pub precision: WeightPrecision,
}

impl ExportRequest {
    /// The averaged weights of the newest checkpoint, in single precision.
    pub fn new(run: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            run: run.into(),
            folder: folder.into(),
            checkpoint: CheckpointChoice::Newest,
            weights: WeightSet::Average,
            precision: WeightPrecision::Single,
        }
    }
}

/// A model that was made of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The checkpoint.
    pub checkpoint: PathBuf,
    /// The class of its scheduler.
    pub scheduler: String,
}

/// Makes a folder of a run that `diffusers.DDPMPipeline.from_pretrained` opens: `model_index.json`, `unet/`, `scheduler/` and
/// a card, `README.md`.
///
/// # Errors
/// What diffusers cannot represent, by its key, with what would do; a folder that has files; a damaged checkpoint.
pub fn export(request: &ExportRequest, monitor: &dyn Monitor) -> Result<Exported, Error> {
    let checkpoint = find_checkpoint_at(&request.run, request.checkpoint)?;
    let config = RunConfig::load(&checkpoint.join("config.toml"), &[])?;
    let (network, scheduler) = describe(&config)?;
    check_empty(&request.folder)?;
    let step = read_state(&checkpoint)?.step;
    let weights = state_dict(&checkpoint, request.weights, &config)?;
    let file = request.folder.join("unet").join("diffusion_pytorch_model.safetensors");
    weights.write_safetensors(&file, request.precision)?;
    let class = scheduler.get("_class_name").and_then(Value::as_str).unwrap_or_default().to_string();
    let text = card::text(&config, step, request, &class);
    let index = json!({
        "_class_name": "DDPMPipeline",
        "_diffusers_version": VERSION,
        "scheduler": ["diffusers", class],
        "unet": ["diffusers", "UNet2DModel"],
    });
    let bytes = |value: &Value| -> Result<Vec<u8>, Error> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Error::Usage(error.to_string()))?;
        Ok((text + "\n").into_bytes())
    };
    // The index last: without it the folder is no pipeline.
    write_together(&[
        (request.folder.join("unet/config.json"), bytes(&network.into())?),
        (request.folder.join("scheduler/scheduler_config.json"), bytes(&scheduler.into())?),
        (request.folder.join("README.md"), text.into_bytes()),
        (request.folder.join("model_index.json"), bytes(&index)?),
    ])?;
    monitor.say(&format!("{} of step {step}, drawn by {class}", request.run.display()));
    Ok(Exported { checkpoint, scheduler: class })
}

/// The settings of network and scheduler, or all that diffusers does not have.
fn describe(config: &RunConfig) -> Result<(Json, Json), Error> {
    let mut wrong = Vec::new();
    let network = match config.network.get::<UNetConfig>() {
        None => {
            let kind = config.network.kind();
            wrong.push(format!("network.kind: diffusers has no network like \"{kind}\"; train one of kind \"unet\""));
            None
        }
        Some(unet) => match config.data.shape()?[..] {
            [_, height, width] => {
                unet.to_diffusers([height, width]).map_err(|error| wrong.push(error.to_string())).ok()
            }
            _ => {
                wrong.push("data: diffusers' UNet2DModel is for images alone; it has no model for other arrays".into());
                None
            }
        },
    };
    if config.data.is_image() && config.preprocessing.scale != Scale::MinusOneOne {
        let message =
            "pipelines of diffusers take pictures in [-1, 1]; train with preprocessing.scale = \"minus_one_one\"";
        wrong.push(format!("preprocessing.scale: {message}"));
    }
    if config.start.is_some() {
        wrong.push("start: pipelines of diffusers begin with noise".into());
    }
    let scheduler = write_scheduler(config).map_err(|error| wrong.push(error.to_string())).ok();
    let (Some(mut network), Some(mut scheduler), true) = (network, scheduler, wrong.is_empty()) else {
        return Err(Error::Usage(format!("diffusers cannot represent this run:\n{}", wrong.join("\n"))));
    };
    for fields in [&mut network, &mut scheduler] {
        fields.insert("_diffusers_version".into(), VERSION.into());
    }
    Ok((network, scheduler))
}

fn check_empty(folder: &Path) -> Result<(), Error> {
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = "has files already, and nothing is overwritten; name a new folder".into();
        return Err(Error::File { path: folder.into(), message });
    }
    Ok(fokker_files::check_writable(&folder.join("model_index.json"))?)
}
