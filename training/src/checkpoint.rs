//! Checkpoints: written beside, synced, then renamed, with a checksum of every file.
//!
//! `step-00001000/` holds `model.bpk`, `ema.bpk`, `optimizer.bpk` (Burn's burnpack format), `state.json`, the run's
//! `config.toml`, and `checksums.json`. A folder of that name is complete or damaged, never half written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleDisplay};
use burn::store::ModuleRecord;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::TrainingError;
use crate::optimizer::Moments;

const CHECKSUMS: &str = "checksums.json";
const FORMAT: u32 = 1;

/// The numbers of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingState {
    /// Version of this format.
    pub format: u32,
    /// Steps done.
    pub step: u64,
    /// Updates the optimiser made; fewer than steps if some were skipped.
    pub updates: usize,
    /// Steps skipped because of numbers that were not finite.
    pub skipped: u64,
    /// Seconds of training so far.
    pub seconds: f64,
}

/// All that a run needs to go on.
#[derive(Debug)]
pub struct Checkpoint<M: Module + ModuleDisplay> {
    /// The network.
    pub model: M,
    /// Its running average.
    pub ema: M,
    /// The optimiser's moments.
    pub moments: Moments<M>,
    /// The numbers.
    pub state: TrainingState,
}

/// The folder of a step.
pub fn folder_name(step: u64) -> String {
    format!("step-{step:08}")
}

impl<M: Module + ModuleDisplay> Checkpoint<M> {
    /// Writes the checkpoint into `folder/step-…` and returns that path.
    ///
    /// # Errors
    /// A file that cannot be written; nothing that was there before is touched.
    pub fn save(self, folder: &Path, config: &str) -> Result<PathBuf, TrainingError> {
        let name = folder_name(self.state.step);
        let (beside, path) = (folder.join(format!(".{name}.partial")), folder.join(name));
        let failed = |error: io::Error| TrainingError::file("cannot write the checkpoint", &path, error);
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(failed)?;
        }
        fs::create_dir_all(&beside).map_err(failed)?;
        let state = TrainingState { format: FORMAT, ..self.state };
        save_module(self.model, &beside.join("model.bpk"))?;
        save_module(self.ema, &beside.join("ema.bpk"))?;
        save_module(self.moments, &beside.join("optimizer.bpk"))?;
        let json = serde_json::to_string_pretty(&state).map_err(|error| failed(error.into()))?;
        fs::write(beside.join("state.json"), json + "\n").map_err(failed)?;
        fs::write(beside.join("config.toml"), config).map_err(failed)?;
        seal(&beside).map_err(failed)?;
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed)?;
        }
        fs::rename(&beside, &path).map_err(failed)?;
        sync(folder).map_err(failed)?;
        Ok(path)
    }

    /// Reads a checkpoint into networks of the same architecture.
    ///
    /// # Errors
    /// A damaged file, or weights of another architecture, by name.
    pub fn load(path: &Path, template: &M) -> Result<Self, TrainingError> {
        let state = read_state(path)?;
        let moments = Moments { first: template.clone(), second: template.clone() };
        Ok(Self {
            model: load_module(path, "model.bpk", template.clone())?,
            ema: load_module(path, "ema.bpk", template.clone())?,
            moments: load_module(path, "optimizer.bpk", moments)?,
            state,
        })
    }
}

/// Reads the running average alone, for sampling.
///
/// # Errors
/// A damaged file, or weights of another architecture, by name.
pub fn load_ema<M: Module + ModuleDisplay>(path: &Path, template: M) -> Result<M, TrainingError> {
    verify(path)?;
    load_module(path, "ema.bpk", template)
}

/// Reads and verifies a checkpoint's numbers.
///
/// # Errors
/// A damaged file.
pub fn read_state(path: &Path) -> Result<TrainingState, TrainingError> {
    verify(path)?;
    let damaged = |message: String| TrainingError::Checkpoint { path: path.into(), message };
    let text = fs::read_to_string(path.join("state.json")).map_err(|error| damaged(error.to_string()))?;
    let state: TrainingState = serde_json::from_str(&text).map_err(|error| damaged(format!("state.json: {error}")))?;
    if state.format != FORMAT {
        return Err(damaged(format!("its format is {}, this version of fokker reads {FORMAT}", state.format)));
    }
    Ok(state)
}

/// Compares every file with its checksum.
///
/// # Errors
/// The first file that is missing or was changed.
pub fn verify(path: &Path) -> Result<(), TrainingError> {
    let damaged = |message: String| TrainingError::Checkpoint { path: path.into(), message };
    let remedy = "use another checkpoint of the run";
    let read = |name: &str| fs::read(path.join(name)).map_err(|error| damaged(format!("{name}: {error}; {remedy}")));
    let expected: BTreeMap<String, String> = serde_json::from_slice(&read(CHECKSUMS)?)
        .map_err(|error| damaged(format!("{CHECKSUMS}: {error}; {remedy}")))?;
    for name in ["model.bpk", "ema.bpk", "optimizer.bpk", "state.json", "config.toml"] {
        if !expected.contains_key(name) {
            return Err(damaged(format!("{CHECKSUMS} does not list {name}; {remedy}")));
        }
    }
    for (name, checksum) in expected {
        if checksum_of(&read(&name)?) != checksum {
            return Err(damaged(format!("{name} does not have the checksum it was written with; {remedy}")));
        }
    }
    Ok(())
}

/// The checkpoints in a folder, newest first.
pub fn list(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("step-")))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

/// The newest checkpoint that is whole; damaged ones are reported and passed over.
pub fn newest_valid(folder: &Path) -> Option<PathBuf> {
    list(folder).into_iter().find(|path| {
        let verdict = read_state(path);
        if let Err(error) = &verdict {
            tracing::warn!("{error}; trying an older one");
        }
        verdict.is_ok()
    })
}

/// Deletes all but the newest `keep` checkpoints.
///
/// # Errors
/// A folder that cannot be deleted.
pub fn prune(folder: &Path, keep: usize) -> Result<(), TrainingError> {
    for path in list(folder).into_iter().skip(keep) {
        fs::remove_dir_all(&path)
            .map_err(|error| TrainingError::file("cannot delete the old checkpoint", &path, error))?;
    }
    Ok(())
}

fn save_module<M: Module + ModuleDisplay>(module: M, path: &Path) -> Result<(), TrainingError> {
    module.into_record().save(path).map_err(|error| TrainingError::file("cannot write", path, error))
}

fn load_module<M: Module + ModuleDisplay>(path: &Path, name: &str, template: M) -> Result<M, TrainingError> {
    let failed = |message: String| TrainingError::Checkpoint {
        path: path.into(),
        message: format!("{name} does not fit the network that the configuration describes: {message}"),
    };
    let record = ModuleRecord::load(path.join(name)).map_err(|error| failed(error.to_string()))?;
    template.try_load_record(record).map_err(|error| failed(error.to_string()))
}

/// Writes the checksums and makes sure that everything is on the disk.
fn seal(folder: &Path) -> io::Result<()> {
    let mut checksums = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        checksums.insert(name, checksum_of(&fs::read(&path)?));
        sync(&path)?;
    }
    let path = folder.join(CHECKSUMS);
    fs::write(&path, serde_json::to_string_pretty(&checksums)? + "\n")?;
    sync(&path)?;
    sync(folder)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn checksum_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
