//! `fokker export`.

use std::path::PathBuf;

use clap::Args;
use fokker::diffusers::{ExportRequest, export};
use fokker::model::WeightPrecision;
use fokker::{CheckpointChoice, Error};

use super::results::print_file;
use super::terminal::Terminal;
use super::weights::WeightsName;

/// Write a run as a model that diffusers opens: weights, scheduler, and a card
#[derive(Args)]
pub struct Export {
    /// A run's folder, or one of its checkpoints
    run: PathBuf,
    /// The folder of the model, which must be new or empty
    folder: PathBuf,
    /// The checkpoint of this step, or `best` by checkpoints.best; the newest whole one if absent
    #[arg(long, default_value_t, hide_default_value = true)]
    step: CheckpointChoice,
    /// Which weights
    #[arg(long, value_enum, default_value = "average")]
    weights: WeightsName,
    /// Numbers of 16 bits
    #[arg(long)]
    half: bool,
}

impl Export {
    /// Writes the model.
    pub fn run(self) -> Result<(), Error> {
        let precision = if self.half { WeightPrecision::Half } else { WeightPrecision::Single };
        let (run, folder) = (self.run, self.folder);
        let request = ExportRequest {
            run,
            folder: folder.clone(),
            checkpoint: self.step,
            weights: self.weights.into(),
            precision,
        };
        export(&request, &Terminal::new())?;
        print_file(&folder);
        Ok(())
    }
}
