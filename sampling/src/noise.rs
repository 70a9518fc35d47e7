//! Initial states and Brownian paths that belong to an image, not to a batch.

use burn::tensor::{Device, Tensor, TensorData};
use fokker_random::{Rng, Stream, fill_normals, rng};

use crate::solver::Brownian;

/// Independent generators for the images `first, first + 1, …` of one seed. However a set of images is cut into
/// batches, each sees the same numbers.
#[derive(Debug)]
pub struct ImageNoise {
    generators: Vec<Rng>,
}

impl ImageNoise {
    /// Generators for `count` images from number `first` on.
    pub fn new(seed: u64, stream: Stream, first: u64, count: usize) -> Self {
        Self { generators: (0..count as u64).map(|image| rng(seed, stream, first + image)).collect() }
    }

    /// The next draws from N(0, 1), shaped `[count, …]`.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        assert_eq!(shape[0], self.generators.len(), "one image for each generator");
        let each = shape[1..].iter().product::<usize>();
        let mut values = vec![0.0; shape[0] * each];
        for (generator, image) in self.generators.iter_mut().zip(values.chunks_mut(each)) {
            fill_normals(generator, image);
        }
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

impl<const D: usize> Brownian<D> for ImageNoise {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<D>) -> Tensor<D> {
        self.normal(like.dims(), &like.device()).mul_scalar((t1 - t0).abs().sqrt())
    }
}
