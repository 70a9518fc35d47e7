//! One function, compiled for every instruction set.

use super::instruction_set::InstructionSet;
use super::vector::{Array, Vector};

/// An inner loop written over [`Vector`].
pub(crate) trait Kernel {
    /// The loop. Implementations are `#[inline(always)]`, so that they are compiled for the instruction set.
    ///
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn run<V: Vector>(self);
}

/// Runs the loop with the processor's best instruction set.
pub(crate) fn dispatch<K: Kernel>(kernel: K) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx2,fma")]
    fn avx512<K: Kernel>(kernel: K) {
        // SAFETY: this function is compiled for the instruction set.
        unsafe { kernel.run::<std::arch::x86_64::__m512>() }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2<K: Kernel>(kernel: K) {
        // SAFETY: this function is compiled for the instruction set.
        unsafe { kernel.run::<std::arch::x86_64::__m256>() }
    }
    // SAFETY: `detect` found the instruction set.
    unsafe {
        match InstructionSet::detect() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => avx512(kernel),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => avx2(kernel),
            InstructionSet::Portable => kernel.run::<Array>(),
        }
    }
}
