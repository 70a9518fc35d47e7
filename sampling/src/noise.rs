//! Initial states and Brownian paths that belong to an image, not to a batch.

use burn::tensor::{Device, Tensor, TensorData};
use fokker_random::{Index, Rng, fill_normals};

use crate::solvers::Brownian;

/// Independent generators for the images `first, first + 1, …` of one seed. However a set of images is cut into
/// batches, each sees the same numbers.
#[derive(Debug)]
pub struct ImageNoise {
    generators: Vec<Rng>,
}

impl ImageNoise {
    /// Generators for `count` images from number `first` on; `index` makes the index of an image from its number.
    pub fn new(seed: u64, index: fn(u64) -> Index, first: u64, count: usize) -> Self {
        Self { generators: (0..count as u64).map(|image| index(first + image).rng(seed)).collect() }
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

    /// With `h = t1 − t0` and independent `u, v`: `√|h| u` and `h √|h| (u/2 + v/√12)`.
    fn increment_and_integral(&mut self, t0: f64, t1: f64, like: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let (h, device) = (t1 - t0, like.device());
        let (u, v) = (self.normal(like.dims(), &device), self.normal(like.dims(), &device));
        let scale = h.abs().sqrt();
        let integral = u.clone().mul_scalar(0.5 * h * scale) + v.mul_scalar(h * scale / 12f64.sqrt());
        (u.mul_scalar(scale), integral)
    }

    fn normal(&mut self, like: &Tensor<D>) -> Tensor<D> {
        ImageNoise::normal(self, like.dims(), &like.device())
    }
}
