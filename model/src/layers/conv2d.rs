//! Two-dimensional convolution.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::calculus::{Calculus, Conv2dShape};
use crate::initializer::Initializer;

/// Convolution with a square kernel and a bias.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[out, in, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    shape: Conv2dShape,
}

impl Conv2d {
    /// A convolution from `inputs` to `outputs` channels.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, shape: Conv2dShape, init: &mut Initializer) -> Self {
        let bound = ((inputs * kernel * kernel) as f64).powf(-0.5);
        Self {
            weight: init.uniform([outputs, inputs, kernel, kernel], bound),
            bias: init.uniform([outputs], bound),
            shape,
        }
    }

    /// Stride 1, same size.
    pub fn same(inputs: usize, outputs: usize, kernel: usize, init: &mut Initializer) -> Self {
        Self::new(inputs, outputs, kernel, Conv2dShape::same(kernel), init)
    }

    /// # Shapes
    /// `[batch, height, width, in]` → `[batch, height', width', out]`
    pub fn forward<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        C::conv2d(x, self.weight.val(), Some(self.bias.val()), self.shape)
    }

    /// `residual + forward(x)`.
    ///
    /// # Shapes
    /// As for [`Conv2d::forward`]; `residual` is of the result's shape.
    pub fn forward_add<C: Calculus>(&self, x: C::Array<4>, residual: C::Array<4>) -> C::Array<4> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        match self.shape == Conv2dShape::same(weight.dims()[2]) {
            true => C::conv2d_add(x, weight, bias, residual),
            false => C::add(residual, C::conv2d(x, weight, Some(bias), self.shape)),
        }
    }
}
