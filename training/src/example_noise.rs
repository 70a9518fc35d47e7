//! The noise of a batch.

use burn::tensor::{Tensor, TensorCreationOptions, TensorData};
use fokker_random::Index;

/// Noise for examples, each a function of the seed and of the example's index, as one tensor.
pub fn example_noise<const D: usize>(
    seed: u64,
    indices: impl Iterator<Item = Index>,
    shape: [usize; D],
    place: impl Into<TensorCreationOptions>,
) -> Tensor<D> {
    let each = shape[1..].iter().product();
    let mut values = Vec::with_capacity(shape[0] * each);
    for index in indices {
        values.extend(index.normals(seed, each));
    }
    Tensor::from_data(TensorData::new(values, shape), place)
}
