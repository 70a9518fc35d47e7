//! Kernels for GPUs, written once for all that CubeCL compiles to: wgpu, CUDA, ROCm, Metal.
//!
//! Burn computes on a GPU one small kernel at a time; these take several of its operations together. Numbers are
//! read and written in the tensor's own precision, and computed with in single precision. A tensor that a kernel does
//! not take gets Burn's operations.

mod group_norm;
mod tensors;

pub(crate) use group_norm::group_norm;
