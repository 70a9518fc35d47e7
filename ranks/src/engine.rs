//! What passes bytes between the ranks.

use std::fmt::Debug;

use crate::error::RanksError;

/// Where a rank works: its share of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of this rank among those of its machine.
    pub rank: usize,
    /// How many ranks the machine has.
    pub size: usize,
    /// Its share of the machine's processor, in threads.
    pub threads: usize,
}

/// What passes bytes between the ranks. Every rank calls [`Engine::exchange`] equally often, and in the same order.
pub trait Engine: Debug + Send + Sync {
    /// The number of this rank.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Where this rank works.
    fn place(&self) -> Place;

    /// Makes it known that this rank is at a work of its own, or is not any longer: while it is, the others wait for it as long as it lives.
    /// Returns whether it was.
    fn set_busy(&self, busy: bool) -> bool;

    /// Passes `outgoing[k]` to rank k, for every k, and returns what each rank passed to this one.
    ///
    /// # Errors
    /// A rank that failed, has left, or passed nothing on within the time that the engine waits.
    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, RanksError>;

    /// The last call: this rank is done, or has failed for a reason that the others hear of in their next exchange. Returns when all
    /// ranks have left.
    ///
    /// # Errors
    /// Ranks that do not leave within the time that the engine waits; with MPI, a rank that left with a reason.
    fn leave(&self, failure: Option<&str>) -> Result<(), RanksError>;
}
