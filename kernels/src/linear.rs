//! The linear layer.

use burn::tensor::{DType, Tensor, module};

use crate::conv2d::{conv2d, in_precision};
use crate::gpu::is_asynchronous;
use crate::layout::channels_first;

/// `out[…, o] = bias[o] + Σ in[…, i] · weight[o, i]`. Weight and bias are in the precision of `x` or in single precision.
///
/// On a GPU, and on the CPU in bfloat16, it is a convolution with a kernel of one pixel: its gradients of weight and bias are one kernel
/// there, and here it reads and writes bfloat16. Elsewhere it is Burn's.
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
    let (precision, [outputs, inputs], mut shape) = (x.dtype(), weight.dims(), x.dims());
    let on_gpu = is_asynchronous(&x.device());
    if !on_gpu && precision != DType::BF16 || shape.contains(&0) {
        let weight = in_precision(weight, precision).transpose();
        return module::linear(x, weight, bias.map(|bias| in_precision(bias, precision)));
    }
    assert_eq!(shape[D - 1], inputs, "the weight of a linear layer has as many columns as the vectors have numbers");
    let vectors: usize = shape[..D - 1].iter().product();
    // Images are convolved in parallel on the CPU.
    let images = if on_gpu || D == 1 { vectors } else { shape[0] };
    shape[D - 1] = outputs;
    // Input channels stay neighbours in memory.
    let weight = channels_first(weight.reshape([outputs, 1, 1, inputs]));
    conv2d(x.reshape([images, 1, vectors / images, inputs]), weight, bias, 1, 0, 0).reshape(shape)
}
