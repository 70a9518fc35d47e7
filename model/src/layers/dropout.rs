//! Dropout whose mask is a function of (seed, layer, step).

use burn::module::Module;
use fokker_kernels::DropoutMask;
use fokker_random::Index;

use crate::{calculus::Calculus, initializer::Initializer};

/// Which dropout masks a forward pass uses.
#[derive(Clone, Debug)]
pub struct DropoutKey {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the micro-batch.
    pub step: u64,
    /// The number of the first example within it: some of a micro-batch's examples have the masks that they have among all.
    pub first: usize,
}

/// Sets entries to zero with a probability, and scales the others so that the mean stays.
#[derive(Module, Debug)]
pub struct Dropout {
    probability: f64,
    layer: usize,
}

impl Dropout {
    /// `probability` in [0, 1).
    pub fn new(probability: f64, init: &mut Initializer) -> Self {
        Self { probability, layer: init.place() as usize }
    }

    /// Without a key (in evaluation) the identity.
    pub fn forward<C: Calculus, const D: usize>(&self, x: C::Array<D>, key: Option<&DropoutKey>) -> C::Array<D> {
        let Some(key) = key.filter(|_| self.probability > 0.0) else { return x };
        let mut rng = Index::dropout(key.step, self.layer as u64).rng(key.seed);
        // Every number takes one word.
        let each: usize = C::dims(&x)[1..].iter().product();
        rng.set_word_pos((key.first * each) as u128);
        C::dropout(x, &DropoutMask::new(&rng, 1.0 - self.probability))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::calculus::plain::Plain;
    use crate::initializer::Initializer;

    #[test]
    fn some_examples_have_the_masks_that_they_have_among_all() {
        let device = Device::flex();
        let dropout = Dropout::new(0.5, &mut Initializer::new(1, &device));
        let mask = |first: usize, count: usize| {
            let ones = Tensor::<2>::ones([count, 7], &device);
            let key = DropoutKey { seed: 3, step: 5, first };
            dropout.forward::<Plain, 2>(ones, Some(&key)).into_data().try_to_vec::<f32>().unwrap()
        };
        let all = mask(0, 6);
        assert!(all[..14] != all[14..28], "examples have masks of their own");
        assert_eq!([mask(0, 2), mask(2, 3), mask(5, 1)].concat(), all);
    }
}
