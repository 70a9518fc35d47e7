//! The precision of a network's parameters, and of what is computed with them.

use std::str::FromStr;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{FloatDType, Tensor};
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
}

impl Precision {
    /// What tensors are converted to; nothing for the parameters' own.
    pub fn dtype(self) -> Option<FloatDType> {
        match self {
            Self::F32 => None,
            Self::Bf16 => Some(FloatDType::BF16),
            Self::F16 => Some(FloatDType::F16),
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::F16];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
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
