//! What the entries of a product of matrices are: numbers, or pairs of numbers in bfloat16 that lie in the bits of one.
//!
//! The product of two such pairs is `a₁ b₁ + a₂ b₂`. The products are exact in single precision, and so are the sums up to
//! its rounding; the processor's own instruction takes numbers below 2⁻¹²⁶ for zero and rounds in another order.

use super::vector::Vector;

/// How two entries are multiplied.
pub(super) trait Factors<V: Vector> {
    /// The sum with their product.
    ///
    /// # Safety
    /// The processor must have `V`'s instruction set, and what the implementation is for.
    unsafe fn add_product(sum: V, a: V, b: V) -> V;
}

/// Numbers in single precision.
pub(super) struct Singles;

impl<V: Vector> Factors<V> for Singles {
    #[inline(always)]
    unsafe fn add_product(sum: V, a: V, b: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { sum.add_product(a, b) }
    }
}

/// Pairs, widened to single precision.
pub(super) struct Pairs;

impl<V: Vector> Factors<V> for Pairs {
    #[inline(always)]
    unsafe fn add_product(sum: V, a: V, b: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            let sum = sum.add_product(a.first_of_pairs(), b.first_of_pairs());
            sum.add_product(a.second_of_pairs(), b.second_of_pairs())
        }
    }
}

/// Pairs by `vdpbf16ps`, which takes two products in the time of one.
#[cfg(target_arch = "x86_64")]
pub(super) struct NativePairs;

#[cfg(target_arch = "x86_64")]
impl Factors<std::arch::x86_64::__m512> for NativePairs {
    #[inline(always)]
    unsafe fn add_product(
        sum: std::arch::x86_64::__m512,
        a: std::arch::x86_64::__m512,
        b: std::arch::x86_64::__m512,
    ) -> std::arch::x86_64::__m512 {
        use std::arch::x86_64::{__m512bh, _mm512_dpbf16_ps};
        // SAFETY: both types are 512 bits, and any bits are numbers in bfloat16; the caller promises AVX512_BF16.
        unsafe {
            let [a, b] = [a, b].map(|pairs| std::mem::transmute::<_, __m512bh>(pairs));
            _mm512_dpbf16_ps(sum, a, b)
        }
    }
}
