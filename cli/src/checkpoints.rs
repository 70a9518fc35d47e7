//! `fokker checkpoints`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fokker::checkpoints::{CheckpointEntry, Stays, delete, keep, list};
use fokker::{Error, training::folder_name};
use serde_json::json;

use super::results::{print_file, print_result};

/// List the checkpoints of a run, keep one for good, or delete one
#[derive(Args)]
pub struct Checkpoints {
    /// The run's folder
    run: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Print all of them: step, size, why it stays, whether it is whole
    List,
    /// Never delete the checkpoint of this step when newer ones come
    Keep {
        /// The step
        step: u64,
    },
    /// Take `keep` back
    Release {
        /// The step
        step: u64,
    },
    /// Delete the checkpoint of this step
    Delete {
        /// The step
        step: u64,
    },
}

impl Checkpoints {
    /// Lists, keeps or deletes.
    pub fn run(self) -> Result<(), Error> {
        match self.action {
            Action::List => {
                for entry in list(&self.run)? {
                    let value = serde_json::to_value(&entry).map_err(|error| Error::Usage(error.to_string()))?;
                    print_result(value, || line(&entry));
                }
            }
            Action::Keep { step } => print_file(&keep(&self.run, step, true)?),
            Action::Release { step } => print_file(&keep(&self.run, step, false)?),
            Action::Delete { step } => {
                let path = delete(&self.run, step)?;
                print_result(json!({ "deleted": path }), || format!("deleted {}\n", path.display()));
            }
        }
        Ok(())
    }
}

fn line(entry: &CheckpointEntry) -> String {
    let stays = match entry.stays {
        Some(Stays::Pinned) => "kept",
        Some(Stays::Best) => "best",
        Some(Stays::KeepEvery) => "keep_every",
        Some(_) => "newest",
        None => "goes with the next",
    };
    let state = entry.damage.as_deref().unwrap_or("whole");
    format!("{} {:>10.1} MB  {stays:<18} {state}\n", folder_name(entry.step), entry.bytes as f64 / 1e6)
}
