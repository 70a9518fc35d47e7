//! The linear maps between pixels, weights and the domain in which the convolution is a product.
//!
//! `d`: 6 × 6 pixels of the input, `g`: 3 × 3 taps, `y`: 4 × 4 pixels of the output, and `y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`
//! with the matrices of Lavin & Gray 2016, section 4.3, from the points 0, ±1, ±2, ∞:
//!
//! ```text
//!      ⎡4  0 −5  0 1 0⎤       ⎡ 1/4    0    0 ⎤        ⎡1 1  1 1  1 0⎤
//!      ⎢0 −4 −4  1 1 0⎥       ⎢−1/6 −1/6 −1/6 ⎥   Aᵀ = ⎢0 1 −1 2 −2 0⎥
//! Bᵀ = ⎢0  4 −4 −1 1 0⎥   G = ⎢−1/6  1/6 −1/6 ⎥        ⎢0 1  1 4  4 0⎥
//!      ⎢0 −2 −1  2 1 0⎥       ⎢1/24 1/12  1/6 ⎥        ⎣0 1 −1 8 −8 1⎦
//!      ⎢0  2 −1 −2 1 0⎥       ⎢1/24 −1/12 1/6 ⎥
//!      ⎣0  4  0 −5 0 1⎦       ⎣  0    0    1  ⎦
//! ```
//!
//! The gradients are the transposed maps. All of them go over channels, which are neighbours in memory.

use crate::simd::Vector;

/// A map of squares, `FROM` by `FROM` to `TO` by `TO`, for every channel.
pub(super) trait Map<const FROM: usize, const TO: usize> {
    /// The map of a column.
    ///
    /// # Safety
    /// The processor has `V`'s instruction set.
    unsafe fn column<V: Vector>(from: [V; FROM]) -> [V; TO];
}

/// `Bᵀ d B`.
pub(super) struct Input;
/// `A y Aᵀ`, the transpose of `Aᵀ m A`.
pub(super) struct OutputGradient;
/// `Aᵀ m A`.
pub(super) struct Output;
/// `G g Gᵀ`.
pub(super) struct Weight;
/// `Gᵀ u G`.
pub(super) struct WeightGradient;

impl Map<6, 6> for Input {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 6] {
        // SAFETY: the caller promises that the processor has the instruction set.
        unsafe {
            let [two, four, five] = [2.0, 4.0, 5.0].map(|factor| V::splat(factor));
            // Rows two and three share their even and odd parts, and so do rows four and five.
            let (even, odd) = (e.sub_product(c, four), d.sub_product(b, four));
            let (even_2, odd_2) = (e.sub(c), d.sub(b));
            [
                e.add_product(a, four).sub_product(c, five),
                even.add(odd),
                even.sub(odd),
                even_2.add_product(odd_2, two),
                even_2.sub_product(odd_2, two),
                f.add_product(b, four).sub_product(d, five),
            ]
        }
    }
}

impl Map<4, 6> for OutputGradient {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 6] {
        // SAFETY: the caller promises that the processor has the instruction set.
        unsafe {
            let [two, four] = [2.0, 4.0].map(|factor| V::splat(factor));
            let (even, odd) = (a.add(c), b.add(d));
            let (even_2, odd_2) = (a.add_product(c, four), b.add_product(d, four));
            [a, even.add(odd), even.sub(odd), even_2.add_product(odd_2, two), even_2.sub_product(odd_2, two), d]
        }
    }
}

impl Map<6, 4> for Output {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 4] {
        // SAFETY: the caller promises that the processor has the instruction set.
        unsafe {
            let [two, four, eight] = [2.0, 4.0, 8.0].map(|factor| V::splat(factor));
            let (sum, difference) = (b.add(c), b.sub(c));
            let (sum_2, difference_2) = (d.add(e), d.sub(e));
            [
                a.add(sum).add(sum_2),
                difference.add_product(difference_2, two),
                sum.add_product(sum_2, four),
                f.add(difference).add_product(difference_2, eight),
            ]
        }
    }
}

impl Map<3, 6> for Weight {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c]: [V; 3]) -> [V; 6] {
        // SAFETY: the caller promises that the processor has the instruction set.
        unsafe {
            let [quarter, sixth, twelfth, fine] = [1.0 / 4.0, 1.0 / 6.0, 1.0 / 12.0, 1.0 / 24.0].map(|f| V::splat(f));
            let zero = V::splat(0.0);
            let (even, odd) = (zero.sub_product(a.add(c), sixth), zero.add_product(b, sixth));
            let (even_2, odd_2) = (zero.add_product(a, fine).add_product(c, sixth), zero.add_product(b, twelfth));
            let first = zero.add_product(a, quarter);
            [first, even.sub(odd), even.add(odd), even_2.add(odd_2), even_2.sub(odd_2), c]
        }
    }
}

impl Map<6, 3> for WeightGradient {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d, e, f]: [V; 6]) -> [V; 3] {
        // SAFETY: the caller promises that the processor has the instruction set.
        unsafe {
            let [quarter, sixth, twelfth, fine] = [1.0 / 4.0, 1.0 / 6.0, 1.0 / 12.0, 1.0 / 24.0].map(|f| V::splat(f));
            let zero = V::splat(0.0);
            let (sum, sum_2) = (zero.add_product(b.add(c), sixth), d.add(e));
            [
                zero.add_product(a, quarter).add_product(sum_2, fine).sub(sum),
                zero.add_product(c.sub(b), sixth).add_product(d.sub(e), twelfth),
                f.sub(sum).add_product(sum_2, sixth),
            ]
        }
    }
}
