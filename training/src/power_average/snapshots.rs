//! Snapshots of averages: `averages/step-00000500-std-0.05.bpk`, Burn's burnpack format.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleDisplay};
use burn::store::ModuleRecord;
use fokker_files::FileError;

use crate::checkpoint::{folder_name, step_of};
use crate::error::TrainingError;

/// A snapshot that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Its step.
    pub step: u64,
    /// The relative deviation of its average.
    pub std: f64,
    /// Its file.
    pub path: PathBuf,
}

impl Snapshot {
    /// The snapshot of a step and a relative deviation in a folder, whether it is there or not.
    pub fn new(folder: &Path, step: u64, std: f64) -> Self {
        Self { step, std, path: folder.join(format!("{}-std-{std}.bpk", folder_name(step))) }
    }

    /// The snapshot that a path is, by its name.
    pub fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".bpk")?;
        let (step, std) = name.split_once("-std-")?;
        Some(Self { step: step_of(Path::new(step))?, std: std.parse().ok()?, path })
    }
}

/// The snapshots in a folder, the earliest first; none if there is no such folder.
pub fn list_snapshots(folder: &Path) -> Vec<Snapshot> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    let mut found: Vec<Snapshot> = entries.filter_map(|entry| Snapshot::of(entry.path())).collect();
    found.sort_by(|a, b| a.step.cmp(&b.step).then(a.std.total_cmp(&b.std)));
    found
}

/// Writes an average.
///
/// # Errors
/// A file that cannot be written; what had its name stays.
pub fn save_snapshot<M: Module + ModuleDisplay>(snapshot: &Snapshot, average: M) -> Result<(), TrainingError> {
    let bytes = average.into_record().into_bytes().map_err(io::Error::other);
    let bytes = bytes.map_err(|error| FileError::new("cannot write", &snapshot.path, error))?;
    Ok(fokker_files::write(&snapshot.path, &bytes)?)
}

/// Reads an average into a network of the same architecture.
///
/// # Errors
/// A damaged file, or weights of another architecture.
pub fn load_snapshot<M: Module + ModuleDisplay>(snapshot: &Snapshot, template: M) -> Result<M, TrainingError> {
    let failed = |message: String| TrainingError::file("cannot read the average", &snapshot.path, &message);
    let record = ModuleRecord::load(&snapshot.path).map_err(|error| failed(error.to_string()))?;
    template.try_load_record(record).map_err(|error| failed(error.to_string()))
}
