//! A run that is made of weights and not by a training: an import, an average.

use fokker_model::Network;
use fokker_training::{Checkpoint, ModuleOptimizer, RunFolder, TrainingState};

use crate::config::RunConfig;
use crate::error::Error;

/// Writes the folder of a run with one checkpoint: weights, their average, and an optimiser that has not seen a gradient.
///
/// # Errors
/// A run that is there already, or that another process is making; a file that cannot be written.
pub(crate) fn write_run<N: Network<D>, const D: usize>(
    folder: &RunFolder,
    config: &RunConfig,
    [model, ema]: [N; 2],
    state: TrainingState,
) -> Result<(), Error> {
    let text = config.to_toml()?;
    let moments = ModuleOptimizer::new(config.optimizer.clone()).moments(&ema);
    let _lock = folder.lock()?;
    folder.create(&text)?;
    Checkpoint { model, ema, moments, state }.save(&folder.checkpoints(), &folder.set_aside(), &text)?;
    Ok(())
}
