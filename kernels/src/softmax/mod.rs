//! Softmax in single precision, whatever the precision of its numbers.

mod cube;

use burn::tensor::{DType, FloatDType, Tensor, activation};

/// `e^{scale x} / Σ e^{scale x}` over the last dimension. Numbers in half precision are summed in single precision.
///
/// # Shapes
/// `[batch, heads, rows, columns]` → the same
pub fn softmax(x: Tensor<4>, scale: f64) -> Tensor<4> {
    if let Some(out) = cube::softmax(&x, scale) {
        return out;
    }
    match x.dtype() {
        precision @ (DType::F16 | DType::BF16) => {
            let x = x.cast(FloatDType::F32).mul_scalar(scale);
            activation::softmax(x, 3).cast(FloatDType::from(precision))
        }
        _ => activation::softmax(x.mul_scalar(scale), 3),
    }
}
