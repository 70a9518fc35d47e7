//! How an array of numbers is divided among ranks.

use std::ops::Range;

use crate::error::RanksError;
use crate::number_format::NumberFormat;
use crate::ranks::Ranks;

/// Numbers of a bucket: 4 MB.
pub(crate) const BUCKET: usize = 1 << 20;

/// How an array of numbers is divided among ranks: first those of rank 0, then those of rank 1, …
///
/// ```
/// use fokker_ranks::Shares;
///
/// assert_eq!(Shares::new(&[3, 0, 4]).of(2), 3..7);
/// assert_eq!(Shares::equal(7, 3), Shares::new(&[3, 3, 1]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Where each rank's numbers end.
    ends: Vec<usize>,
}

impl Shares {
    /// By how many numbers each rank has.
    pub fn new(lengths: &[usize]) -> Self {
        let add = |end: &mut usize, &length: &usize| {
            *end += length;
            Some(*end)
        };
        Self { ends: lengths.iter().scan(0, add).collect() }
    }

    /// As many numbers for each rank, as far as that is possible.
    pub fn equal(length: usize, ranks: usize) -> Self {
        let each = length.div_ceil(ranks.max(1));
        Self { ends: (1..=ranks).map(|rank| (rank * each).min(length)).collect() }
    }

    /// The places of a rank's numbers.
    pub fn of(&self, rank: usize) -> Range<usize> {
        let start = if rank == 0 { 0 } else { self.ends[rank - 1] };
        start..self.ends[rank]
    }

    /// How many numbers there are.
    pub fn total(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    pub(crate) fn longest(&self) -> usize {
        (0..self.ends.len()).map(|rank| self.of(rank).len()).max().unwrap_or(0)
    }

    /// A bucket of a rank's numbers, which begins `start` numbers after the first.
    pub(crate) fn bucket(&self, rank: usize, start: usize, bucket: usize) -> Range<usize> {
        let Range { start: first, end } = self.of(rank);
        (first + start).min(end)..(first + start + bucket).min(end)
    }

    /// All numbers, for every rank: each has those of its share.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`](crate::Engine::exchange).
    ///
    /// # Panics
    /// Another number of numbers than this rank's share has.
    pub fn gather(&self, ranks: &Ranks, own: &[f32]) -> Result<Vec<f32>, RanksError> {
        self.pass_on(ranks, own, |_| true)
    }

    /// All numbers, for rank 0; none for the others.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`](crate::Engine::exchange).
    ///
    /// # Panics
    /// Another number of numbers than this rank's share has.
    pub fn gather_at_first(&self, ranks: &Ranks, own: &[f32]) -> Result<Vec<f32>, RanksError> {
        self.pass_on(ranks, own, |rank| rank == 0)
    }

    /// Passes this rank's numbers to some ranks, in buckets.
    fn pass_on(&self, ranks: &Ranks, own: &[f32], to: impl Fn(usize) -> bool) -> Result<Vec<f32>, RanksError> {
        assert_eq!(own.len(), self.of(ranks.rank()).len(), "a rank has the numbers of its share");
        let bucket = BUCKET.div_ceil(ranks.size());
        let takes = to(ranks.rank());
        let mut all = vec![0.0; if takes { self.total() } else { 0 }];
        for start in (0..self.longest()).step_by(bucket) {
            let bytes = NumberFormat::F32.to_bytes(&own[start.min(own.len())..(start + bucket).min(own.len())]);
            let outgoing = (0..ranks.size()).map(|rank| if to(rank) { bytes.clone() } else { Vec::new() }).collect();
            let incoming = ranks.exchange(outgoing)?;
            for (rank, bytes) in incoming.iter().enumerate().filter(|_| takes) {
                let places = &mut all[self.bucket(rank, start, bucket)];
                NumberFormat::F32.change(places, bytes, |place, number| *place = number);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::threads;

    #[test]
    fn rank_0_gets_the_numbers_of_all_shares_in_their_order() {
        let shares = Shares::new(&[2, 0, 3]);
        let found: Vec<Vec<f32>> = std::thread::scope(|scope| {
            let work = |ranks: Ranks| {
                let own: Vec<f32> = shares.of(ranks.rank()).map(|place| place as f32).collect();
                let shares = &shares;
                scope.spawn(move || shares.gather_at_first(&ranks, &own).unwrap())
            };
            let running: Vec<_> = threads(3, Duration::from_secs(10)).into_iter().map(work).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found, [vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![], vec![]]);
    }
}
