//! Group normalisation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::calculus::{Calculus, Normalization};
use crate::initializer::Initializer;

/// Normalises groups of channels to mean 0 and variance 1, then scales and shifts each channel (Wu & He 2018).
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// `[channels]`
    pub weight: Param<Tensor<1>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    /// `groups` must divide `channels`.
    pub fn new(groups: usize, channels: usize, eps: f64, init: &mut Initializer) -> Self {
        Self { weight: init.constant([channels], 1.0), bias: init.constant([channels], 0.0), groups, eps }
    }

    /// # Shapes
    /// `[batch, height, width, channels]` → the same
    pub fn forward<C: Calculus>(&self, x: C::Array<4>) -> C::Array<4> {
        C::group_norm(x, None, &self.normalization(false))
    }

    /// [`GroupNorm::forward`] of `x + shift` followed by SiLU; the shift, if any, is `[batch, channels]`.
    pub fn forward_silu<C: Calculus>(&self, x: C::Array<4>, shift: Option<C::Array<2>>) -> C::Array<4> {
        C::group_norm(x, shift, &self.normalization(true))
    }

    fn normalization(&self, silu: bool) -> Normalization {
        Normalization { groups: self.groups, weight: self.weight.val(), bias: self.bias.val(), eps: self.eps, silu }
    }
}
