//! Random numbers as a function of *(seed, stream, index)*, and of nothing else.
//!
//! A run that is stopped and resumed, a batch that is split differently, another backend: none of them may change
//! which random number goes where. So there is no generator that is carried along. Whoever needs numbers names the
//! seed of the run, the [`Stream`] (what the numbers are for) and an index (the step, the image, the epoch), and gets
//! a fresh counter-based generator, ChaCha with 8 rounds, positioned by these three alone.
//!
//! ```
//! use fokker_random::{Stream, normals, rng};
//! use rand::Rng;
//!
//! let a = normals(7, Stream::TrainingNoise, 1000, 4);
//! let b = normals(7, Stream::TrainingNoise, 1000, 4);
//! assert_eq!(a, b);
//! assert_ne!(a, normals(7, Stream::TrainingNoise, 1001, 4));
//! let word: u64 = rng(7, Stream::DataOrder, 0).next_u64();
//! assert_eq!(word, rng(7, Stream::DataOrder, 0).next_u64());
//! ```

#![forbid(unsafe_code)]

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

/// The generator behind every random number of fokker.
pub type Rng = rand::rngs::ChaCha8Rng;

/// What random numbers are used for. Two streams of one seed never share a number.
///
/// The discriminants are part of the meaning of a seed: they never change, new ones are appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Stream {
    /// Initial weights; the index is the parameter's place in the network.
    Initialization = 0,
    /// The order of the data; the index is the epoch.
    DataOrder = 1,
    /// Flips and dequantisation; the index is the position in the endless stream of training examples.
    Augmentation = 2,
    /// Diffusion times of training; the index is the micro-batch.
    TrainingTime = 3,
    /// Noise ε of denoising score matching; the index is the training example's position.
    TrainingNoise = 4,
    /// Dropout masks of the network.
    Dropout = 5,
    /// Which labels are replaced by the null class; the index is the micro-batch.
    LabelDropout = 6,
    /// Times and noise of the validation loss; the index is the example.
    Validation = 7,
    /// A sampler's initial state; the index is the image.
    Prior = 8,
    /// A sampler's Brownian increments; the index is the image.
    Brownian = 9,
    /// Synthetic data sets; the index is the example.
    Synthetic = 10,
    /// Anything a test or an example needs.
    Test = 11,
    /// Probes of a likelihood's divergence; the index is the example, with the number of the probe.
    LikelihoodProbe = 12,
    /// Dequantisation of images whose likelihood is taken; the index is the example, with the number of the draw.
    Dequantization = 13,
    /// Noise and times of likelihood bounds; the index is the example, with the number of the draw or the step.
    LikelihoodNoise = 14,
    /// Probes of losses that hold a divergence; the index is the training example's position and the probe's number.
    LossProbe = 15,
    /// Times of the score Fokker–Planck regulariser; the index is the micro-batch.
    RegularizerTime = 16,
    /// Points of the regulariser; the index is the training example's position.
    RegularizerPoint = 17,
    /// Probes and directions of the regulariser; the index is the training example's position and their number.
    RegularizerProbe = 18,
    /// Brownian paths of the laboratory; the index is the path.
    LaboratoryPath = 32,
    /// Initial points of the laboratory's ensembles; the index is the path.
    LaboratoryStart = 33,
    /// Q-Wiener processes of the laboratory; the index is the realisation.
    LaboratoryField = 34,
    /// Which examples of a published training set are held out for validation; the seed is 0 for every run.
    ValidationSplit = 64,
}

/// The generator of `(seed, stream, index)`, at its beginning.
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
pub fn fill_normals(rng: &mut Rng, values: &mut [f32]) {
    for (value, draw) in values.iter_mut().zip(StandardNormal.sample_iter(rng)) {
        *value = draw;
    }
}

/// The permutation of `0..length` that belongs to `(seed, stream, index)`.
///
/// Epoch `e` of a data set is visited in the order `permutation(seed, Stream::DataOrder, e, length)`: any step of a
/// run can be reached without going through the ones before.
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
