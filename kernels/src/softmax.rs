//! Softmax in single precision, whatever the precision of its numbers.

use burn::tensor::{DType, FloatDType, Tensor, activation};

/// `e^{scale x} / Σ e^{scale x}` over the last dimension. Of numbers in half precision the sums are made in single
/// precision.
pub fn softmax(x: Tensor<4>, scale: f64) -> Tensor<4> {
    if let Some(out) = crate::cube::softmax(&x, scale) {
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
