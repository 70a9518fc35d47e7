//! Checkpoints: written under a temporary name, synced, then renamed, with a checksum of every file.
//!
//! `step-00001000/` holds `model.bpk`, `ema.bpk`, `optimizer.bpk` (Burn's burnpack format), `state.json`, the run's
//! `config.toml`, and `checksums.json`. A folder of that name is complete or damaged, never half written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleDisplay};
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use fokker_files::FileError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::CheckpointConfig;
use crate::error::TrainingError;
use crate::optimizer::Moments;
use crate::unused_path::unused_path;

const CHECKSUMS: &str = "checksums.json";
const FORMAT: u32 = 1;

/// The files that have a checksum.
const FILES: [&str; 5] = ["model.bpk", "ema.bpk", "optimizer.bpk", "state.json", "config.toml"];

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
    /// Seconds of training so far. They are no part of the file, which is the same for every training of the same steps: a run that goes
    /// on takes them from `metrics.jsonl`. Older files have them.
    #[serde(default, skip_serializing)]
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

/// The step of a path whose name is exactly that of a checkpoint.
pub fn step_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let step = name.strip_prefix("step-")?.parse().ok()?;
    (folder_name(step) == name).then_some(step)
}

/// The name under which the checkpoint of a step is written, and deleted.
fn partial_name(step: u64) -> String {
    format!(".{}.partial", folder_name(step))
}

/// Whether this is the name of a checkpoint that was not written, or not deleted, to its end.
pub(crate) fn is_partial(name: &str) -> bool {
    let step = name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial"));
    step.is_some_and(|name| step_of(Path::new(name)).is_some())
}

impl<M: Module + ModuleDisplay> Checkpoint<M> {
    /// Writes the checkpoint into `folder/step-…` and returns that path. What already has that name is moved to
    /// `set_aside`.
    ///
    /// # Errors
    /// A file that cannot be written; nothing that was there before is touched.
    pub fn save(self, folder: &Path, set_aside: &Path, config: &str) -> Result<PathBuf, TrainingError> {
        let step = self.state.step;
        let (partial, path) = (folder.join(partial_name(step)), folder.join(folder_name(step)));
        let written = self.write(&partial, config).and_then(|()| {
            let failed = |error: io::Error| FileError::new("cannot write the checkpoint", &path, error);
            if path.symlink_metadata().is_ok() {
                fs::create_dir_all(set_aside).map_err(failed)?;
                fs::rename(&path, unused_path(set_aside, &folder_name(step), "")).map_err(failed)?;
            }
            fs::rename(&partial, &path).and_then(|()| sync(folder)).map_err(failed)
        });
        if let Err(error) = written {
            // Room for whatever is written next; that it cannot be deleted adds nothing to the cause.
            let _ = fs::remove_dir_all(&partial);
            return Err(error.into());
        }
        Ok(path)
    }

    /// Writes all files into a new folder.
    fn write(self, folder: &Path, config: &str) -> Result<(), FileError> {
        let failed = |error: io::Error| FileError::new("cannot write the checkpoint", folder, error);
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(failed)?;
        }
        fs::create_dir_all(folder).map_err(failed)?;
        let state = TrainingState { format: FORMAT, ..self.state };
        let state = serde_json::to_string_pretty(&state).map_err(|error| failed(error.into()))? + "\n";
        let mut checksums = BTreeMap::new();
        let mut write = |name: &str, bytes: &[u8]| {
            checksums.insert(name.to_string(), checksum_of(bytes));
            write_synced(&folder.join(name), bytes)
        };
        write("model.bpk", &module_bytes(self.model).map_err(failed)?)?;
        write("ema.bpk", &module_bytes(self.ema).map_err(failed)?)?;
        write("optimizer.bpk", &module_bytes(self.moments).map_err(failed)?)?;
        write("state.json", state.as_bytes())?;
        write("config.toml", config.as_bytes())?;
        let checksums = serde_json::to_string_pretty(&checksums).map_err(|error| failed(error.into()))? + "\n";
        write_synced(&folder.join(CHECKSUMS), checksums.as_bytes())?;
        sync(folder).map_err(failed)
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

/// Which weights of a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightSet {
    /// Their running average, which samples are drawn from.
    #[default]
    Average,
    /// Those that the optimiser changes.
    Raw,
}

/// Reads the running average alone, for sampling.
///
/// # Errors
/// A damaged file, or weights of another architecture, by name.
pub fn load_ema<M: Module + ModuleDisplay>(path: &Path, template: M) -> Result<M, TrainingError> {
    load_weights(path, WeightSet::Average, template)
}

/// Reads one of the two sets of weights alone.
///
/// # Errors
/// A damaged file, or weights of another architecture, by name.
pub fn load_weights<M: Module + ModuleDisplay>(path: &Path, set: WeightSet, template: M) -> Result<M, TrainingError> {
    verify(path)?;
    let name = match set {
        WeightSet::Average => "ema.bpk",
        WeightSet::Raw => "model.bpk",
    };
    load_module(path, name, template)
}

/// Reads and verifies a checkpoint's numbers.
///
/// # Errors
/// A damaged file; a format of a later version of fokker.
pub fn read_state(path: &Path) -> Result<TrainingState, TrainingError> {
    verify(path)?;
    let damaged = |message: String| TrainingError::Checkpoint { path: path.into(), message };
    let text = fs::read_to_string(path.join("state.json")).map_err(|error| damaged(error.to_string()))?;
    let invalid = |error: serde_json::Error| damaged(format!("state.json: {error}"));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(invalid)?;
    // Before anything else, because a later format may have other fields.
    if let Some(format) = value["format"].as_u64().filter(|format| *format > u64::from(FORMAT)) {
        return Err(TrainingError::LaterFormat { path: path.into(), format, known: FORMAT });
    }
    let state: TrainingState = serde_json::from_value(value).map_err(invalid)?;
    if state.format != FORMAT {
        return Err(damaged(format!("its format is {}, this version of fokker reads {FORMAT}", state.format)));
    }
    match step_of(path) {
        Some(step) if step != state.step => {
            Err(damaged(format!("it is of step {}, whatever its name says; rename it", state.step)))
        }
        _ => Ok(state),
    }
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
    for name in FILES {
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

/// The checkpoints in a folder, newest first: folders, not links to folders, whose names are exactly `step-` and a
/// number of eight digits or more.
pub fn list(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| Some((step_of(&entry.path())?, entry.path())))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The newest checkpoint that is whole; damaged ones are reported and passed over.
///
/// # Errors
/// A checkpoint that a later version of fokker wrote. It is not passed over: it is no damage, but the run's newest work.
pub fn newest_valid(folder: &Path) -> Result<Option<PathBuf>, TrainingError> {
    for path in list(folder) {
        match read_state(&path) {
            Ok(_) => return Ok(Some(path)),
            Err(error @ TrainingError::LaterFormat { .. }) => return Err(error),
            Err(error) => tracing::warn!("{error}; trying an older one"),
        }
    }
    Ok(None)
}

/// Deletes all but the newest `keep` checkpoints. The best one, those of steps that `keep_every` divides, those that are
/// [pinned](pin), and those that hold a file of somebody else stay.
///
/// # Errors
/// A folder that cannot be deleted.
pub(crate) fn prune(folder: &Path, config: &CheckpointConfig, best: Option<&Path>) -> Result<(), TrainingError> {
    let stays = |path: &Path| is_kept_for_good(config, path) || is_pinned(path) || best == Some(path);
    list(folder).into_iter().skip(config.keep).filter(|path| !stays(path)).try_for_each(|path| match foreign(&path) {
        None => delete(&path),
        Some(_) => Ok(()),
    })
}

/// Whether a checkpoint is of a step that `keep_every` divides.
pub fn is_kept_for_good(config: &CheckpointConfig, path: &Path) -> bool {
    config.keep_every > 0 && step_of(path).is_some_and(|step| step.is_multiple_of(config.keep_every))
}

/// The mark of a checkpoint that stays.
const PINNED: &str = "pinned";

/// Whether a checkpoint stays, however many newer ones there are.
pub fn is_pinned(path: &Path) -> bool {
    path.join(PINNED).is_file()
}

/// Makes a checkpoint stay however many newer ones there are, or takes that back.
///
/// # Errors
/// A mark that cannot be written or deleted.
pub fn pin(path: &Path, pinned: bool) -> Result<(), TrainingError> {
    let mark = path.join(PINNED);
    match pinned {
        true => Ok(fokker_files::write(&mark, b"")?),
        false if mark.exists() => {
            Ok(fs::remove_file(&mark).map_err(|error| FileError::new("cannot delete", &mark, error))?)
        }
        false => Ok(()),
    }
}

/// Deletes a checkpoint.
///
/// # Errors
/// A folder that is none, or holds files that no checkpoint has; one that cannot be deleted.
pub fn delete(path: &Path) -> Result<(), TrainingError> {
    let refuse = |message: String| Err(TrainingError::Checkpoint { path: path.into(), message });
    let Some(step) = step_of(path) else { return refuse("is not named like a checkpoint".into()) };
    if let Some(name) = foreign(path) {
        return refuse(format!(
            "it holds {name}, which no checkpoint has: move it away, or delete the folder yourself"
        ));
    }
    // First its name: half of a checkpoint must not look like one.
    let partial = path.with_file_name(partial_name(step));
    let deleted = fs::rename(path, &partial).and_then(|()| fs::remove_dir_all(&partial));
    Ok(deleted.map_err(|error| FileError::new("cannot delete the checkpoint", path, error))?)
}

/// Something in a folder that is not of a checkpoint; `nothing` if the checksums are missing, without which it is none.
fn foreign(path: &Path) -> Option<String> {
    let Ok(entries) = fs::read_dir(path) else { return Some("what cannot be read".into()) };
    let mut checksums = false;
    for entry in entries {
        let Ok(name) = entry.map(|entry| entry.file_name()) else { return Some("what cannot be read".into()) };
        checksums |= name == CHECKSUMS;
        if name != CHECKSUMS && name != PINNED && !FILES.iter().any(|file| name == *file) {
            return Some(name.to_string_lossy().into_owned());
        }
    }
    (!checksums).then(|| format!("no {CHECKSUMS}"))
}

fn module_bytes<M: Module + ModuleDisplay>(module: M) -> io::Result<Bytes> {
    module.into_record().into_bytes().map_err(io::Error::other)
}

fn load_module<M: Module + ModuleDisplay>(path: &Path, name: &str, template: M) -> Result<M, TrainingError> {
    let failed = |message: String| TrainingError::Checkpoint {
        path: path.into(),
        message: format!("{name} does not fit the network that the configuration describes: {message}"),
    };
    let record = ModuleRecord::load(path.join(name)).map_err(|error| failed(error.to_string()))?;
    template.try_load_record(record).map_err(|error| failed(error.to_string()))
}

/// Writes a file and waits until it is on the disk.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| FileError::new("cannot write", path, error))
}

/// Makes sure that the names in a folder are on the disk. Windows has no such call.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

fn checksum_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
