//! Something that is drawn while training.

use fokker_model::Network;

use super::{Callback, Moment};
use crate::error::TrainingError;

/// Calls a function with the step and the averaged weights every so many steps. What it fails with is a warning: no reason
/// to lose a run.
///
/// ```
/// use fokker_model::Mlp;
/// use fokker_training::{Callbacks, Previews};
///
/// let draw = |step: u64, average: &Mlp| {
///     println!("step {step}: {average}");
///     Ok(())
/// };
/// let callbacks = Callbacks::<Mlp, 2>::new().with(Previews::new(500, draw));
/// ```
#[derive(Clone, Debug)]
pub struct Previews<F> {
    every: u64,
    draw: F,
}

impl<F> Previews<F> {
    /// Calls `draw` every so many steps; never if that is 0.
    pub fn new(every: u64, draw: F) -> Self {
        Self { every, draw }
    }
}

impl<N, F, const D: usize> Callback<N, D> for Previews<F>
where
    N: Network<D>,
    F: FnMut(u64, &N) -> Result<(), String> + Send,
{
    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let step = at.step();
        if self.every == 0 || !step.is_multiple_of(self.every) {
            return Ok(());
        }
        let _phase = tracing::debug_span!("preview", step).entered();
        if let Err(error) = (self.draw)(step, at.trainer.ema()) {
            at.warn(format!("step {step}: no preview is drawn: {error}"));
        }
        Ok(())
    }
}
