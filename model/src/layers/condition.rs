//! How a network takes a condition.

use burn::module::{Module, Param};
use burn::tensor::{FloatDType, Tensor};

use crate::calculus::Calculus;
use crate::condition::{Condition, ConditionShape};
use crate::error::{MOST_FEATURES, ModelError, require};
use crate::initializer::Initializer;
use crate::layers::Linear;

/// A vector for the numbers of a condition: two affine maps around an activation, as for the noise level.
#[derive(Module, Debug)]
pub struct VectorEmbedding {
    linear_1: Linear,
    linear_2: Linear,
    size: usize,
}

impl VectorEmbedding {
    /// For `size` numbers.
    pub fn new(size: usize, width: usize, init: &mut Initializer) -> Self {
        // One more number says whether the others are given.
        Self { linear_1: Linear::new(size + 1, width, init), linear_2: Linear::new(width, width, init), size }
    }

    /// `time` and what the condition adds to it.
    ///
    /// # Shapes
    /// `[batch, width]` → the same
    pub fn add_to<C: Calculus>(&self, time: C::Array<2>, condition: &Condition) -> C::Array<2> {
        let [batch, _] = C::dims(&time);
        let numbers = condition.vector_input::<C>(self.size, batch, C::place(&time));
        let hidden = C::silu(self.linear_1.forward::<C, 2>(numbers));
        C::add(time, self.linear_2.forward::<C, 2>(hidden))
    }
}

/// What the network makes of how a training picture was moved (Karras et al. 2022, appendix F.2): a linear map of the numbers, without a shift, so
/// that zeros add nothing.
#[derive(Module, Debug)]
pub struct AugmentationEmbedding {
    /// `[width, size]`
    weight: Param<Tensor<2>>,
}

impl AugmentationEmbedding {
    /// For `size` numbers.
    pub fn new(size: usize, width: usize, init: &mut Initializer) -> Self {
        Self { weight: init.uniform([width, size], (size as f64).powf(-0.5)) }
    }

    /// `time` and what the numbers add to it.
    ///
    /// # Shapes
    /// `[batch, width]` → the same
    pub fn add_to<C: Calculus>(&self, time: C::Array<2>, condition: &Condition) -> C::Array<2> {
        let Some(numbers) = &condition.augmentation else { return time };
        let (_, dtype) = C::place(&time);
        let numbers = C::constant(numbers.clone().cast(FloatDType::from(dtype)));
        C::add(time, C::linear(numbers, self.weight.val(), None))
    }
}

/// The noisy data with the channels of a condition's array, and a channel that says where it is given, after its own.
///
/// # Shapes
/// `[batch, channels, …]` → `[batch, channels + joined + 1, …]`
pub fn join_array<C: Calculus, const D: usize>(x: C::Array<D>, condition: &Condition, joined: usize) -> C::Array<D> {
    let mut shape = C::dims(&x);
    let positions = shape[2..].iter().product();
    let array = condition.array_input::<C>(joined, positions, shape[0], C::place(&x));
    shape[1] = joined + 1;
    C::cat(vec![x, C::reshape(array, shape)], 1)
}

/// Checks the two sizes of a condition in the section `network`.
///
/// # Errors
/// A size of 0, or beyond reason.
pub fn check_condition(shape: ConditionShape) -> Result<(), ModelError> {
    for (key, size) in [("condition_size", shape.vector), ("condition_channels", shape.array)] {
        let fits = size.is_none_or(|size| (1..MOST_FEATURES).contains(&size));
        require(fits, key, format!("must be in 1..{MOST_FEATURES}; leave it out if there is no such condition"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::plain::Plain;

    #[test]
    fn what_is_not_moved_adds_nothing() {
        let device = Device::flex();
        let embedding = AugmentationEmbedding::new(3, 4, &mut Initializer::new(0, &device));
        let added = |augmentation: Option<[[f32; 3]; 2]>| -> Vec<f32> {
            let augmentation = augmentation.map(|numbers| Tensor::from_floats(numbers, &device));
            let condition = Condition { augmentation, ..Condition::default() };
            let time = Tensor::<2>::zeros([2, 4], &device);
            embedding.add_to::<Plain>(time, &condition).into_data().try_to_vec().unwrap()
        };
        assert_eq!(added(None), [0.0; 8]);
        assert_eq!(added(Some([[0.0; 3]; 2])), [0.0; 8]);
        let moved = added(Some([[0.0; 3], [1.0, -2.0, 0.5]]));
        assert!(moved[..4] == [0.0; 4] && moved[4..].iter().all(|value| *value != 0.0), "{moved:?}");
    }
}
