//! A run that goes back to an earlier step keeps what it had made after it.

use fokker_model::Network;

use super::{Callback, Moment};
use crate::error::TrainingError;
use crate::run::RunFolder;

/// Moves what a run has of later steps than the one that training begins at out of the way
/// ([`RunFolder::go_back_to`]). It comes before the callbacks that write.
#[derive(Clone, Debug)]
pub struct SetAside {
    run: RunFolder,
}

impl SetAside {
    /// For a run.
    pub fn new(run: &RunFolder) -> Self {
        Self { run: run.clone() }
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for SetAside {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let step = at.step();
        if let Some(folder) = self.run.go_back_to(step)? {
            at.warn(format!("what was made after step {step} is set aside in {}", folder.display()));
        }
        Ok(())
    }
}
