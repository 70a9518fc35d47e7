//! Sums whose bits do not depend on the number of ranks.
//!
//! The sum of A·W parts is `((p₀ + p₁) + p₂) + …`, in single precision. Of W ranks, rank r has the parts r, r + W, r + 2W, …, one in each
//! *round*. Each rank sums its [share](Shares) of the numbers, over all parts:
//!
//! ```text
//!   round      rank 0 has      rank 1 has          each passes to each other rank that one's share of its part
//!     0       p₀ = [a₀ b₀]    p₁ = [a₁ b₁]         rank 0: a₀ + a₁          rank 1: b₀ + b₁
//!     1       p₂ = [a₂ b₂]    p₃ = [a₃ b₃]                 … + a₂ + a₃              … + b₂ + b₃
//! ```
//!
//! Per part a rank passes on (W − 1)/W of its length, as in a reduce-scatter along a ring. It happens in buckets. Memory holds the shares of
//! the sum, 1/W of its length, and two buckets.

use crate::error::RanksError;
use crate::number_format::NumberFormat;
use crate::ranks::Ranks;
use crate::shares::{BUCKET, Shares};

/// A sum of arrays of numbers over parts, in the order of the parts whatever the number of ranks.
#[derive(Debug)]
pub struct OrderedSum {
    ranks: Ranks,
    shares: Shares,
    format: NumberFormat,
    bucket: usize,
    /// The sums of this rank's share.
    own: Vec<f32>,
}

impl OrderedSum {
    /// A sum of no parts, whose numbers are divided among the ranks. They are −0, to which any number can be added without a change.
    /// The parts are rounded to `format` before they are added, whichever rank has them.
    pub fn new(ranks: &Ranks, shares: &Shares, format: NumberFormat) -> Self {
        let own = vec![-0.0; shares.of(ranks.rank()).len()];
        let bucket = BUCKET.div_ceil(ranks.size());
        Self { ranks: ranks.clone(), shares: shares.clone(), format, bucket, own }
    }

    /// Adds the parts of a round: this rank's is `part`.
    ///
    /// # Errors
    /// Those of [`Engine::exchange`](crate::Engine::exchange).
    ///
    /// # Panics
    /// A part of another length than the sum.
    pub fn add(&mut self, part: &[f32]) -> Result<(), RanksError> {
        assert_eq!(part.len(), self.shares.total(), "a part has the length of the sum");
        for start in (0..self.shares.longest()).step_by(self.bucket) {
            let of_rank = |rank: usize| self.format.to_bytes(&part[self.shares.bucket(rank, start, self.bucket)]);
            let outgoing = (0..self.ranks.size()).map(of_rank).collect();
            let own = &mut self.own[start.min(self.shares.of(self.ranks.rank()).len())..];
            for bytes in self.ranks.exchange(outgoing)? {
                self.format.change(own, &bytes, |sum, number| *sum += number);
            }
        }
        Ok(())
    }

    /// The sum of this rank's share.
    pub fn finish(self) -> Vec<f32> {
        self.own
    }
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

    /// The sum of all parts by so many ranks, in buckets of three numbers.
    fn sum_of(size: usize, shares: &Shares, length: usize, parts: usize, format: NumberFormat) -> Vec<Vec<f32>> {
        std::thread::scope(|scope| {
            let work = |ranks: Ranks| {
                move || {
                    let mut sum = OrderedSum { bucket: 3, ..OrderedSum::new(&ranks, shares, format) };
                    for round in 0..parts / size {
                        sum.add(&part(round * size + ranks.rank(), length)).unwrap();
                    }
                    shares.gather(&ranks, &sum.finish()).unwrap()
                }
            };
            let ranks = threads(size, Duration::from_secs(10)).into_iter();
            let running: Vec<_> = ranks.map(|ranks| scope.spawn(work(ranks))).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
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
                for found in sum_of(size, &Shares::equal(length, size), length, PARTS, NumberFormat::F32) {
                    assert_eq!(bits(&found), bits(&expected), "{size} ranks, {length} numbers");
                }
            }
        }
    }

    /// Parts that are rounded, one rank with nothing to sum: every number of ranks rounds the same, within the format's half unit.
    #[test]
    fn rounded_parts_have_the_same_sum_for_any_number_of_ranks() {
        let length = 20;
        let alone = sum_of(1, &Shares::new(&[length]), length, 4, NumberFormat::Bf16);
        let together = sum_of(4, &Shares::new(&[7, 0, 12, 1]), length, 4, NumberFormat::Bf16);
        together.iter().for_each(|found| assert_eq!(bits(found), bits(&alone[0])));
        let exact = sum_of(1, &Shares::new(&[length]), length, 4, NumberFormat::F32);
        assert_ne!(bits(&exact[0]), bits(&alone[0]));
        for (place, (rounded, exact)) in alone[0].iter().zip(&exact[0]).enumerate() {
            // Half a unit of 2⁻⁷ of each part; the sums' own rounding is far below.
            let most: f32 = (0..4).map(|number| part(number, length)[place].abs()).sum::<f32>() * 0.004;
            assert!((rounded - exact).abs() <= most, "{rounded} for {exact}");
        }
    }
}
