//! The order of an image's dimensions.

use burn::tensor::Tensor;

/// `[batch, channels, height, width]` as `[batch, height, width, channels]`.
pub fn channels_last(images: Tensor<4>) -> Tensor<4> {
    images.permute([0, 2, 3, 1])
}

/// `[batch, height, width, channels]` as `[batch, channels, height, width]`.
pub fn channels_first(images: Tensor<4>) -> Tensor<4> {
    images.permute([0, 3, 1, 2])
}
