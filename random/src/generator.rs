//! The generator, and what is drawn from it.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

use crate::stream::Stream;

/// The generator behind every random number of fokker.
pub type Rng = rand::rngs::ChaCha8Rng;

/// The generator of `(seed, stream, index)`, at its beginning.
///
/// ```
/// use fokker_random::{Stream, rng};
/// use rand::Rng;
///
/// let mut third = rng(0, Stream::Test, 3);
/// assert_eq!(third.next_u64(), rng(0, Stream::Test, 3).next_u64());
/// ```
pub fn rng(seed: u64, stream: Stream, index: u64) -> Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    Rng::from_seed(key)
}

/// `count` independent draws from N(0, 1), belonging to `(seed, stream, index)`.
pub fn normals(seed: u64, stream: Stream, index: u64, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    fill_normals(&mut rng(seed, stream, index), &mut values);
    values
}

/// Fills a slice with independent draws from N(0, 1).
///
/// ```
/// use fokker_random::{Stream, fill_normals, normals, rng};
///
/// let mut values = [0.0; 4];
/// fill_normals(&mut rng(0, Stream::Test, 3), &mut values);
/// // More numbers of the same generator go on where these end.
/// assert_eq!(values, normals(0, Stream::Test, 3, 100)[..4]);
/// ```
pub fn fill_normals(rng: &mut Rng, values: &mut [f32]) {
    for (value, draw) in values.iter_mut().zip(StandardNormal.sample_iter(rng)) {
        *value = draw;
    }
}

/// The permutation of `0..length` that belongs to `(seed, stream, index)`.
///
/// Epoch `e` of a data set is visited in the order `permutation(seed, Stream::DataOrder, e, length)`: any step of a
/// run can be reached without going through the ones before.
///
/// ```
/// use fokker_random::{Stream, permutation};
///
/// let mut order = permutation(7, Stream::DataOrder, 2, 10);
/// assert_eq!(order, permutation(7, Stream::DataOrder, 2, 10));
/// order.sort_unstable();
/// assert!(order.into_iter().eq(0..10));
/// ```
pub fn permutation(seed: u64, stream: Stream, index: u64, length: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.shuffle(&mut rng(seed, stream, index));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_indices_and_seeds_are_all_distinct() {
        let base = normals(1, Stream::Prior, 5, 8);
        assert_ne!(base, normals(2, Stream::Prior, 5, 8));
        assert_ne!(base, normals(1, Stream::Brownian, 5, 8));
        assert_ne!(base, normals(1, Stream::Prior, 6, 8));
    }

    #[test]
    fn a_longer_draw_begins_with_the_shorter_one() {
        assert_eq!(normals(3, Stream::Test, 0, 16)[..5], normals(3, Stream::Test, 0, 5));
    }

    #[test]
    fn normals_have_the_moments_of_the_standard_normal() {
        let n = 200_000;
        let values = normals(11, Stream::Test, 0, n);
        let moment = |k: i32| values.iter().map(|&v| f64::from(v).powi(k)).sum::<f64>() / n as f64;
        // Five standard errors: √(1/n), √(2/n) and √(96/n) for the first, second and fourth moment.
        let error = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
    }

    #[test]
    fn permutations_visit_everything_once_and_differ_by_epoch() {
        let first = permutation(4, Stream::DataOrder, 0, 1000);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_ne!(first, permutation(4, Stream::DataOrder, 1, 1000));
    }
}
