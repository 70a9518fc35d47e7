//! Fused tensor operations with hand-written gradients.
//!
//! Burn's CPU backend, flex, computes a convolution's gradients by convolutions with kernels as large as the image,
//! and one elementwise operation at a time. The functions here replace the operations that a U-Net spends its
//! time in, on flex, with and without automatic differentiation: for single precision, and for images that are stored in
//! bfloat16. Group normalisation, softmax and Adam have kernels for GPUs as well. On any other backend, and in any other
//! precision, they are Burn's own operations. Images are `[batch, height, width, channels]`: what a
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
//! Each folder is an operation: `mod.rs` states what it computes and how it is differentiated, `flex` computes it on the
//! CPU, `cube` on GPUs.
//!
//! Work on flex is fastest within [`with_cpu_runtime`]; the `main` of a program that trains on flex calls
//! [`keep_freed_memory`] first.
//!
//! Results are the same, bit for bit, on any number of threads. They differ in rounding between processors with
//! AVX-512, with AVX2, and without either, and in bfloat16 also between those
//! with AMX, with AVX512_BF16 and without both.

#![warn(clippy::undocumented_unsafe_blocks)]

mod adam;
mod arena;
mod attention;
mod autodiff;
mod buffer;
mod cat_channels;
mod conv2d;
mod conv_transpose2d;
mod dropout;
mod gpu;
mod group_norm;
mod layout;
mod linear;
pub mod memo;
mod number;
mod running_average;
mod runtime;
mod silu;
mod simd;
mod softmax;
mod tensors;
mod upsample;

pub use adam::Adam;
pub use arena::Arena;
pub use attention::attention;
pub use autodiff::{TensorFn, recomputed};
pub use cat_channels::cat_channels;
pub use conv_transpose2d::conv_transpose2d;
pub use conv2d::{ConvWeight, PreparedWeight, conv2d, conv2d_add};
pub use dropout::DropoutMask;
pub use gpu::{LaunchReason, LaunchReasons, Launches, is_asynchronous, launches};
pub use group_norm::{group_norm, group_norm_derivatives, group_norm_tangent};
pub use layout::{channels_first, channels_last};
pub use linear::linear;
pub use running_average::RunningAverage;
pub use runtime::{keep_freed_memory, with_cpu_runtime};
pub use silu::silu;
pub use simd::{instruction_sets, prefers_bfloat16};
pub use softmax::softmax;
pub use upsample::upsample_nearest;
