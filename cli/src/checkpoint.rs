//! Which checkpoint of a run a command takes.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::{CheckpointChoice, Error, find_checkpoint_at};

/// Which checkpoint of a run.
#[derive(Args)]
pub struct CheckpointOptions {
    /// The run's checkpoint of this step, or the `best` by checkpoints.best; its newest whole one if absent
    #[arg(long, default_value_t, hide_default_value = true)]
    pub step: CheckpointChoice,
}

impl CheckpointOptions {
    /// The folder of the checkpoint of a run, or of a checkpoint by its own folder.
    pub fn find(&self, run: &Path) -> Result<PathBuf, Error> {
        find_checkpoint_at(run, self.step)
    }

    /// Whether one is named, so that a path has to be a run.
    pub fn is_named(&self) -> bool {
        self.step != CheckpointChoice::Newest
    }
}
