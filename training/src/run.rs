//! A run is a folder: `config.toml`, `metrics.jsonl`, `sessions.jsonl`, `events.*`, `report.html`, `samples/`, `averages/`,
//! `checkpoints/`.

use std::fs;
use std::path::{Path, PathBuf};

use fokker_files::{FileError, Lock};

use crate::checkpoint;
use crate::error::TrainingError;
use crate::power_average::list_snapshots;
use crate::unused_path::unused_path;

/// The folder of a run.
///
/// ```
/// use fokker_training::RunFolder;
///
/// let root = tempfile::tempdir()?;
/// let run = RunFolder::new(root.path().join("moons"));
/// assert!(!run.exists());
/// run.create("name = \"moons\"")?;
/// assert!(run.exists() && run.config().is_file());
/// // What is there is never overwritten.
/// assert!(run.create("name = \"other\"").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The run at a path, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The resolved configuration.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// One JSON object a line.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// When the run was trained, and on what: one JSON object a line.
    pub fn sessions(&self) -> PathBuf {
        self.path.join("sessions.jsonl")
    }

    /// The run at a glance, as a page.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// Pictures drawn while training and afterwards.
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples")
    }

    /// Checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Snapshots of power-function averages.
    pub fn averages(&self) -> PathBuf {
        self.path.join("averages")
    }

    /// What a run that went back to an earlier step had made after it. Nothing here is ever deleted.
    pub fn set_aside(&self) -> PathBuf {
        self.path.join("set-aside")
    }

    /// Whether there is a run.
    pub fn exists(&self) -> bool {
        self.config().is_file()
    }

    /// Makes this process the only one that trains the run, until the result is dropped.
    ///
    /// # Errors
    /// A run that another process trains, by that process's number; a folder that cannot be written.
    pub fn lock(&self) -> Result<Lock, TrainingError> {
        Ok(Lock::take(&self.path)?)
    }

    /// Makes the folder of a new run with its configuration.
    ///
    /// # Errors
    /// A run that is already there, or what is left of one (neither is ever overwritten); a folder that cannot be made.
    pub fn create(&self, config: &str) -> Result<(), TrainingError> {
        let refuse = |message: &str| Err(TrainingError::file("cannot create the run", &self.path, message));
        if self.exists() {
            return refuse("there is a run already; resume it, delete it, or choose another name");
        }
        if let Some(name) = self.remains() {
            return refuse(&format!(
                "{name} is there, but no config.toml: it is what is left of a run. Put config.toml back (every \
                 checkpoint has a copy) and resume it, delete it, or choose another name"
            ));
        }
        let checkpoints = self.checkpoints();
        fs::create_dir_all(&checkpoints)
            .map_err(|error| FileError::new("cannot make the folder", checkpoints, error))?;
        Ok(fokker_files::write(&self.config(), config.as_bytes())?)
    }

    /// The first file of a run without its configuration. A folder that was made and not filled is none.
    fn remains(&self) -> Option<String> {
        let has_entries = |folder: PathBuf| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        let files = [(self.metrics(), "metrics.jsonl"), (self.set_aside(), "set-aside")];
        let folders = [(self.checkpoints(), "checkpoints"), (self.samples(), "samples"), (self.averages(), "averages")];
        let files = files.into_iter().filter(|(path, _)| path.exists());
        let folders = folders.into_iter().filter(|(path, _)| has_entries(path.clone()));
        files.chain(folders).map(|(_, name)| name.to_string()).next()
    }

    /// Replaces the configuration of a run that has done `step` steps. The former one is kept as
    /// `config.before-step-….toml`.
    ///
    /// # Errors
    /// A file that cannot be written; the former configuration then stays.
    pub fn change_config(&self, config: &str, step: u64) -> Result<(), TrainingError> {
        let path = self.config();
        let former = fs::read(&path).map_err(|error| FileError::new("cannot read", &path, error))?;
        if former == config.as_bytes() {
            return Ok(());
        }
        let name = format!("config.before-{}", checkpoint::folder_name(step));
        fokker_files::write(&unused_path(&self.path, &name, ".toml"), &former)?;
        Ok(fokker_files::write(&path, config.as_bytes())?)
    }

    /// Deletes what a process that was killed left half written. Only for the process that has the lock.
    ///
    /// # Errors
    /// A file that cannot be deleted.
    pub fn clean(&self) -> Result<(), TrainingError> {
        let of_checkpoints = |name: &str| checkpoint::is_partial(name);
        let of_previews = |name: &str| name.starts_with(".step-") && name.ends_with(".partial");
        let of_run = |name: &str| name.starts_with('.') && name.ends_with(".partial");
        remove_where(&self.checkpoints(), of_checkpoints)?;
        remove_where(&self.samples(), of_previews)?;
        remove_where(&self.averages(), of_previews)?;
        Ok(remove_where(&self.path, of_run)?)
    }

    /// Moves what was made after `step` steps, checkpoints, previews and snapshots of averages, into a folder of [`RunFolder::set_aside`],
    /// together with a copy of the metrics. Returns that folder, or `None` if there is no later checkpoint.
    ///
    /// # Errors
    /// A file that cannot be moved.
    pub fn go_back_to(&self, step: u64) -> Result<Option<PathBuf>, TrainingError> {
        let is_later = |path: &PathBuf| checkpoint::step_of(path).is_some_and(|at| at > step);
        // The newest first: a process that is killed in between leaves no gap.
        let mut later: Vec<PathBuf> = checkpoint::list(&self.checkpoints()).into_iter().filter(is_later).collect();
        if later.is_empty() {
            return Ok(None);
        }
        let folder = unused_path(&self.set_aside(), &format!("after-{}", checkpoint::folder_name(step)), "");
        let failed = |error: std::io::Error| FileError::new("cannot set checkpoints aside in", &folder, error);
        fs::create_dir_all(&folder).map_err(failed)?;
        if self.metrics().is_file() {
            fs::copy(self.metrics(), folder.join("metrics.jsonl")).map_err(failed)?;
        }
        let previews = fs::read_dir(self.samples()).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        later.extend(previews.filter(|path| is_later(&path.with_extension("")) && path.is_file()));
        let snapshots = list_snapshots(&self.averages()).into_iter().filter(|snapshot| snapshot.step > step);
        later.extend(snapshots.map(|snapshot| snapshot.path));
        for path in later {
            let name = path.file_name().unwrap_or_default();
            fs::rename(&path, folder.join(name)).map_err(failed)?;
        }
        Ok(Some(folder))
    }
}

/// Deletes the entries of a folder, if there is one, whose names fulfil a condition.
fn remove_where(folder: &Path, condition: impl Fn(&str) -> bool) -> Result<(), FileError> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(&condition)) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|error| FileError::new("cannot delete", path, error))?;
    }
    Ok(())
}
