//! Checkpoints.

use fokker_model::Network;

use super::{Callback, Moment, Wants};
use crate::checkpoint::{newest_valid, prune};
use crate::error::TrainingError;
use crate::plan::TrainingPlan;
use crate::run::RunFolder;

/// Writes a checkpoint every `checkpoints.every` steps, after each measurement that the [best](crate::Best) is chosen by, at the
/// last step and when training is stopped, and deletes those that are too many.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    run: RunFolder,
    config: String,
}

impl Checkpoints {
    /// For a run. `config` is stored in every checkpoint.
    pub fn new(run: &RunFolder, config: impl Into<String>) -> Self {
        Self { run: run.clone(), config: config.into() }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for Checkpoints {
    fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        let is_measured = plan.best.as_ref().is_some_and(|best| plan.is_due(best.every, step));
        Wants { line: false, save: plan.is_due(plan.checkpoints.every, step) || is_measured }
    }

    fn save(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let _phase = tracing::debug_span!("checkpoint", step = at.step()).entered();
        let folder = self.run.checkpoints();
        at.trainer.checkpoint()?.save(&folder, &self.run.set_aside(), &self.config)?;
        let plan = at.trainer.plan();
        let best = plan.best.as_ref().map_or(Ok(None), |best| best.checkpoint(&self.run));
        if let Err(error) = best.and_then(|best| prune(&folder, &plan.checkpoints, best.as_deref())) {
            // One checkpoint too many is no reason to end.
            tracing::warn!("{error}");
        }
        Ok(())
    }

    /// Adds from where a run that met numbers that are not finite can go on.
    fn failed(&mut self, error: TrainingError) -> TrainingError {
        let TrainingError::NonFinite { step, what, times, last_good, allowance } = error else { return error };
        match newest_valid(&self.run.checkpoints()) {
            Ok(newest) => {
                let last_good = newest.map_or(last_good, |path| path.display().to_string());
                TrainingError::NonFinite { step, what, times, last_good, allowance }
            }
            Err(error) => error,
        }
    }
}
