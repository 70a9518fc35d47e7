//! `fokker config check`.

use std::path::PathBuf;

use clap::Subcommand;
use fokker::Error;
use serde_json::json;

use super::configuration;
use super::results::print_result;

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
                    let (memory, warnings) = (config.training_memory()?, config.warnings()?);
                    let object = json!({
                        "file": file, "ok": true, "name": config.name, "memory": memory.to_string(), "warnings": warnings
                    });
                    let name = file.display();
                    let said = warnings.iter().map(|warning| format!("{name}: warning: {warning}\n"));
                    print_result(object, || {
                        format!("{name}: ok ({}), {memory}\n{}", config.name, said.collect::<String>())
                    });
                }
                Err(error) => {
                    let object = json!({ "file": file, "ok": false, "error": error.to_string() });
                    print_result(object, || format!("{error}\n"));
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }
}
