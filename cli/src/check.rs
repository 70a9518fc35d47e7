//! `fokker config check`.

use std::path::PathBuf;

use clap::Subcommand;
use fokker::{Error, RunConfig};

/// Work with configurations
#[derive(Subcommand)]
pub enum Config {
    /// Check configurations without starting anything
    Check {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

impl Config {
    /// Checks every file, and fails with the first error after all are checked.
    pub fn run(self) -> Result<(), Error> {
        let Self::Check { files } = self;
        let mut first_error = None;
        for file in files {
            match RunConfig::load(&file, &[]) {
                Ok(config) => {
                    println!("{}: ok ({}), {}", file.display(), config.name, config.training_memory()?);
                    for warning in config.warnings()? {
                        println!("{}: warning: {warning}", file.display());
                    }
                }
                Err(error) => {
                    println!("{error}");
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }
}
