//! One register's worth of numbers.

/// A register of `LANES` single-precision numbers.
///
/// The functions of the x86 types compile to one instruction each when they are inlined into a function that has the
/// instruction set enabled, and may be called nowhere else.
pub(crate) trait Vector: Copy {
    /// Numbers in a register.
    const LANES: usize;

    /// Reads `LANES` numbers.
    ///
    /// # Safety
    /// They must be readable at `from`, and the processor must have the instruction set.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes `LANES` numbers.
    ///
    /// # Safety
    /// They must be writable at `to`, and the processor must have the instruction set.
    unsafe fn store(self, to: *mut f32);
    /// The same number in every lane.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn splat(value: f32) -> Self;
    /// `self + other`.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn add(self, other: Self) -> Self;
    /// `self − other`.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn sub(self, other: Self) -> Self;
    /// `self + a · b`.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// `self − a · b`.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn sub_product(self, a: Self, b: Self) -> Self;
    /// The first of the two numbers in bfloat16 that the bits of each lane are, the lower half.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn first_of_pairs(self) -> Self;
    /// The second one.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    unsafe fn second_of_pairs(self) -> Self;
    /// The same, computed at this place: the compiler may move neither the computation nor memory accesses across this place.
    ///
    /// Left to itself it moves many loads together, and then needs more registers than there are.
    ///
    /// # Safety
    /// The processor must have the instruction set.
    #[inline(always)]
    unsafe fn pinned(self) -> Self {
        self
    }
}

/// The bits of the second of a pair.
const SECOND: u32 = 0xffff_0000;

/// What the compiler makes of eight numbers in an array.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Array([f32; 8]);

impl Vector for Array {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises that they are readable; an array of numbers needs no more alignment than a number.
        Self(unsafe { from.cast::<[f32; 8]>().read() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises that they are writable.
        unsafe { to.cast::<[f32; 8]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + a.0[lane] * b.0[lane]))
    }

    #[inline(always)]
    unsafe fn sub_product(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - a.0[lane] * b.0[lane]))
    }

    #[inline(always)]
    unsafe fn first_of_pairs(self) -> Self {
        Self(self.0.map(|pair| f32::from_bits(pair.to_bits() << 16)))
    }

    #[inline(always)]
    unsafe fn second_of_pairs(self) -> Self {
        Self(self.0.map(|pair| f32::from_bits(pair.to_bits() & SECOND)))
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{SECOND, Vector};
    use std::arch::asm;
    use std::arch::x86_64::{
        __m256, __m512, _mm256_add_ps, _mm256_and_si256, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_fmadd_ps,
        _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps,
        _mm256_sub_ps, _mm512_add_ps, _mm512_and_si512, _mm512_castps_si512, _mm512_castsi512_ps, _mm512_fmadd_ps,
        _mm512_fnmadd_ps, _mm512_loadu_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps,
        _mm512_sub_ps,
    };

    macro_rules! register {
        ($register:ty, $class:ident, $feature:literal, $lanes:literal, $load:ident, $store:ident, $splat:ident, $add:ident, $sub:ident, $fma:ident, $fnma:ident, [$bits:ident, $numbers:ident, $shift:ident, $and:ident, $word:ident]) => {
            impl Vector for $register {
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: the caller promises readable numbers and the instruction set.
                    unsafe { $load(from) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: the caller promises writable numbers and the instruction set.
                    unsafe { $store(to, self) }
                }

                #[inline(always)]
                unsafe fn splat(value: f32) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $add(self, other) }
                }

                #[inline(always)]
                unsafe fn sub(self, other: Self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $sub(self, other) }
                }

                #[inline(always)]
                unsafe fn add_product(self, a: Self, b: Self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $fma(a, b, self) }
                }

                #[inline(always)]
                unsafe fn sub_product(self, a: Self, b: Self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $fnma(a, b, self) }
                }

                #[inline(always)]
                unsafe fn first_of_pairs(self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $numbers($shift::<16>($bits(self))) }
                }

                #[inline(always)]
                unsafe fn second_of_pairs(self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $numbers($and($bits(self), $word(SECOND.cast_signed()))) }
                }

                #[inline(always)]
                unsafe fn pinned(self) -> Self {
                    #[inline]
                    #[target_feature(enable = $feature)]
                    fn pin(mut register: $register) -> $register {
                        // SAFETY: no instruction.
                        unsafe { asm!("/* {0} */", inout($class) register, options(nostack, preserves_flags)) }
                        register
                    }
                    // SAFETY: the caller promises the instruction set.
                    unsafe { pin(self) }
                }
            }
        };
    }

    register!(
        __m256,
        ymm_reg,
        "avx2,fma",
        8,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_fmadd_ps,
        _mm256_fnmadd_ps,
        [_mm256_castps_si256, _mm256_castsi256_ps, _mm256_slli_epi32, _mm256_and_si256, _mm256_set1_epi32]
    );
    register!(
        __m512,
        zmm_reg,
        "avx512f",
        16,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_fmadd_ps,
        _mm512_fnmadd_ps,
        [_mm512_castps_si512, _mm512_castsi512_ps, _mm512_slli_epi32, _mm512_and_si512, _mm512_set1_epi32]
    );
}
