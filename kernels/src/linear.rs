//! The linear layer.

use burn::tensor::{Tensor, module};

use crate::conv2d::conv2d;
use crate::gpu::is_asynchronous;
use crate::layout::channels_first;

/// `out[…, o] = bias[o] + Σ in[…, i] · weight[o, i]`.
///
/// On a GPU it is a convolution with a kernel of one pixel, whose gradients of weight and bias are one kernel; elsewhere it is Burn's.
///
/// # Shapes
/// - `x`: `[…, inputs]`
/// - `weight`: `[outputs, inputs]`
/// - `bias`: `[outputs]`
/// - result: `[…, outputs]`
///
/// # Panics
/// If the shapes do not fit together.
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    let ([outputs, inputs], mut shape) = (weight.dims(), x.dims());
    if !is_asynchronous(&x.device()) || shape.contains(&0) {
        return module::linear(x, weight.transpose(), bias);
    }
    assert_eq!(shape[D - 1], inputs, "the weight of a linear layer has as many columns as the vectors have numbers");
    let pixels = x.reshape([shape[..D - 1].iter().product(), 1, 1, inputs]);
    shape[D - 1] = outputs;
    // Input channels stay neighbours in memory.
    let weight = channels_first(weight.reshape([outputs, 1, 1, inputs]));
    conv2d(pixels, weight, bias, 1, 0, 0).reshape(shape)
}
