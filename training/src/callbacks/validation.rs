//! The loss on held-out data.

use fokker_model::Network;

use super::{Callback, Moment, Wants};
use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::plan::TrainingPlan;

/// Measures [`Trainer::validation_loss`](crate::Trainer::validation_loss), and where it comes from
/// ([`Trainer::noise_levels`](crate::Trainer::noise_levels)), every `training.validate_every` steps and at the last one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValidationLoss;

impl<N: Network<D>, const D: usize> Callback<N, D> for ValidationLoss {
    fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        Wants { line: plan.is_due(plan.training.validate_every, step), save: false }
    }

    fn measure(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        let plan = at.trainer.plan();
        if !plan.is_due(plan.training.validate_every, at.step()) {
            return Ok(());
        }
        let _phase = tracing::debug_span!("validation", step = at.step()).entered();
        if let Some(validation) = at.trainer.validation_loss()? {
            (line.validation_loss, line.validation_not_finite) = (validation.loss, validation.not_finite);
            line.noise_levels = at.trainer.noise_levels()?;
        }
        Ok(())
    }
}
