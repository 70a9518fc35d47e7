//! What a work knows of the ranks that share it.

use std::sync::Arc;

use crate::alone::Alone;
use crate::engine::{Engine, Place};
use crate::error::RanksError;

/// The environment variable for the seconds that a rank waits for another.
pub(crate) const TIMEOUT: &str = "FOKKER_RANKS_TIMEOUT";

/// Bytes of one message of a broadcast.
const MESSAGE: usize = 16 << 20;

/// The ranks that share a work, as one of them sees them. A copy is the same rank.
///
/// Every rank makes the same calls in the same order.
#[derive(Clone, Debug)]
pub struct Ranks {
    engine: Arc<dyn Engine>,
}

impl Default for Ranks {
    fn default() -> Self {
        Self::alone()
    }
}

impl Ranks {
    /// A work that is not shared.
    ///
    /// ```
    /// let ranks = fokker_ranks::Ranks::alone();
    /// assert_eq!((ranks.rank(), ranks.size()), (0, 1));
    /// assert_eq!(ranks.gather(b"all there is")?, [b"all there is"]);
    /// # Ok::<(), fokker_ranks::RanksError>(())
    /// ```
    pub fn alone() -> Self {
        Self::new(Alone)
    }

    /// The ranks that an engine connects.
    pub fn new(engine: impl Engine + 'static) -> Self {
        Self { engine: Arc::new(engine) }
    }

    /// The number of this rank.
    pub fn rank(&self) -> usize {
        self.engine.rank()
    }

    /// How many ranks there are.
    pub fn size(&self) -> usize {
        self.engine.size()
    }

    /// Whether this is rank 0, which alone writes and speaks.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Where this rank works.
    pub fn place(&self) -> Place {
        self.engine.place()
    }

    /// What every rank passes to every other.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`].
    pub fn exchange(&self, outgoing: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, RanksError> {
        self.engine.exchange(outgoing)
    }

    /// What every rank has, in the order of ranks, for every rank.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`].
    pub fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, RanksError> {
        self.exchange(vec![own.to_vec(); self.size()])
    }

    /// The bytes of rank 0, for every rank. Those of the others are not looked at.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`].
    pub fn broadcast(&self, own: Vec<u8>) -> Result<Vec<u8>, RanksError> {
        if self.size() == 1 {
            return Ok(own);
        }
        let send = |bytes: &[u8]| {
            let to = |rank| if self.is_first() && rank != 0 { bytes.to_vec() } else { Vec::new() };
            Ok(self.exchange((0..self.size()).map(to).collect())?.swap_remove(0))
        };
        let length = send(&(own.len() as u64).to_le_bytes())?;
        if self.is_first() {
            own.chunks(MESSAGE).try_for_each(|chunk| send(chunk).map(drop))?;
            return Ok(own);
        }
        let length = u64::from_le_bytes(length.try_into().map_err(|_| RanksError::Left { rank: 0 })?) as usize;
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            bytes.extend(send(&[])?);
        }
        Ok(bytes)
    }

    /// For each flag, whether any rank has it set.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`].
    pub fn any<const K: usize>(&self, flags: [bool; K]) -> Result<[bool; K], RanksError> {
        if self.size() == 1 {
            return Ok(flags);
        }
        let all = self.gather(&flags.map(u8::from))?;
        Ok(std::array::from_fn(|flag| all.iter().any(|of_rank| of_rank.get(flag) == Some(&1))))
    }

    /// Returns when all ranks are here.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`].
    pub fn barrier(&self) -> Result<(), RanksError> {
        self.any([]).map(|[]| ())
    }

    /// Does something that the others wait for, however long it takes: they wait for this rank as long as it lives, and not only for the
    /// time that the engine waits for a part of the shared work.
    ///
    /// ```
    /// let ranks = fokker_ranks::Ranks::alone();
    /// assert_eq!(ranks.own_work(|| 6 * 7), 42);
    /// ```
    pub fn own_work<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Back<'a>(&'a Ranks, bool);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.engine.set_busy(self.1);
            }
        }
        let _back = Back(self, self.engine.set_busy(true));
        work()
    }

    /// Makes sure that a text is the same on all ranks.
    ///
    /// # Errors
    /// The first rank that has another text than rank 0, with the first line that differs; those of [`Engine::exchange`].
    ///
    /// ```
    /// fokker_ranks::Ranks::alone().agree("configuration", "seed = 1")?;
    /// # Ok::<(), fokker_ranks::RanksError>(())
    /// ```
    pub fn agree(&self, what: &str, text: &str) -> Result<(), RanksError> {
        let all = self.gather(text.as_bytes())?;
        let Some(rank) = (1..all.len()).find(|&rank| all[rank] != all[0]) else { return Ok(()) };
        let (first, other) = (String::from_utf8_lossy(&all[0]), String::from_utf8_lossy(&all[rank]));
        Err(RanksError::Different { rank, what: what.into(), difference: first_difference(&first, &other) })
    }

    /// The last call: this rank is done, or has failed for a reason that the others hear of.
    ///
    /// # Errors
    /// Those of [`Engine::leave`].
    pub fn leave(&self, failure: Option<&str>) -> Result<(), RanksError> {
        self.engine.leave(failure)
    }
}

/// The first line in which two texts differ.
fn first_difference(first: &str, other: &str) -> String {
    let mut lines = (first.lines(), other.lines());
    loop {
        return match (lines.0.next(), lines.1.next()) {
            (Some(one), Some(two)) if one == two => continue,
            (None, None) => String::new(),
            (one, two) => {
                let shown = |line: Option<&str>| line.map_or("nothing".into(), |line| format!("`{line}`"));
                format!(", {} in the place of {}", shown(two), shown(one))
            }
        };
    }
}
