//! What is asked of GPUs, operations aside.
//!
//! The kernels themselves are in the folders of their operations, `cube.rs` or `cube/`: written once for all that CubeCL
//! compiles to (wgpu, CUDA, ROCm, Metal). Burn computes on a GPU one small kernel at a time; ours take several of its
//! operations together. Numbers are read and written in the tensor's own precision, and computed with in single precision.

mod launches;
mod reasons;

use burn::backend::DispatchDevice;
use burn::tensor::Device;

pub use launches::{Launches, launches};
pub use reasons::{LaunchReason, LaunchReasons};

/// Whether operations return before the device has computed them, so that the host waits only where it reads a number.
pub fn is_asynchronous(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(_) => true,
        DispatchDevice::Autodiff(device) => matches!(**device, DispatchDevice::Cube(_)),
        _ => false,
    }
}
