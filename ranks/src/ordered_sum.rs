//! Sums whose bits do not depend on the number of ranks.
//!
//! The sum of A·W parts is `((p₀ + p₁) + p₂) + …`, in single precision. Of W ranks, rank r has the parts r, r + W, r + 2W, …, one in each
//! *round*. Each rank sums a share of the places, over all parts:
//!
//! ```text
//!   round      rank 0 has      rank 1 has          each passes 1/W of its part to each other rank
//!     0       p₀ = [a₀ b₀]    p₁ = [a₁ b₁]         rank 0: a₀ + a₁          rank 1: b₀ + b₁
//!     1       p₂ = [a₂ b₂]    p₃ = [a₃ b₃]                 … + a₂ + a₃              … + b₂ + b₃
//!   finish                                         each passes its share of the sum to all
//! ```
//!
//! Per part a rank passes on (W − 1)/W of its length, and for the finish as much once more, as in an all-reduce along a ring. It
//! happens in buckets. Memory holds the shares of the sum, 1/W of its length, and two buckets.

use crate::error::RanksError;
use crate::ranks::Ranks;

/// Numbers of a bucket: 4 MB.
const BUCKET: usize = 1 << 20;

/// A sum of arrays of numbers over parts, in the order of the parts whatever the number of ranks.
#[derive(Debug)]
pub struct OrderedSum {
    ranks: Ranks,
    length: usize,
    bucket: usize,
    /// The sums of this rank's share of every bucket, one after the other.
    own: Vec<f32>,
}

impl OrderedSum {
    /// A sum of no parts of this length. Its numbers are −0, to which any number can be added without a change.
    pub fn new(ranks: &Ranks, length: usize) -> Self {
        Self::with_buckets(ranks, length, BUCKET)
    }

    fn with_buckets(ranks: &Ranks, length: usize, bucket: usize) -> Self {
        let mut sum = Self { ranks: ranks.clone(), length, bucket, own: Vec::new() };
        let own = (0..sum.buckets()).map(|bucket| sum.share(bucket, ranks.rank()).len()).sum();
        sum.own = vec![-0.0; own];
        sum
    }

    /// Adds the parts of a round: this rank's is `part`.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`](crate::Engine::exchange).
    ///
    /// # Panics
    /// A part of another length than the sum.
    pub fn add(&mut self, part: &[f32]) -> Result<(), RanksError> {
        assert_eq!(part.len(), self.length, "a part has the length of the sum");
        let mut done = 0;
        for bucket in 0..self.buckets() {
            let shares = (0..self.ranks.size()).map(|rank| to_bytes(&part[self.share(bucket, rank)])).collect();
            let end = done + self.share(bucket, self.ranks.rank()).len();
            for of_rank in self.ranks.exchange(shares)? {
                for (sum, number) in self.own[done..end].iter_mut().zip(of_rank.chunks_exact(4)) {
                    *sum += number_of(number);
                }
            }
            done = end;
        }
        Ok(())
    }

    /// The sum, the same on all ranks.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`](crate::Engine::exchange).
    pub fn finish(self) -> Result<Vec<f32>, RanksError> {
        let mut sum = Vec::with_capacity(self.length);
        let mut done = 0;
        for bucket in 0..self.buckets() {
            let end = done + self.share(bucket, self.ranks.rank()).len();
            for of_rank in self.ranks.gather(&to_bytes(&self.own[done..end]))? {
                sum.extend(of_rank.chunks_exact(4).map(number_of));
            }
            done = end;
        }
        Ok(sum)
    }

    fn buckets(&self) -> usize {
        self.length.div_ceil(self.bucket)
    }

    /// The places of a bucket that a rank sums.
    fn share(&self, bucket: usize, rank: usize) -> std::ops::Range<usize> {
        let (first, last) = (bucket * self.bucket, ((bucket + 1) * self.bucket).min(self.length));
        let each = (last - first).div_ceil(self.ranks.size());
        (first + rank * each).min(last)..(first + (rank + 1) * each).min(last)
    }
}

fn to_bytes(numbers: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; 4 * numbers.len()];
    for (bytes, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

fn number_of(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::threads;

    /// Numbers of very different sizes, whose sum depends on the order, with negative zeros among them.
    fn part(number: usize, length: usize) -> Vec<f32> {
        let value = |place: usize| {
            let hash = ((place * 7919 + number * 104_729) as u32).wrapping_mul(2_654_435_761);
            if hash.is_multiple_of(5) {
                -0.0
            } else {
                (f32::from((hash >> 16) as i16) / 3.0) * ((hash % 40) as f32 - 20.0).exp2()
            }
        };
        (0..length).map(value).collect()
    }

    fn bits(numbers: &[f32]) -> Vec<u32> {
        numbers.iter().map(|number| number.to_bits()).collect()
    }

    /// Any number of ranks that divides the parts gives the bits of one rank, at lengths around those of buckets and shares.
    #[test]
    fn the_sum_has_the_bits_of_a_loop_over_the_parts() {
        const PARTS: usize = 12;
        for length in [0, 1, 5, 16, 17, 50] {
            let mut expected = part(0, length);
            for number in 1..PARTS {
                expected.iter_mut().zip(part(number, length)).for_each(|(sum, number)| *sum += number);
            }
            if length == 50 {
                let mut backwards = part(PARTS - 1, length);
                for number in (0..PARTS - 1).rev() {
                    backwards.iter_mut().zip(part(number, length)).for_each(|(sum, number)| *sum += number);
                }
                assert_ne!(bits(&backwards), bits(&expected), "the order of these parts must matter");
            }
            for size in [1, 2, 3, 4, 6, 12] {
                std::thread::scope(|scope| {
                    for ranks in threads(size, Duration::from_secs(10)) {
                        let expected = &expected;
                        scope.spawn(move || {
                            let mut sum = OrderedSum::with_buckets(&ranks, length, 16);
                            for round in 0..PARTS / size {
                                sum.add(&part(round * size + ranks.rank(), length)).unwrap();
                            }
                            assert_eq!(bits(&sum.finish().unwrap()), bits(expected), "{size} ranks, {length} numbers");
                        });
                    }
                });
            }
        }
    }
}
