//! Going on with a run, by its folder or by one of its checkpoints.

use std::path::{Path, PathBuf};

use fokker_files::FileError;
use fokker_ranks::Ranks;
use fokker_training::{RunFolder, step_of};

use crate::config::RunConfig;
use crate::continuation::ResumeRequest;
use crate::error::Error;
use crate::experiment::{is_checkpoint, run_config};
use crate::monitor::Monitor;
use crate::together::Together;
use crate::train::Trained;

/// Goes on with a run: `path` is its folder, or one of its checkpoints, which is then the one to go on from. The run's
/// `config.toml` becomes what it was changed to; the former one is kept.
///
/// # Errors
/// A path that is neither; a change of what the weights mean that is not allowed; those of [`crate::train()`].
pub fn resume(
    path: &Path,
    changes: &[String],
    request: &ResumeRequest,
    monitor: &dyn Monitor,
) -> Result<Trained, Error> {
    Together { ranks: &Ranks::alone(), monitor }.resume(path, changes, request)
}

/// The configuration of a run, its folder, and the request with the step that its path names.
pub(crate) fn request_of(
    path: &Path,
    changes: &[String],
    request: &ResumeRequest,
) -> Result<(RunConfig, RunFolder, ResumeRequest), Error> {
    let (run, step) = run_of(path)?;
    let mut request = request.clone();
    match (step, request.from) {
        (Some(step), Some(from)) if step != from => {
            let message = format!("{} is of step {step}", path.display());
            return Err(Error::field("from", from, message));
        }
        (Some(step), _) => request.from = Some(step),
        (None, _) => {}
    }
    let mut config = run_config(&run, changes)?;
    // The run may have been renamed. Where it is now stands nowhere: its files are the same wherever it goes on.
    if let Some(name) = run.file_name().and_then(|name| name.to_str()) {
        config.name = name.into();
    }
    Ok((config, RunFolder::new(run), request))
}

/// The run that a path means, without links, and the step if it is a checkpoint.
fn run_of(path: &Path) -> Result<(PathBuf, Option<u64>), Error> {
    let folder = path.canonicalize().map_err(|error| FileError::new("cannot read", path, error))?;
    if RunFolder::new(&folder).exists() && !is_checkpoint(&folder) {
        return Ok((folder, None));
    }
    if is_checkpoint(&folder) {
        let run = folder.parent().filter(|parent| parent.ends_with("checkpoints")).and_then(Path::parent);
        return match (run, step_of(&folder)) {
            (Some(run), Some(step)) if RunFolder::new(run).exists() => Ok((run.into(), Some(step))),
            _ => Err(Error::Usage(format!(
                "{}: is a checkpoint outside of a run. To go on from it, put it into the folder checkpoints of its run, \
                 under the name step-… that it had",
                path.display()
            ))),
        };
    }
    let message = "there is no run here (no config.toml)".into();
    Err(Error::File { path: path.into(), message })
}
