//! Attention.

use burn::tensor::{DType, FloatDType, Tensor};

use crate::conv2d::in_precision;
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
