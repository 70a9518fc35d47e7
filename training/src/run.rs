//! A run is a folder: `config.toml`, `metrics.jsonl`, `events.*`, `report.html`, `samples/`, `checkpoints/`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::TrainingError;

/// The folder of a run.
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

    /// Whether there is a run.
    pub fn exists(&self) -> bool {
        self.config().is_file()
    }

    /// Makes the folder of a new run with its configuration.
    ///
    /// # Errors
    /// A run that is already there (it is never overwritten), or a folder that cannot be made.
    pub fn create(&self, config: &str) -> Result<(), TrainingError> {
        let failed = |error: std::io::Error| TrainingError::file("cannot create the run", &self.path, error);
        if self.exists() {
            let message = "there is a run already; resume it, delete it, or choose another name with --set name=…";
            return Err(TrainingError::file("cannot create the run", &self.path, message));
        }
        fs::create_dir_all(self.checkpoints()).map_err(failed)?;
        let beside = self.path.join(".config.toml.partial");
        fs::write(&beside, config).map_err(failed)?;
        fs::rename(&beside, self.config()).map_err(failed)
    }
}

/// Writes `metrics.jsonl`.
#[derive(Debug)]
pub struct MetricsWriter {
    file: File,
    path: PathBuf,
}

impl MetricsWriter {
    /// Opens the file for a run that has done `step` steps; lines of later steps, which will be written again, are
    /// dropped.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn open(path: &Path, step: u64) -> Result<Self, TrainingError> {
        let failed = |error: std::io::Error| TrainingError::file("cannot write", path, error);
        if path.exists() {
            let beside = path.with_extension("jsonl.partial");
            let mut kept = File::create(&beside).map_err(failed)?;
            for line in BufReader::new(File::open(path).map_err(failed)?).lines() {
                let line = line.map_err(failed)?;
                let value: Option<serde_json::Value> = serde_json::from_str(&line).ok();
                if value.and_then(|value| value["step"].as_u64()).is_some_and(|at| at <= step) {
                    writeln!(kept, "{line}").map_err(failed)?;
                }
            }
            fs::rename(&beside, path).map_err(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        Ok(Self { file, path: path.into() })
    }

    /// Appends a line.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&mut self, line: &impl Serialize) -> Result<(), TrainingError> {
        let failed = |error: std::io::Error| TrainingError::file("cannot write", &self.path, error);
        let text = serde_json::to_string(line).map_err(|error| failed(error.into()))?;
        writeln!(self.file, "{text}").map_err(failed)
    }
}
