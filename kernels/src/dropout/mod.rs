//! Dropout (Srivastava et al. 2014): entries become 0 with a probability, and the others larger, so that the mean stays.
//!
//! Entry `i` stays if word `i` of a generator, as a number in [0, 1), is below the probability of staying. The same numbers stay on every
//! device: a GPU computes the words of ChaCha8 (Bernstein 2008) itself, where it needs them, and again in the backward pass. So no mask is
//! stored, and none is sent to the GPU.

mod cube;

use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

/// How many numbers a thread draws at a time.
const PART: usize = 1 << 14;

/// Which entries of an array stay.
#[derive(Clone, Debug, PartialEq)]
pub struct DropoutMask {
    seed: [u8; 32],
    stream: u64,
    position: u128,
    keep: f64,
}

impl DropoutMask {
    /// The mask by the words that follow in a generator, with the probability `keep` in (0, 1] of staying.
    pub fn new(rng: &ChaCha8Rng, keep: f64) -> Self {
        Self { seed: rng.get_seed(), stream: rng.get_stream(), position: rng.get_word_pos(), keep }
    }

    /// `x` with some entries 0, and the others divided by the probability of staying.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use fokker_kernels::DropoutMask;
    /// use rand::SeedableRng;
    /// use rand::rngs::ChaCha8Rng;
    ///
    /// let mask = DropoutMask::new(&ChaCha8Rng::seed_from_u64(1), 0.8);
    /// let out = mask.apply(Tensor::<1>::ones([1000], &Device::flex())).into_data().try_to_vec::<f32>()?;
    /// assert!(out.iter().all(|&value| value == 0.0 || value == 1.25));
    /// assert!((150..250).contains(&out.iter().filter(|&&value| value == 0.0).count()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Shapes
    /// Any → the same
    pub fn apply<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        cube::apply(&x, self).unwrap_or_else(|| {
            let mask = self.drawn(x.dims(), &x.device(), x.dtype());
            x * mask
        })
    }

    /// What entries are multiplied by: 0, or one divided by the probability of staying.
    pub fn factors<const D: usize>(&self, shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
        let ones = Tensor::ones(shape, (device, dtype));
        cube::apply(&ones, self).unwrap_or_else(|| self.drawn(shape, device, dtype))
    }

    fn drawn<const D: usize>(&self, shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
        let mut factors = vec![0.0f32; shape.iter().product()];
        let (threshold, factor) = (self.threshold(), self.factor());
        factors.par_chunks_mut(PART).enumerate().for_each(|(part, factors)| {
            let mut rng = ChaCha8Rng::from_seed(self.seed);
            rng.set_stream(self.stream);
            // Every number takes one word.
            rng.set_word_pos(self.position + (part * PART) as u128);
            for value in factors {
                *value = if rng.random::<f32>() < threshold { factor } else { 0.0 };
            }
        });
        Tensor::from_data(TensorData::new(factors, shape), (device, dtype))
    }

    fn threshold(&self) -> f32 {
        self.keep as f32
    }

    fn factor(&self) -> f32 {
        (1.0 / self.keep) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_words_that_they_have_in_one_piece() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        rng.set_word_pos(21);
        let mask = DropoutMask::new(&rng, 0.9);
        let length = 2 * PART + 100;
        let expected: Vec<bool> = (0..length).map(|_| rng.random::<f32>() < 0.9).collect();
        let factors = mask.factors([length], &Device::flex(), DType::F32).into_data().try_to_vec::<f32>().unwrap();
        let kept: Vec<bool> = factors.iter().map(|&factor| factor == (1.0f64 / 0.9) as f32).collect();
        assert!(kept == expected);
        assert!(factors.iter().zip(kept).all(|(&factor, kept)| kept || factor == 0.0));
    }
}
