//! A training that ends early.

use std::path::PathBuf;

use fokker_model::Network;

use super::{Callback, Moment};
use crate::best::Best;
use crate::error::TrainingError;
use crate::metrics::{Metrics, recorded};
use crate::outcome::Outcome;
use crate::run::RunFolder;

/// Ends a training as `training.early_stopping` says, and says why. A run that goes on remembers its losses.
#[derive(Clone, Debug, Default)]
pub struct StopEarly {
    metrics: Option<PathBuf>,
    losses: Vec<(u64, f64)>,
    /// Step and loss of the best validation, once training is to end.
    best: Option<(u64, f64)>,
}

impl StopEarly {
    /// For a training without a folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a run, which may go on. It comes after [`MetricsFile`](super::MetricsFile), which drops lines of later steps.
    pub fn in_folder(run: &RunFolder) -> Self {
        Self { metrics: Some(run.metrics()), ..Self::default() }
    }

    fn judge<N: Network<D>, const D: usize>(&mut self, at: &Moment<'_, N, D>) {
        let rule = at.trainer.plan().training.early_stopping;
        self.best = rule.and_then(|rule| rule.best_before_end(self.losses.iter().copied()));
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for StopEarly {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        if let (Some(path), Some(_)) = (&self.metrics, at.trainer.plan().training.early_stopping) {
            self.losses = recorded(path, Best::VALIDATION_LOSS)?;
            self.judge(at);
        }
        Ok(())
    }

    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        if let Some(loss) = line.validation_loss {
            self.losses.push((line.step, loss));
            self.judge(at);
        }
        Ok(())
    }

    fn ends_early(&self) -> bool {
        self.best.is_some()
    }

    fn end(&mut self, at: &mut Moment<'_, N, D>, outcome: Outcome) -> Result<(), TrainingError> {
        let rule = at.trainer.plan().training.early_stopping;
        if let (Outcome::EndedEarly, Some(rule), Some((step, loss))) = (outcome, rule, self.best) {
            let (now, patience) = (at.step(), rule.patience);
            at.warn(format!(
                "ended early at step {now}: the validation loss was lowest at step {step}, {loss:.6}, and in {patience} validations \
                 since it was not lower by more than {}. To go on: training.early_stopping.patience = {} or more",
                rule.min_delta,
                2 * patience
            ));
        }
        Ok(())
    }
}
