//! The precision of a network's parameters, and of what is computed with them.

use std::str::FromStr;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor};
use serde::{Deserialize, Serialize};

/// The precision in which a network computes from its input to its output. Its parameters, the vectors of time and
/// class, the sums of normalisations and softmax, and everything outside the network stay as they are (Micikevicius et
/// al. 2018, "Mixed precision training").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Precision {
    /// That of the parameters: nothing is converted.
    #[default]
    F32,
    /// bfloat16: the range of single precision with 8 bits of its 24. On a CPU, images are stored in it, and all sums are in single
    /// precision.
    Bf16,
    /// Half precision: 11 bits, of numbers up to 65 504.
    F16,
    /// The one that [`Precision::on`] finds for a device.
    Auto,
}

impl Precision {
    /// The precision itself, and for [`Precision::Auto`] the faster one of the device: bfloat16 on GPUs that compute in it and on
    /// processors with tiles for it (AMX), else single precision.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use fokker_model::Precision;
    ///
    /// assert_eq!(Precision::F16.on(&Device::flex()), Precision::F16);
    /// assert_ne!(Precision::Auto.on(&Device::flex()), Precision::Auto);
    /// ```
    pub fn on(self, device: &Device) -> Self {
        let is_faster = || match fokker_kernels::is_asynchronous(device) {
            true => device.supports_dtype(DType::BF16),
            false => *device == Device::flex() && fokker_kernels::prefers_bfloat16(),
        };
        match self {
            Self::Auto if is_faster() => Self::Bf16,
            Self::Auto => Self::F32,
            _ => self,
        }
    }

    /// What tensors are converted to; nothing for the parameters' own. [`Precision::on`] comes first.
    pub fn dtype(self) -> Option<FloatDType> {
        match self {
            Self::F32 | Self::Auto => None,
            Self::Bf16 => Some(FloatDType::BF16),
            Self::F16 => Some(FloatDType::F16),
        }
    }

    /// All of them.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::F16, Self::Auto];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
            Self::Auto => "auto",
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|precision| precision.name() == name);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// The same network with parameters of another precision. Evaluated on arrays of that precision, all of it is computed
/// in it.
pub fn cast<M: Module>(network: M, precision: FloatDType) -> M {
    struct Cast(FloatDType);
    impl ModuleMapper for Cast {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor.cast(self.0))
        }
    }
    network.map(&mut Cast(precision))
}
