//! What the processor can do, found out at run time.

/// The instruction sets that inner loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstructionSet {
    /// 16 numbers at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 numbers at a time, with fused multiplication and addition.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the compiler makes of it.
    Portable,
}

impl InstructionSet {
    /// Whether this processor has it.
    pub(crate) fn is_present(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_present() && is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Self::Portable => true,
        }
    }

    /// Those that this processor has, the best one first.
    pub(crate) fn present() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(target_arch = "x86_64")]
            Self::Avx512,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2,
            Self::Portable,
        ];
        all.into_iter().filter(|instructions| instructions.is_present())
    }

    /// The best one that this processor has.
    pub(crate) fn detect() -> Self {
        Self::present().next().expect("every processor has the portable one")
    }
}

/// Compiles a call of an `#[inline(always)]` function for every instruction set and takes the best.
///
/// `multiversion!(fn name(argument: Type, ..) = body)` defines `fn name`, which calls `body` with these arguments; the name
/// may be followed by constants, `name[const K: usize]`, that the arguments' types determine.
macro_rules! multiversion {
    (
        fn $name:ident$([$(const $constant:ident: usize),+])?($($argument:ident: $kind:ty),* $(,)?) $(-> $output:ty)? = $body:path
    ) => {
        #[allow(clippy::too_many_arguments)]
        fn $name$(<$(const $constant: usize),+>)?($($argument: $kind),*) $(-> $output)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            fn avx512$(<$(const $constant: usize),+>)?($($argument: $kind),*) $(-> $output)? {
                $body($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2$(<$(const $constant: usize),+>)?($($argument: $kind),*) $(-> $output)? {
                $body($($argument),*)
            }
            match $crate::simd::instruction_set::InstructionSet::detect() {
                // SAFETY: `detect` found the features that the function is compiled for.
                #[cfg(target_arch = "x86_64")]
                $crate::simd::instruction_set::InstructionSet::Avx512 => unsafe { avx512($($argument),*) },
                // SAFETY: `detect` found the features that the function is compiled for.
                #[cfg(target_arch = "x86_64")]
                $crate::simd::instruction_set::InstructionSet::Avx2 => unsafe { avx2($($argument),*) },
                $crate::simd::instruction_set::InstructionSet::Portable => $body($($argument),*),
            }
        }
    };
}
pub(crate) use multiversion;
