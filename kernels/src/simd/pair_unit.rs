//! What multiplies pairs in bfloat16, found out at run time.

use super::instruction_set::InstructionSet;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::tiles::Amx;

/// Ways to multiply pairs in bfloat16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PairUnit {
    /// Tiles of 16 rows with 16 pairs each (AMX-BF16).
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Tiles,
    /// Registers of 16 pairs (AVX512_BF16).
    #[cfg(target_arch = "x86_64")]
    Registers,
    /// Numbers in single precision, to which pairs are widened.
    Widened,
}

impl PairUnit {
    /// Whether this processor has it.
    pub(super) fn is_present(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        let has_registers = || InstructionSet::Avx512.is_present() && is_x86_feature_detected!("avx512bf16");
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Tiles => has_registers() && Amx::is_present(),
            #[cfg(target_arch = "x86_64")]
            Self::Registers => has_registers(),
            Self::Widened => true,
        }
    }

    /// Those that this processor has, the best one first.
    pub(super) fn present() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Tiles,
            #[cfg(target_arch = "x86_64")]
            Self::Registers,
            Self::Widened,
        ];
        all.into_iter().filter(|unit| unit.is_present())
    }

    /// The best one that this processor has.
    pub(crate) fn detect() -> Self {
        Self::present().next().expect("every processor has numbers in single precision")
    }

    /// Whether direct products of pairs take less time than Winograd's in single precision, which need a quarter of the multiplications.
    pub(crate) fn outruns_winograd(self) -> bool {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        return self == Self::Tiles;
        #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
        false
    }

    /// Whether pairs take less time than numbers in single precision.
    pub(crate) fn is_native(self) -> bool {
        self != Self::Widened
    }
}

/// Whether a network takes less time in bfloat16 than in single precision on this processor.
pub fn prefers_bfloat16() -> bool {
    PairUnit::detect().outruns_winograd()
}

/// What the processor's instructions for inner loops are: `"AVX-512, bfloat16 by AMX"`.
pub fn instruction_sets() -> String {
    let vectors = match InstructionSet::detect() {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => "AVX2",
        InstructionSet::Portable => std::env::consts::ARCH,
    };
    let pairs = match PairUnit::detect() {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        PairUnit::Tiles => "by AMX",
        #[cfg(target_arch = "x86_64")]
        PairUnit::Registers => "by AVX512_BF16",
        PairUnit::Widened => "widened",
    };
    format!("{vectors}, bfloat16 {pairs}")
}
