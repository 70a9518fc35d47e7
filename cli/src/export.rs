//! `fokker export`.

use std::path::PathBuf;

use clap::Args;
use fokker::Error;
use fokker::diffusers::{ExportRequest, export};
use fokker::model::WeightPrecision;

use super::checkpoint::CheckpointOptions;
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
    #[command(flatten)]
    checkpoint: CheckpointOptions,
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
            checkpoint: self.checkpoint.step,
            weights: self.weights.into(),
            precision,
        };
        export(&request, &Terminal::new())?;
        print_file(&folder);
        Ok(())
    }
}
