//! The engine of a work that is not shared.

use crate::engine::{Engine, Place};
use crate::error::RanksError;

#[derive(Debug)]
pub(crate) struct Alone;

impl Engine for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn place(&self) -> Place {
        Place { rank: 0, size: 1, threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }

    fn set_busy(&self, _busy: bool) -> bool {
        false
    }

    fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, RanksError> {
        Ok(outgoing)
    }

    fn leave(&self, _failure: Option<&str>) -> Result<(), RanksError> {
        Ok(())
    }
}
