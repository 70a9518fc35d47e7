//! Affine map of the last dimension.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::{calculus::Calculus, initializer::Initializer};

/// `y = x Wᵀ + b`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`
    pub weight: Param<Tensor<2>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer from `inputs` to `outputs` numbers.
    pub fn new(inputs: usize, outputs: usize, init: &mut Initializer) -> Self {
        let bound = (inputs as f64).powf(-0.5);
        Self { weight: init.uniform([outputs, inputs], bound), bias: init.uniform([outputs], bound) }
    }

    /// The layer with every parameter zero, so that what it feeds starts at zero.
    pub fn zeros(inputs: usize, outputs: usize, init: &mut Initializer) -> Self {
        Self { weight: init.constant([outputs, inputs], 0.0), bias: init.constant([outputs], 0.0) }
    }

    /// # Shapes
    /// `[…, in]` → `[…, out]`
    pub fn forward<C: Calculus, const D: usize>(&self, x: C::Array<D>) -> C::Array<D> {
        C::linear(x, self.weight.val(), Some(self.bias.val()))
    }
}
