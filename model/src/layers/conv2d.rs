//! Two-dimensional convolution.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use fokker_kernels::{ConvWeight, PreparedWeight};

use crate::calculus::{Calculus, Conv2dShape};
use crate::initializer::Initializer;

/// Convolution with a square kernel.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[out, in, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[out]`
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    shape: Conv2dShape,
    /// The weight in the order of convolutions, while it stays the same.
    #[module(skip)]
    prepared: PreparedWeight,
}

impl Conv2d {
    /// A convolution from `inputs` to `outputs` channels.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, shape: Conv2dShape, init: &mut Initializer) -> Self {
        let bound = ((inputs * kernel * kernel) as f64).powf(-0.5);
        Self {
            weight: init.uniform([outputs, inputs, kernel, kernel], bound),
            bias: Some(init.uniform([outputs], bound)),
            shape,
            prepared: PreparedWeight::default(),
        }
    }

    /// The same without a bias.
    pub fn without_bias(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        shape: Conv2dShape,
        init: &mut Initializer,
    ) -> Self {
        let bound = ((inputs * kernel * kernel) as f64).powf(-0.5);
        let weight = init.uniform([outputs, inputs, kernel, kernel], bound);
        Self { weight, bias: None, shape, prepared: PreparedWeight::default() }
    }

    /// Stride 1, same size.
    pub fn same(inputs: usize, outputs: usize, kernel: usize, init: &mut Initializer) -> Self {
        Self::new(inputs, outputs, kernel, Conv2dShape::same(kernel), init)
    }

    /// # Shapes
    /// `[batch, height, width, in]` → `[batch, height', width', out]`
    pub fn forward<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        C::conv2d(x, self.weight(), self.bias.as_ref().map(Param::val), self.shape)
    }

    /// `residual + forward(x)`.
    ///
    /// # Shapes
    /// As for [`Conv2d::forward`]; `residual` is of the result's shape.
    pub fn forward_add<C: Calculus>(&self, x: C::Array<4>, residual: C::Array<4>) -> C::Array<4> {
        match &self.bias {
            Some(bias) if self.shape == Conv2dShape::same(self.weight.dims()[2]) => {
                C::conv2d_add(x, self.weight(), bias.val(), residual)
            }
            _ => C::add(residual, self.forward::<C>(x)),
        }
    }

    fn weight(&self) -> ConvWeight {
        ConvWeight::new(self.weight.val(), &self.prepared)
    }
}
