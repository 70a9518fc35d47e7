//! Fused tensor operations with hand-written gradients.
//!
//! Burn's CPU backend, flex, computes a convolution's gradients by convolutions with kernels as large as the image,
//! and one elementwise operation at a time. The functions here replace the operations that a U-Net spends its
//! time in, for single precision on flex, with and without automatic differentiation. Group normalisation, softmax and
//! Adam have kernels for GPUs as well. On any other backend, and in any other precision, they are Burn's own
//! operations. Images are `[batch, height, width, channels]`: what a
//! convolution sums over are neighbours in memory.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use fokker_kernels::conv2d;
//!
//! let device = Device::flex();
//! let image = Tensor::<4>::ones([1, 3, 3, 1], &device);
//! let weight = Tensor::<4>::ones([1, 1, 3, 3], &device);
//! let neighbours = conv2d(image, weight, None, 1, 1, 1);
//! assert_eq!(neighbours.into_data().try_to_vec::<f32>().unwrap(), [4., 6., 4., 6., 9., 6., 4., 6., 4.]);
//! ```
//!
//! A program that trains on flex does well to do so within [`on_all_cores`].
//!
//! Results are the same, bit for bit, on any number of threads. They differ in rounding between processors with
//! AVX-512, with AVX2, and without either.

#![warn(clippy::undocumented_unsafe_blocks)]

mod adam;
mod average;
mod bridge;
mod buffer;
mod cat;
mod conv2d;
mod cube;
mod flex;
mod group_norm;
mod layout;
mod pixels;
mod prepared;
mod recompute;
mod remember;
mod several;
mod simd;
mod softmax;
mod threads;
mod upsample;

pub use adam::Adam;
pub use cat::cat_channels;
pub use conv2d::{conv_transpose2d, conv2d, conv2d_add};
pub use cube::{Launches, computes_ahead, launches};
pub use group_norm::{group_norm, group_norm_derivatives, group_norm_tangent};
pub use layout::{channels_first, channels_last};
pub use recompute::{Body, recomputed};
pub use remember::{Remembered, RememberedGradients, remember, remember_with_gradients};
pub use softmax::softmax;
pub use threads::on_all_cores;
pub use upsample::upsample_nearest;
