//! How gradients are passed between ranks.

use fokker_ranks::NumberFormat;
use serde::{Deserialize, Serialize};

/// How the gradients of a part of a step are passed from the rank that has computed them to those that sum them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GradientFormat {
    /// In single precision, exactly.
    #[default]
    F32,
    /// Rounded to bfloat16: half the bytes between ranks, and not the bits of single precision. The gradient of a part has an error up to
    /// 2⁻⁹ of each number, whatever the number of ranks: one rank rounds as well. Sums are in single precision.
    Bf16,
}

impl GradientFormat {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn format(self) -> NumberFormat {
        match self {
            Self::F32 => NumberFormat::F32,
            Self::Bf16 => NumberFormat::Bf16,
        }
    }
}
