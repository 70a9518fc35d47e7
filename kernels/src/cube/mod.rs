//! Kernels for GPUs, written once for all that CubeCL compiles to: wgpu, CUDA, ROCm, Metal.
//!
//! Burn computes on a GPU one small kernel at a time; these take several of its operations together. Numbers are
//! read and written in the tensor's own precision, and computed with in single precision. A tensor that a kernel does
//! not take gets Burn's operations.

pub(crate) mod adam;
mod group_norm;
mod launches;
mod softmax;
mod tensors;

use burn::backend::DispatchDevice;
use burn::tensor::Device;

pub(crate) use group_norm::group_norm;
pub use launches::{Launches, launches};
pub(crate) use softmax::softmax;

/// Whether the device is asynchronous: the host queues work and waits only where it reads a number.
pub fn computes_ahead(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(_) => true,
        DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::Cube(_)),
        _ => false,
    }
}
