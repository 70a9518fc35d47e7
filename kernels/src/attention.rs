//! Attention, and the affine maps around it.

use burn::tensor::{DType, FloatDType, Tensor, module};

use crate::conv2d::{conv2d, in_precision};
use crate::gpu::is_asynchronous;
use crate::softmax::softmax;

/// `softmax(q kᵀ / √width) v` per head.
///
/// On CPUs, arrays in half precision are widened once, and the result is rounded once: Burn's products of matrices would
/// convert each factor and each result.
///
/// # Shapes
/// `[batch, heads, positions, width]` each → the same
pub fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    let (precision, width) = (q.dtype(), q.dims()[3] as f64);
    let is_wide = !matches!(precision, DType::BF16 | DType::F16) || is_asynchronous(&q.device());
    let [q, k, v] = if is_wide { [q, k, v] } else { [q, k, v].map(|array| array.cast(FloatDType::F32)) };
    let mixed = softmax(q.matmul(k.swap_dims(2, 3)), width.powf(-0.5)).matmul(v);
    in_precision(mixed, precision)
}

/// `x Wᵀ + b` over the last dimension. Weight and bias are in the precision of `x` or in single precision.
///
/// # Shapes
/// - `x`: `[…, inputs]`, result: `[…, outputs]`
/// - `weight`: `[outputs, inputs]`, `bias`: `[outputs]`
pub fn linear<const D: usize>(x: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    let (precision, mut shape, [outputs, inputs]) = (x.dtype(), x.dims(), weight.dims());
    if precision == DType::BF16 && !is_asynchronous(&x.device()) && !shape.contains(&0) {
        // A convolution of 1 × 1, which reads and writes bfloat16.
        let first = if D > 1 { shape[0] } else { 1 };
        let rows = x.reshape([first, 1, shape.iter().product::<usize>() / (first * inputs), inputs]);
        shape[D - 1] = outputs;
        return conv2d(rows, weight.reshape([outputs, inputs, 1, 1]), bias, 1, 0, 0).reshape(shape);
    }
    let weight = in_precision(weight, precision).transpose();
    module::linear(x, weight, bias.map(|bias| in_precision(bias, precision)))
}
