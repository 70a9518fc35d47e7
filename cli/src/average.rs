//! `fokker average`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use fokker::{AverageRequest, Error, average};
use serde_json::json;

use super::results::print_result;
use super::terminal::Terminal;

/// Make averages of the weights, of lengths chosen after the training, from the snapshots of a run with a section [averages]
#[derive(Args)]
pub struct Average {
    /// The run
    run: PathBuf,
    /// The length of the average, as a share of the training: its relative deviation, such as 0.05. Several are separated by commas
    #[arg(long = "std", required = true, value_delimiter = ',')]
    stds: Vec<f64>,
    /// The step that it ends at; that of the newest snapshot if absent
    #[arg(long)]
    step: Option<u64>,
    /// The folder of the run that is made; RUN-std-STD if absent. For one average alone
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Average {
    /// Makes them.
    pub fn run(self) -> Result<(), Error> {
        if self.out.is_some() && self.stds.len() > 1 {
            return Err(Error::Usage(
                "--out names one folder, but --std names several averages; leave --out away".into(),
            ));
        }
        for &std in &self.stds {
            let into = self.out.clone().unwrap_or_else(|| folder(&self.run, std));
            let made = average(&self.run, &AverageRequest { std, step: self.step }, &into, &Terminal::new())?;
            let object = json!({
                "run": made.run, "std": std, "step": made.step, "snapshots": made.snapshots, "profile_error": made.error
            });
            print_result(object, || {
                format!(
                    "{}: σ_rel {std} at step {}, of {} snapshots; its profile is off by {:.2} %\n",
                    made.run.display(),
                    made.step,
                    made.snapshots,
                    100.0 * made.error
                )
            });
        }
        Ok(())
    }
}

/// The folder of an average next to its run.
fn folder(run: &Path, std: f64) -> PathBuf {
    // Inside of the run's folder its name is "."; the real path has one to begin with.
    let run = run.canonicalize().unwrap_or_else(|_| run.into());
    let mut name: OsString = run.into();
    name.push(format!("-std-{std}"));
    name.into()
}
