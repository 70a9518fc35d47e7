//! Where a folder of diffusers has its parts.

use std::fs;
use std::path::{Path, PathBuf};

use fokker_model::StateDict;
use serde_json::Value;

use crate::error::Error;

/// The beginning of the names of files of weights.
const WEIGHTS: &str = "diffusion_pytorch_model";

/// A folder with a `UNet2DModel`: a pipeline's, with `unet/` and `scheduler/`, or the network's own.
#[derive(Clone, Debug)]
pub struct DiffusersFolder {
    /// The network's `config.json`.
    pub config: PathBuf,
    /// Its weights: one file, or several that have a part each.
    pub weights: Vec<PathBuf>,
    /// The averages of the weights, from a folder `unet_ema`, if there is one.
    pub averages: Option<Vec<PathBuf>>,
    /// `scheduler_config.json`, if there is one.
    pub scheduler: Option<PathBuf>,
}

impl DiffusersFolder {
    /// Finds the parts. `variant` is that of the files of weights, such as `fp16`; if it is absent, the files without one go before
    /// the only one that there is.
    ///
    /// # Errors
    /// All parts that are missing, or that there are several of; a pipeline whose network works on something else than pictures.
    pub fn open(path: &Path, variant: Option<&str>) -> Result<Self, Error> {
        let refuse = |message: String| Err(Error::File { path: path.into(), message });
        if !path.is_dir() {
            return refuse("is no folder of a model of diffusers".into());
        }
        let mut wrong = Vec::new();
        wrong.extend(other_parts(path));
        let network = if path.join("unet").is_dir() { path.join("unet") } else { path.to_path_buf() };
        let config = network.join("config.json");
        if !config.is_file() {
            wrong.push("there is no unet/config.json and no config.json: is it a model of diffusers?".to_string());
        }
        let mut files = |folder: &Path| {
            weights_in(folder, variant).unwrap_or_else(|message| {
                wrong.push(format!("{}: {message}", folder.display()));
                Vec::new()
            })
        };
        let weights = files(&network);
        let average = path.join("unet_ema");
        let averages = average.is_dir().then(|| files(&average));
        if !wrong.is_empty() {
            return refuse(wrong.join("\n"));
        }
        Ok(Self { config, weights, averages, scheduler: scheduler_near(path) })
    }

    /// Reads files of weights.
    ///
    /// # Errors
    /// A file that is damaged.
    pub fn read(files: &[PathBuf]) -> Result<StateDict, Error> {
        let mut weights = StateDict::default();
        for file in files {
            weights.extend(StateDict::read(file)?);
        }
        Ok(weights)
    }
}

/// A scheduler in the folder, in its `scheduler/`, or in that of the pipeline that it is a part of.
fn scheduler_near(path: &Path) -> Option<PathBuf> {
    let name = Path::new("scheduler").join("scheduler_config.json");
    let mut places = vec![path.join(&name), path.join("scheduler_config.json")];
    places.extend(path.parent().map(|parent| parent.join(&name)));
    places.into_iter().find(|place| place.is_file())
}

/// Parts of a pipeline that decode, encode or translate: then the network's states are no pictures.
fn other_parts(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path.join("model_index.json")).ok()?;
    let Ok(Value::Object(parts)) = super::python_json::parse(&text) else {
        return Some("model_index.json: is no JSON object".into());
    };
    let known = |key: &str| key.starts_with('_') || key == "unet" || key == "scheduler";
    let others: Vec<&str> = parts.keys().map(String::as_str).filter(|key| !known(key)).collect();
    (!others.is_empty()).then(|| {
        let others = others.join(", ");
        format!("model_index.json: the pipeline has {others} as well; only networks on pictures themselves are read")
    })
}

/// The files of weights of a folder.
fn weights_in(folder: &Path, variant: Option<&str>) -> Result<Vec<PathBuf>, String> {
    let Ok(entries) = fs::read_dir(folder) else { return Err("cannot be read".into()) };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names.retain(|name| name.starts_with(WEIGHTS));
    let wanted = match variant {
        Some(variant) => format!(".{variant}"),
        None => String::new(),
    };
    for ending in ["safetensors", "bin"] {
        let whole = format!("{WEIGHTS}{wanted}.{ending}");
        if names.contains(&whole) {
            return Ok(vec![folder.join(whole)]);
        }
        let index = format!("{WEIGHTS}.{ending}.index{wanted}.json");
        if names.contains(&index) {
            return parts_of(folder, &index);
        }
    }
    let is_weights = |name: &&String| name.ends_with(".safetensors") || name.ends_with(".bin");
    let files: Vec<&String> = names.iter().filter(is_weights).collect();
    match (&files[..], variant) {
        ([only], None) if !only.contains("-of-") => Ok(vec![folder.join(only)]),
        ([], _) => Err(format!("there are no weights ({WEIGHTS}.safetensors or .bin)")),
        (_, Some(variant)) => Err(format!("there are no weights of the variant {variant}; there are {}", list(&files))),
        (_, None) => Err(format!("which weights? Name a variant; there are {}", list(&files))),
    }
}

fn list(files: &[&String]) -> String {
    files.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The files that an index names, each once.
fn parts_of(folder: &Path, index: &str) -> Result<Vec<PathBuf>, String> {
    let text = fs::read_to_string(folder.join(index)).map_err(|error| format!("{index}: {error}"))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{index}: {error}"))?;
    let map = value["weight_map"].as_object().ok_or_else(|| format!("{index}: has no weight_map"))?;
    let mut names: Vec<&str> = map.values().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    // A name with a folder in it could lead anywhere.
    if names.is_empty() || names.iter().any(|name| name.contains(['/', '\\'])) {
        return Err(format!("{index}: names no files of this folder"));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
