//! What happens around the steps of a training: each kind in a file of its own, behind one trait.
//!
//! The step loop knows steps and nothing else. It calls a list of callbacks at these points:
//!
//! | point | when | built-in callbacks |
//! |---|---|---|
//! | [`start`](Callback::start) | before the first step | [`SetAside`], [`MetricsFile`], [`TensorBoard`], [`StopEarly`], [`PowerAverages`] |
//! | [`make_up`](Callback::make_up), [`made_up`](Callback::made_up) | before the first step of a run that goes on | [`MetricsFile`], [`TensorBoard`] |
//! | [`step`](Callback::step) | after every step | [`PowerAverages`], [`Previews`] |
//! | [`measure`](Callback::measure) | a line of metrics is due, and is completed | [`ValidationLoss`], [`ResidualReports`] |
//! | [`line`](Callback::line) | the line is complete | [`MetricsFile`], [`TensorBoard`], [`StopEarly`] |
//! | [`save`](Callback::save) | everything up to this step is to be safe | [`MetricsFile`], [`PowerAverages`], [`Checkpoints`] |
//! | [`end`](Callback::end) | after the last step, or when training is stopped | [`TensorBoard`], [`StopEarly`] |

mod checkpoint;
mod early_stopping;
mod list;
mod metrics;
mod moment;
mod power_averages;
mod previews;
mod residuals;
mod set_aside;
mod tensorboard;
mod validation;

pub use checkpoint::Checkpoints;
pub use early_stopping::StopEarly;
pub use list::Callbacks;
pub use metrics::MetricsFile;
pub use moment::Moment;
pub use power_averages::PowerAverages;
pub use previews::Previews;
pub use residuals::ResidualReports;
pub use set_aside::SetAside;
pub use tensorboard::TensorBoard;
pub use validation::ValidationLoss;

use fokker_model::Network;

use crate::error::TrainingError;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::plan::TrainingPlan;

/// What a callback wants of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// A line of metrics.
    pub line: bool,
    /// That everything is saved.
    pub save: bool,
}

/// Something that happens around the steps of a training. Every method has a default that does nothing.
///
/// ```
/// use fokker_model::{Mlp, Network};
/// use fokker_training::{Callback, Moment, TrainingError};
///
/// /// Keeps the loss of every step, and stops when it is small.
/// #[derive(Default)]
/// struct Losses(Vec<f64>);
///
/// impl<N: Network<D>, const D: usize> Callback<N, D> for Losses {
///     fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
///         self.0.push(at.loss);
///         Ok(())
///     }
///
///     fn stop_requested(&self) -> bool {
///         self.0.last().is_some_and(|loss| *loss < 0.01)
///     }
/// }
///
/// let mut losses = Losses::default();
/// let callbacks = fokker_training::Callbacks::<Mlp, 2>::new().with(&mut losses);
/// ```
pub trait Callback<N: Network<D>, const D: usize>: Send {
    /// Training begins, perhaps at a later step than the first.
    ///
    /// # Errors
    /// Whatever keeps training from beginning.
    fn start(&mut self, _at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        Ok(())
    }

    /// Training goes on from a step at which it was interrupted: an evaluation that its line was left without is made now.
    ///
    /// # Errors
    /// Whatever keeps training from beginning.
    fn make_up(&mut self, _at: &mut Moment<'_, N, D>, _line: &mut Metrics) -> Result<(), TrainingError> {
        Ok(())
    }

    /// The line of the step that training goes on from gets the evaluation that `line` has.
    ///
    /// # Errors
    /// Whatever keeps training from beginning.
    fn made_up(&mut self, _at: &mut Moment<'_, N, D>, _line: &Metrics) -> Result<(), TrainingError> {
        Ok(())
    }

    /// What the callback wants of step `step`, counted from 1. Lines that are due by [`TrainingConfig::log_every`] come anyway.
    ///
    /// [`TrainingConfig::log_every`]: crate::TrainingConfig::log_every
    fn wants(&self, _plan: &TrainingPlan, _step: u64) -> Wants {
        Wants::default()
    }

    /// A line of metrics is due: what is measured for it is written into it.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn measure(&mut self, _at: &mut Moment<'_, N, D>, _line: &mut Metrics) -> Result<(), TrainingError> {
        Ok(())
    }

    /// A line of metrics is complete.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn line(&mut self, _at: &mut Moment<'_, N, D>, _line: &Metrics) -> Result<(), TrainingError> {
        Ok(())
    }

    /// A step was taken. If a line of metrics is due, it comes next.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn step(&mut self, _at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        Ok(())
    }

    /// Everything up to this step is to be safe: a callback wants it, or training is stopped.
    ///
    /// # Errors
    /// Whatever could not be saved; the callbacks that follow in the list are then left out. A full disk ends the training
    /// only if it is stopped or at its last step, and is a warning else.
    fn save(&mut self, _at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        Ok(())
    }

    /// Training ends as it was meant to, or was stopped.
    ///
    /// # Errors
    /// Whatever the caller should know.
    fn end(&mut self, _at: &mut Moment<'_, N, D>, _outcome: Outcome) -> Result<(), TrainingError> {
        Ok(())
    }

    /// Training ends with an error, to which the callback may add what it knows.
    fn failed(&mut self, error: TrainingError) -> TrainingError {
        error
    }

    /// Whether training is to save and end after this step.
    fn stop_requested(&self) -> bool {
        false
    }

    /// Whether nothing is left to learn: training is to save and end after this step, as if it were the last.
    fn ends_early(&self) -> bool {
        false
    }

    /// Hears a warning of any callback, such as a file that cannot be written yet; returns whether it has passed it on. A
    /// warning that no callback passes on goes to [`tracing`].
    fn warn(&mut self, _warning: &str) -> bool {
        false
    }
}

impl<N: Network<D>, const D: usize, T: Callback<N, D> + ?Sized> Callback<N, D> for &mut T {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        (**self).start(at)
    }

    fn make_up(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        (**self).make_up(at, line)
    }

    fn made_up(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        (**self).made_up(at, line)
    }

    fn wants(&self, plan: &TrainingPlan, step: u64) -> Wants {
        (**self).wants(plan, step)
    }

    fn measure(&mut self, at: &mut Moment<'_, N, D>, line: &mut Metrics) -> Result<(), TrainingError> {
        (**self).measure(at, line)
    }

    fn line(&mut self, at: &mut Moment<'_, N, D>, line: &Metrics) -> Result<(), TrainingError> {
        (**self).line(at, line)
    }

    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        (**self).step(at)
    }

    fn save(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        (**self).save(at)
    }

    fn end(&mut self, at: &mut Moment<'_, N, D>, outcome: Outcome) -> Result<(), TrainingError> {
        (**self).end(at, outcome)
    }

    fn failed(&mut self, error: TrainingError) -> TrainingError {
        (**self).failed(error)
    }

    fn stop_requested(&self) -> bool {
        (**self).stop_requested()
    }

    fn ends_early(&self) -> bool {
        (**self).ends_early()
    }

    fn warn(&mut self, warning: &str) -> bool {
        (**self).warn(warning)
    }
}
