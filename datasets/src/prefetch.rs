//! Batches made ahead, on a thread of their own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use crate::{Batch, Batches, DatasetError};

/// An endless iterator over the batches of steps k, k + stride, …, the same ones that [`Batches::at`] gives.
///
/// At most `depth` finished batches wait, and one more is being made. Dropping this ends the thread. If the thread
/// panics, [`Iterator::next`] panics with the same message.
pub struct Prefetch {
    batches: Option<Receiver<Batch>>,
    thread: Option<JoinHandle<()>>,
}

impl Batches {
    /// Starts making batches from step `first_step` on, `depth` ahead of the one asked for.
    ///
    /// # Errors
    /// [`DatasetError::Thread`] if the system refuses a thread.
    pub fn prefetch(self: Arc<Self>, first_step: u64, depth: usize) -> Result<Prefetch, DatasetError> {
        self.prefetch_every(first_step, 1, depth)
    }

    /// The same for every `stride`-th step alone.
    ///
    /// # Errors
    /// [`DatasetError::Thread`] if the system refuses a thread.
    ///
    /// # Panics
    /// If `stride` is 0.
    pub fn prefetch_every(
        self: Arc<Self>,
        first_step: u64,
        stride: usize,
        depth: usize,
    ) -> Result<Prefetch, DatasetError> {
        let (sender, receiver) = sync_channel(depth);
        let make = move || {
            for step in (first_step..).step_by(stride) {
                if sender.send(self.at(step)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("fokker-batches".into())
            .spawn(make)
            .map_err(|source| DatasetError::Thread { source })?;
        Ok(Prefetch { batches: Some(receiver), thread: Some(thread) })
    }
}

impl Iterator for Prefetch {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.batches.as_ref().and_then(|batches| batches.recv().ok());
        if batch.is_none()
            && let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
        {
            std::panic::resume_unwind(panic);
        }
        batch
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // Without a receiver the thread's next send fails, and it ends.
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
