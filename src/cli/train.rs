//! `fokker train` and `fokker resume`.

use std::path::PathBuf;

use clap::Args;
use fokker::{Error, RunConfig, experiment};

/// Start a run from a configuration
#[derive(Args)]
pub struct Train {
    /// The configuration, a TOML file (see configs/)
    config: PathBuf,
    /// Change a key, such as --set training.steps=1000 or --set backend.name=flex
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl Train {
    /// Trains.
    pub fn run(self) -> Result<(), Error> {
        report(&experiment::train(&RunConfig::load(&self.config, &self.changes)?, false)?)
    }
}

/// Go on with a run from its newest whole checkpoint
#[derive(Args)]
pub struct Resume {
    /// The run's folder
    run: PathBuf,
    /// Change a key, such as --set training.steps=20000; the change is not written into the run's config.toml
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl Resume {
    /// Trains.
    pub fn run(self) -> Result<(), Error> {
        let mut config = experiment::run_config(&self.run, &self.changes)?;
        // The run may have been moved or renamed.
        let folder = self
            .run
            .canonicalize()
            .map_err(|error| Error::File { path: self.run.clone(), message: error.to_string() })?;
        if let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) {
            config.runs = parent.into();
            config.name = name.to_string_lossy().into_owned();
        }
        report(&experiment::train(&config, true)?)
    }
}

fn report(trained: &experiment::Trained) -> Result<(), Error> {
    let folder = trained.folder.display();
    if trained.finished {
        println!("{folder}");
        return Ok(());
    }
    eprintln!("saved; go on with: fokker resume {folder}");
    Err(Error::Interrupted)
}
