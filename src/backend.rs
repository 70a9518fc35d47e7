//! Backends by name: what a configuration may ask for, what this build contains, what this machine has.

use burn::tensor::{Device, DeviceType};
use fokker_ranks::Place;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The name of a backend in a configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BackendName {
    /// A real GPU if one answers, else flex.
    #[default]
    Auto,
    /// Any GPU through wgpu's portable shaders: Vulkan, Metal or DirectX 12.
    Wgpu,
    /// Vulkan with SPIR-V.
    Vulkan,
    /// Apple's Metal.
    Metal,
    /// WebGPU.
    Webgpu,
    /// NVIDIA's CUDA.
    Cuda,
    /// AMD's ROCm.
    Rocm,
    /// Burn's CPU backend.
    Flex,
    /// Burn's older CPU backend, for tests.
    Ndarray,
}

/// The `backend` section of a configuration.
///
/// ```
/// use fokker::{BackendConfig, BackendName};
///
/// let chosen = BackendConfig { name: BackendName::Flex, device: 0 }.resolve()?;
/// assert_eq!(chosen.backend, BackendName::Flex);
/// # Ok::<(), fokker::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackendConfig {
    /// Which backend.
    pub name: BackendName,
    /// Which of its devices, in the order of `fokker devices`.
    pub device: usize,
}

/// A device that a configuration resolved to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChosenDevice {
    /// The device, without autodiff.
    pub device: Device,
    /// The backend, never `auto`.
    pub backend: BackendName,
    /// What the device is and why it was taken.
    pub description: String,
}

/// A device that a backend offers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OfferedDevice {
    /// The device.
    pub device: Device,
    /// Its name.
    pub name: String,
    /// Whether it is more than a program that imitates a GPU.
    pub is_gpu: bool,
}

impl BackendName {
    /// Every name, in the order in which `auto` looks for a GPU; the CPU backends last.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Cuda,
        Self::Rocm,
        Self::Metal,
        Self::Vulkan,
        Self::Wgpu,
        Self::Webgpu,
        Self::Flex,
        Self::Ndarray,
    ];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Webgpu => "webgpu",
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
        }
    }

    /// Whether this build contains the backend.
    pub fn is_built(self) -> bool {
        self == Self::Auto || self.device_type().is_some()
    }

    /// Whether the backend computes on GPUs.
    pub fn is_gpu(self) -> bool {
        !matches!(self, Self::Auto | Self::Flex | Self::Ndarray)
    }

    fn device_type(self) -> Option<DeviceType> {
        match self {
            Self::Wgpu => Some(DeviceType::Wgpu),
            Self::Flex => Some(DeviceType::Flex),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Some(DeviceType::Vulkan),
            #[cfg(feature = "metal")]
            Self::Metal => Some(DeviceType::Metal),
            #[cfg(feature = "webgpu")]
            Self::Webgpu => Some(DeviceType::WebGpu),
            #[cfg(feature = "cuda")]
            Self::Cuda => Some(DeviceType::Cuda),
            #[cfg(feature = "rocm")]
            Self::Rocm => Some(DeviceType::Rocm),
            #[cfg(feature = "ndarray")]
            Self::Ndarray => Some(DeviceType::NdArray),
            _ => None,
        }
    }

    /// The devices that the backend has on this machine; none if it is not built in.
    pub fn devices(self) -> Vec<OfferedDevice> {
        let Some(device_type) = self.device_type() else { return Vec::new() };
        let on_cpu = !self.is_gpu();
        Device::enumerate(device_type)
            .into_vec()
            .into_iter()
            .map(|device| {
                let imitation = on_cpu || device == Device::wgpu(burn::tensor::DeviceKind::Cpu);
                let name = match on_cpu {
                    true => "the processor".into(),
                    false => device.identity().map_or_else(|| format!("{device:?}"), |identity| identity.name),
                };
                OfferedDevice { device, name, is_gpu: !imitation }
            })
            .collect()
    }
}

impl BackendConfig {
    /// The device that this section means on this machine.
    ///
    /// # Errors
    /// A backend that is not built in, or has no such device here: with what there is.
    pub fn resolve(&self) -> Result<ChosenDevice, Error> {
        match self.name {
            BackendName::Auto => self.auto(),
            name => self.named(name),
        }
    }

    /// The same for a rank: of GPUs, rank k of a machine takes the k-th after `device`, from the first again when there are no more.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve).
    pub fn resolve_at(&self, place: Place) -> Result<ChosenDevice, Error> {
        let chosen = self.resolve()?;
        if place.size == 1 || !chosen.backend.is_gpu() {
            return Ok(chosen);
        }
        let gpus = chosen.backend.devices().len();
        Self { name: chosen.backend, device: (self.device + place.rank) % gpus }.resolve()
    }

    /// The first GPU that has the number; the processor if number 0 was meant and no GPU answers.
    fn auto(&self) -> Result<ChosenDevice, Error> {
        let gpu = BackendName::ALL.into_iter().find_map(|backend| {
            let offered = backend.devices().into_iter().filter(|offered| offered.is_gpu).nth(self.device)?;
            Some((backend, offered))
        });
        match gpu {
            Some((backend, offered)) => Ok(ChosenDevice {
                device: offered.device,
                backend,
                description: format!("{} through {} (auto: a GPU that answers)", offered.name, backend.name()),
            }),
            None if self.device > 0 => Err(Error::Backend {
                name: "auto".into(),
                message: format!(
                    "no GPU has the number backend.device = {}; numbers begin with 0. There are:\n{}",
                    self.device,
                    everything_there()
                ),
            }),
            None => Ok(ChosenDevice {
                device: Device::flex(),
                backend: BackendName::Flex,
                description: "the processor through flex (auto: no GPU answers)".into(),
            }),
        }
    }

    fn named(&self, backend: BackendName) -> Result<ChosenDevice, Error> {
        let refuse = |message: String| Err(Error::Backend { name: backend.name().into(), message });
        if !backend.is_built() {
            let built: Vec<_> =
                BackendName::ALL.into_iter().filter(|name| name.is_built()).map(BackendName::name).collect();
            return refuse(format!(
                "this build does not contain it (it has {}); build with `cargo build --release --features {}`",
                built.join(", "),
                backend.name()
            ));
        }
        let devices = backend.devices();
        let Some(offered) = devices.get(self.device) else {
            return refuse(format!(
                "it has {} device(s) on this machine, number {} was asked for. There are:\n{}",
                devices.len(),
                self.device,
                everything_there()
            ));
        };
        Ok(ChosenDevice {
            device: offered.device.clone(),
            backend,
            description: format!("{} through {}", offered.name, backend.name()),
        })
    }
}

/// All devices of this machine, a line for each.
fn everything_there() -> String {
    let every = BackendName::ALL.into_iter().flat_map(|name| {
        name.devices().into_iter().map(move |offered| format!("  {} ({})", name.name(), offered.name))
    });
    every.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_no_device_has_is_refused_by_any_name() {
        for name in [BackendName::Auto, BackendName::Flex] {
            let message = BackendConfig { name, device: 999 }.resolve().unwrap_err().to_string();
            assert!(message.contains("999") && message.contains("  flex (the processor)"), "{message}");
        }
        assert!(BackendConfig { name: BackendName::Auto, device: 0 }.resolve().is_ok());
    }
}
