//! Reports of the score Fokker–Planck equation [Lai 2023, sec. 2].

use fokker_model::Network;

use super::{Callback, Moment, Wants};
use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::plan::TrainingPlan;
use crate::score_fpe::Residuals;

/// Measures [`Trainer::residuals`](crate::Trainer::residuals) every `residuals.every` steps and at the last one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResidualReports;

fn is_due(plan: &TrainingPlan, step: u64) -> bool {
    plan.residuals.is_some_and(|residuals| plan.is_due(residuals.every, step))
}

impl<N: Network<D>, const D: usize> Callback<N, D> for ResidualReports {
    fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        Wants { line: is_due(plan, step), save: false }
    }

    fn measure(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        if is_due(at.trainer.plan(), at.step()) {
            let _phase = tracing::debug_span!("residuals", step = at.step()).entered();
            line.residuals = at.trainer.residuals()?.into_iter().filter(Residuals::is_finite).collect();
        }
        Ok(())
    }
}
