//! `fokker train` and `fokker resume`.

use std::path::{Path, PathBuf};

use clap::Args;
use fokker::training::TrainingError;
use fokker::{CheckpointChoice, Error, InitialWeights, ResumeRequest, Together, Trained};

use super::results::print_file;
use super::terminal::Terminal;
use super::weights::WeightsName;
use super::{configuration, dashboard, ranks};

/// Start a run from a configuration
#[derive(Args)]
pub struct Train {
    /// The configuration: a TOML file, or the name of a recipe (see fokker init --list)
    config: PathBuf,
    /// Change a key, such as --set training.steps=1000 or --set backend.name=flex
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Start from the weights of a run, a checkpoint, a model of diffusers, or a file of weights; the optimiser starts anew
    #[arg(long, value_name = "PATH")]
    init_from: Option<PathBuf>,
    /// The step of the checkpoint to start from, or `best` by checkpoints.best; the newest whole one if absent
    #[arg(long, value_name = "STEP", requires = "init_from", default_value_t, hide_default_value = true)]
    init_step: CheckpointChoice,
    /// Which weights to start from
    #[arg(long, value_enum, default_value = "average", requires = "init_from")]
    init_weights: WeightsName,
    /// Leave tensors that are missing there, or of another shape, at their initial values; without it they are refused
    #[arg(long, requires = "init_from")]
    init_partial: bool,
    /// Show the run on a live page while it trains
    #[arg(long)]
    watch: bool,
}

impl Train {
    /// Trains.
    pub fn run(self) -> Result<(), Error> {
        let mut folder = PathBuf::new();
        let trained = ranks::together(|ranks| {
            let config = configuration::read(&self.config, &self.changes)?;
            folder = config.run_folder();
            if self.watch && ranks.is_first() {
                dashboard::serve_while_training(&folder)?;
            }
            let together = Together { ranks, monitor: &Terminal::new() };
            match self.init_from {
                None => together.train(&config),
                Some(from) => {
                    let (weights, partial) = (self.init_weights.into(), self.init_partial);
                    let initial =
                        InitialWeights { checkpoint: self.init_step, weights, partial, ..InitialWeights::new(from) };
                    together.fine_tune(&config, &initial)
                }
            }
        });
        report(trained, &folder)
    }
}

/// Go on with a run from its newest whole checkpoint, or from a given one
#[derive(Args)]
pub struct Resume {
    /// The run's folder, or one of its checkpoints
    run: PathBuf,
    /// Change a key, such as --set training.steps=20000; the run's config.toml remembers it
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Go on from the checkpoint of this step; what the run has of later steps is set aside, not deleted
    #[arg(long, value_name = "STEP")]
    from: Option<u64>,
    /// A key, or a section, whose change makes the weights those of another experiment, and is wanted all the same
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    allow_changed: Vec<String>,
    /// Go on at the learning rate that the run had, without a schedule
    #[arg(long)]
    keep_learning_rate: bool,
    /// Show the run on a live page while it trains
    #[arg(long)]
    watch: bool,
}

impl Resume {
    /// Trains.
    pub fn run(self) -> Result<(), Error> {
        let request =
            ResumeRequest { from: self.from, allowed: self.allow_changed, keep_learning_rate: self.keep_learning_rate };
        let trained = ranks::together(|ranks| {
            if self.watch && ranks.is_first() {
                dashboard::serve_while_training(&run_of(&self.run))?;
            }
            let together = Together { ranks, monitor: &Terminal::new() };
            together.resume(&self.run, &self.changes, &request)
        });
        report(trained, &self.run)
    }
}

/// The folder of a run that is named by itself or by one of its checkpoints.
fn run_of(path: &Path) -> PathBuf {
    let checkpoints = path.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "checkpoints"));
    checkpoints.and_then(Path::parent).unwrap_or(path).into()
}

/// Prints the run's folder, or the command that goes on.
fn report(trained: Result<Trained, Error>, folder: &Path) -> Result<(), Error> {
    match trained {
        Ok(Trained { folder, finished: true, .. }) => {
            print_file(&folder);
            Ok(())
        }
        Ok(Trained { folder, .. }) => {
            eprintln!("saved; go on with: fokker resume {}", quoted(&folder));
            Err(Error::Interrupted)
        }
        Err(error) => {
            if let Error::Training(TrainingError::NonFinite { allowance, .. }) = &error {
                let folder = quoted(folder);
                eprintln!("to leave the step out: fokker resume {folder} --set training.skip_non_finite={allowance}");
            }
            Err(error)
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%".contains(letter);
    match !path.is_empty() && path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        let quoted = |path: &str| quoted(Path::new(path));
        assert_eq!(quoted("runs/größe-1.5"), "runs/größe-1.5");
        assert_eq!(quoted("my runs/a"), "'my runs/a'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
