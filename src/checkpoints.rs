//! The checkpoints of a run: which there are, which stay, and deleting one.
//!
//! A folder is a checkpoint only if it is named `step-` and the step in eight digits, and holds the files of one. Nothing else
//! is touched.

use std::fs;
use std::path::{Path, PathBuf};

use fokker_training::{
    RunFolder, delete_checkpoint, folder_name, is_kept_for_good, is_pinned, list_checkpoints, pin_checkpoint,
    read_state, step_of,
};
use serde::Serialize;

use crate::error::Error;
use crate::experiment::{no_such_step, run_config};

/// A checkpoint of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckpointEntry {
    /// Its step.
    pub step: u64,
    /// Its folder.
    pub path: PathBuf,
    /// What its files take.
    pub bytes: u64,
    /// Why it stays when newer ones come; none if it goes.
    pub stays: Option<Stays>,
    /// What is wrong with it; none if it is whole.
    pub damage: Option<String>,
}

/// Why a checkpoint stays when newer ones come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stays {
    /// It is one of the newest `checkpoints.keep`.
    Newest,
    /// It is the best by `checkpoints.best`.
    Best,
    /// `checkpoints.keep_every` divides its step.
    KeepEvery,
    /// It was [kept](keep).
    Pinned,
}

/// The checkpoints of a run, the oldest first. All files are compared with their checksums.
///
/// # Errors
/// A folder without a run; a configuration that cannot be read.
pub fn list(run: &Path) -> Result<Vec<CheckpointEntry>, Error> {
    let config = run_config(run, &[])?;
    let best = config.best()?.map_or(Ok(None), |best| best.checkpoint(&RunFolder::new(run)))?;
    let config = config.checkpoints;
    let entry = |(number, path): (usize, PathBuf)| {
        let stays = match &path {
            path if is_pinned(path) => Some(Stays::Pinned),
            path if best.as_ref() == Some(path) => Some(Stays::Best),
            path if is_kept_for_good(&config, path) => Some(Stays::KeepEvery),
            _ => (number < config.keep).then_some(Stays::Newest),
        };
        CheckpointEntry {
            step: step_of(&path).unwrap_or_default(),
            bytes: size(&path),
            stays,
            damage: read_state(&path).err().map(|error| error.to_string()),
            path,
        }
    };
    let mut entries: Vec<_> =
        list_checkpoints(&RunFolder::new(run).checkpoints()).into_iter().enumerate().map(entry).collect();
    entries.reverse();
    Ok(entries)
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok()?.metadata().ok());
    entries.map(|metadata| metadata.len()).sum()
}

/// Makes the checkpoint of a step stay however many newer ones there are, or, without `keep`, takes that back.
///
/// # Errors
/// A step that the run has no checkpoint of; a mark that cannot be written.
pub fn keep(run: &Path, step: u64, keep: bool) -> Result<PathBuf, Error> {
    let path = checkpoint(run, step)?;
    pin_checkpoint(&path, keep)?;
    Ok(path)
}

/// Deletes the checkpoint of a step.
///
/// # Errors
/// A step that the run has no checkpoint of; one that was [kept](keep); the last whole one; a folder with files of somebody else;
/// a run that is being trained.
pub fn delete(run: &Path, step: u64) -> Result<PathBuf, Error> {
    let path = checkpoint(run, step)?;
    let _lock = RunFolder::new(run).lock()?;
    if is_pinned(&path) {
        return Err(Error::Usage(format!("{}: was kept on purpose; release it first", path.display())));
    }
    let others = list_checkpoints(&RunFolder::new(run).checkpoints());
    if !others.iter().any(|other| *other != path && read_state(other).is_ok()) {
        let message = "no other checkpoint of the run is whole, and without one nothing is left to draw from; to be rid of the run, \
                       delete its folder";
        return Err(Error::File { path, message: message.into() });
    }
    delete_checkpoint(&path)?;
    Ok(path)
}

fn checkpoint(run: &Path, step: u64) -> Result<PathBuf, Error> {
    run_config(run, &[])?;
    let folder = RunFolder::new(run);
    let path = folder.checkpoints().join(folder_name(step));
    let is_one = list_checkpoints(&folder.checkpoints()).contains(&path);
    if is_one { Ok(path) } else { Err(Error::field("step", step, no_such_step(&folder))) }
}
