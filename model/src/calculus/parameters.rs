//! What operations of a calculus are given besides arrays.

use burn::tensor::Tensor;

/// Stride and padding of a two-dimensional convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Step between output pixels, the same in both directions.
    pub stride: usize,
    /// Zeros added before the first row and column.
    pub padding_before: usize,
    /// Zeros added after the last row and column.
    pub padding_after: usize,
}

impl Conv2dShape {
    /// Stride 1 and the padding that keeps the image's size with an odd kernel.
    pub fn same(kernel: usize) -> Self {
        Self { stride: 1, padding_before: kernel / 2, padding_after: kernel / 2 }
    }
}

/// Group normalisation (Wu & He 2018): what is subtracted and divided by, and the affine map and activation after it.
#[derive(Clone, Debug)]
pub struct Normalization {
    /// Groups of channels; divides their number.
    pub groups: usize,
    /// `[channels]`
    pub weight: Tensor<1>,
    /// `[channels]`
    pub bias: Tensor<1>,
    /// Added to the variance.
    pub eps: f64,
    /// Whether the result goes through `y / (1 + e^{−y})`.
    pub silu: bool,
}
