//! The callbacks of a training, in order.

use fokker_model::Network;

use super::{
    Callback, Checkpoints, MetricsFile, Moment, PowerAverages, ResidualReports, SetAside, StopEarly, TensorBoard,
    ValidationLoss, Wants,
};
use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::plan::TrainingPlan;
use crate::run::RunFolder;
use crate::trainer::Trainer;

/// The callbacks of a training. At each point they are called in their order.
///
/// An empty list trains and writes nothing; [`Callbacks::in_folder`] has all that a run in a folder has.
pub struct Callbacks<'a, N: Network<D>, const D: usize> {
    list: Vec<Box<dyn Callback<N, D> + 'a>>,
}

impl<N: Network<D>, const D: usize> Default for Callbacks<'_, N, D> {
    fn default() -> Self {
        Self { list: Vec::new() }
    }
}

impl<'a, N: Network<D>, const D: usize> Callbacks<'a, N, D> {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of a run in a folder: what is of later steps is set aside, validation and residuals are measured as the plan says,
    /// metrics are written for readers and for TensorBoard, training ends early if it is to, averages are tracked, checkpoints are saved. `config` is stored in every checkpoint.
    pub fn in_folder(run: &RunFolder, config: impl Into<String>) -> Self {
        Self::new()
            .with(SetAside::new(run))
            .with(ValidationLoss)
            .with(ResidualReports)
            .with(MetricsFile::new(run))
            .with(TensorBoard::new(run))
            .with(StopEarly::in_folder(run))
            .with(PowerAverages::new(run))
            .with(Checkpoints::new(run, config))
    }

    /// The same with one more, which is called after the others.
    pub fn with(mut self, callback: impl Callback<N, D> + 'a) -> Self {
        self.list.push(Box::new(callback));
        self
    }

    pub(crate) fn start(&mut self, trainer: &Trainer<N, D>) -> Result<(), TrainingError> {
        self.each(trainer, f64::NAN, |callback, at| callback.start(at))
    }

    /// Completes the line of the step that training goes on from.
    pub(crate) fn make_up(&mut self, trainer: &Trainer<N, D>) -> Result<(), TrainingError> {
        let mut line = Metrics { step: trainer.step(), ..Metrics::default() };
        self.each(trainer, f64::NAN, |callback, at| callback.make_up(at, &mut line))?;
        match line.evaluation.is_empty() {
            true => Ok(()),
            false => self.each(trainer, f64::NAN, |callback, at| callback.made_up(at, &line)),
        }
    }

    pub(crate) fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        let wants = self.list.iter().map(|callback| callback.wants(plan, step));
        wants.fold(Wants::default(), |all, one| Wants { line: all.line || one.line, save: all.save || one.save })
    }

    pub(crate) fn measure(
        &mut self,
        trainer: &Trainer<N, D>,
        loss: f64,
        line: &mut Metrics,
    ) -> Result<(), TrainingError> {
        self.each(trainer, loss, |callback, at| callback.measure(at, line))
    }

    pub(crate) fn line(&mut self, trainer: &Trainer<N, D>, loss: f64, line: &Metrics) -> Result<(), TrainingError> {
        self.each(trainer, loss, |callback, at| callback.line(at, line))
    }

    pub(crate) fn step(&mut self, trainer: &Trainer<N, D>, loss: f64) -> Result<(), TrainingError> {
        self.each(trainer, loss, |callback, at| callback.step(at))
    }

    /// A full disk is forgiven unless this is the `last` chance to save.
    pub(crate) fn save(&mut self, trainer: &Trainer<N, D>, loss: f64, last: bool) -> Result<(), TrainingError> {
        match self.each(trainer, loss, |callback, at| callback.save(at)) {
            Err(error) if error.is_full_disk() && !last => {
                let (step, cause) = (trainer.step(), error.without_remedy());
                self.warn(&format!(
                    "step {step}: there is no checkpoint: {cause}. Training goes on; make room before the next one"
                ));
                Ok(())
            }
            saved => saved,
        }
    }

    pub(crate) fn end(
        &mut self,
        trainer: &Trainer<N, D>,
        loss: f64,
        outcome: Outcome,
    ) -> Result<Outcome, TrainingError> {
        self.each(trainer, loss, |callback, at| callback.end(at, outcome))?;
        Ok(outcome)
    }

    pub(crate) fn failed(&mut self, error: TrainingError) -> TrainingError {
        self.list.iter_mut().fold(error, |error, callback| callback.failed(error))
    }

    /// How training ends after this step, if it does before the last one.
    pub(crate) fn end_requested(&self) -> Option<Outcome> {
        if self.list.iter().any(|callback| callback.ends_early()) {
            return Some(Outcome::EndedEarly);
        }
        self.list.iter().any(|callback| callback.stop_requested()).then_some(Outcome::Interrupted)
    }

    /// Calls every callback, and passes its warnings on to all.
    fn each(
        &mut self,
        trainer: &Trainer<N, D>,
        loss: f64,
        mut call: impl FnMut(&mut dyn Callback<N, D>, &mut Moment<'_, N, D>) -> Result<(), TrainingError>,
    ) -> Result<(), TrainingError> {
        for index in 0..self.list.len() {
            let mut at = Moment::new(trainer, loss);
            let called = trainer.ranks().own_work(|| call(&mut *self.list[index], &mut at));
            for warning in at.warnings {
                self.warn(&warning);
            }
            called?;
        }
        Ok(())
    }

    fn warn(&mut self, warning: &str) {
        let mut passed_on = false;
        for callback in &mut self.list {
            passed_on |= callback.warn(warning);
        }
        if !passed_on {
            tracing::warn!("{warning}");
        }
    }
}
