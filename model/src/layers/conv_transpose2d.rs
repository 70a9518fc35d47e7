//! Two-dimensional transposed convolution.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use fokker_kernels::{ConvWeight, PreparedWeight};

use crate::calculus::Calculus;
use crate::initializer::Initializer;

/// Transposed convolution with a square kernel and without padding.
#[derive(Module, Debug)]
pub struct ConvTranspose2d {
    /// `[in, out, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[out]`
    pub bias: Option<Param<Tensor<1>>>,
    stride: usize,
    /// The weight in the order of convolutions, while it stays the same.
    #[module(skip)]
    prepared: PreparedWeight,
}

impl ConvTranspose2d {
    /// A transposed convolution from `inputs` to `outputs` channels.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, stride: usize, init: &mut Initializer) -> Self {
        let layer = Self::without_bias(inputs, outputs, kernel, stride, init);
        Self { bias: Some(init.uniform([outputs], bound(outputs, kernel))), ..layer }
    }

    /// The same without a bias.
    pub fn without_bias(inputs: usize, outputs: usize, kernel: usize, stride: usize, init: &mut Initializer) -> Self {
        let weight = init.uniform([inputs, outputs, kernel, kernel], bound(outputs, kernel));
        Self { weight, bias: None, stride, prepared: PreparedWeight::default() }
    }

    /// To images of a height and width, since a convolution with a stride takes several sizes to one.
    ///
    /// # Shapes
    /// `[batch, height, width, in]` → `[batch, size[0], size[1], out]`
    pub fn forward<C: Calculus>(&self, x: C::Array<4>, size: [usize; 2]) -> C::Array<4> {
        C::conv_transpose2d(x, self.weight(), self.bias.as_ref().map(Param::val), self.stride, size)
    }

    fn weight(&self) -> ConvWeight {
        ConvWeight::new(self.weight.val(), &self.prepared)
    }
}

/// PyTorch takes the second dimension of the weight, here the outputs, for the inputs of a neuron.
fn bound(outputs: usize, kernel: usize) -> f64 {
    ((outputs * kernel * kernel) as f64).powf(-0.5)
}
