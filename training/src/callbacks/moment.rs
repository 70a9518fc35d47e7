//! A point of a training, as callbacks see it.

use fokker_model::Network;

use crate::trainer::Trainer;

/// A point of a training, as callbacks see it.
pub struct Moment<'a, N: Network<D>, const D: usize> {
    /// The training: its plan, its weights and how far it got.
    pub trainer: &'a Trainer<N, D>,
    /// The loss of the last step. On a device that computes ahead it is that of the newest step that was read, and NaN before
    /// there is one.
    pub loss: f64,
    pub(super) warnings: Vec<String>,
}

impl<'a, N: Network<D>, const D: usize> Moment<'a, N, D> {
    pub(super) fn new(trainer: &'a Trainer<N, D>, loss: f64) -> Self {
        Self { trainer, loss, warnings: Vec::new() }
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.trainer.step()
    }

    /// Warns of something that training goes on without: all callbacks [hear of it](super::Callback::warn).
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }
}
