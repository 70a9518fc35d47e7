//! `fokker config check`.

use std::path::PathBuf;

use clap::Subcommand;
use fokker::Error;

use super::configuration;

/// Work with configurations
#[derive(Subcommand)]
pub enum Config {
    /// Check configurations without starting anything
    Check {
        /// Files, or names of recipes
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
            match configuration::read(&file, &[]) {
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
