//! Numbers as they lie in memory: in single precision, or rounded to bfloat16.
//!
//! Sums are computed in single precision. An image in bfloat16 is widened into scratch space that stays in cache, a few
//! pixels or one image at a time, and rounded where it is written: no pass over main memory converts alone.

use std::mem::MaybeUninit;

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Element, bf16};

use crate::simd::multiversion;
use crate::tensors::flex::Primitive;

/// What an image's numbers are stored as.
pub(crate) trait Number: Element {
    /// The numbers of a contiguous tensor.
    fn of(tensor: &Primitive) -> &[Self];
    /// The same number in single precision.
    fn single(self) -> f32;
    /// The number that is stored: the nearest one, and of two the even one.
    fn rounded(number: f32) -> Self;
    /// The numbers, if they are in single precision.
    fn as_single(numbers: &[Self]) -> Option<&[f32]>;
    /// The numbers, if they are in bfloat16.
    fn as_bf16(numbers: &[Self]) -> Option<&[bf16]>;
    /// Room for numbers, if they are in single precision.
    fn as_single_mut(room: &mut [MaybeUninit<Self>]) -> Option<&mut [MaybeUninit<f32>]>;
    /// Copies numbers to as many in single precision.
    fn widen(from: &[Self], to: &mut [f32]);
    /// Rounds as many numbers.
    fn round(from: &[f32], to: &mut [MaybeUninit<Self>]);
}

impl Number for f32 {
    fn of(tensor: &Primitive) -> &[Self] {
        tensor.as_slice().expect("a contiguous tensor in single precision")
    }

    #[inline(always)]
    fn single(self) -> f32 {
        self
    }

    #[inline(always)]
    fn rounded(number: f32) -> Self {
        number
    }

    fn as_single(numbers: &[Self]) -> Option<&[f32]> {
        Some(numbers)
    }

    fn as_bf16(_: &[Self]) -> Option<&[bf16]> {
        None
    }

    fn as_single_mut(room: &mut [MaybeUninit<Self>]) -> Option<&mut [MaybeUninit<f32>]> {
        Some(room)
    }

    fn widen(from: &[Self], to: &mut [f32]) {
        to.copy_from_slice(from);
    }

    fn round(from: &[f32], to: &mut [MaybeUninit<Self>]) {
        to.write_copy_of_slice(from);
    }
}

impl Number for bf16 {
    fn of(tensor: &Primitive) -> &[Self] {
        tensor.as_slice().expect("a contiguous tensor in bfloat16")
    }

    #[inline(always)]
    fn single(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    /// The upper half of the bits, after half a unit of it was added. The processor's own instruction gives other bits for
    /// numbers below 2⁻¹²⁶.
    #[inline(always)]
    fn rounded(number: f32) -> Self {
        let bits = number.to_bits();
        let half = 0x7fff + ((bits >> 16) & 1);
        // What is not a number stays none, even if only bits of the lower half say so.
        let nearest = if number.is_nan() { bits | 0x0040_0000 } else { bits.wrapping_add(half) };
        Self::from_bits((nearest >> 16) as u16)
    }

    fn as_single(_: &[Self]) -> Option<&[f32]> {
        None
    }

    fn as_bf16(numbers: &[Self]) -> Option<&[bf16]> {
        Some(numbers)
    }

    fn as_single_mut(_: &mut [MaybeUninit<Self>]) -> Option<&mut [MaybeUninit<f32>]> {
        None
    }

    fn widen(from: &[Self], to: &mut [f32]) {
        assert_eq!(from.len(), to.len(), "as many numbers");
        widen(from, to);
    }

    fn round(from: &[f32], to: &mut [MaybeUninit<Self>]) {
        assert_eq!(from.len(), to.len(), "as many numbers");
        round(from, to);
    }
}

multiversion!(fn widen(from: &[bf16], to: &mut [f32]) = widen_each);
multiversion!(fn round(from: &[f32], to: &mut [MaybeUninit<bf16>]) = round_each);

#[inline(always)]
fn widen_each(from: &[bf16], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.single();
    }
}

#[inline(always)]
fn round_each(from: &[f32], to: &mut [MaybeUninit<bf16>]) {
    for (to, from) in to.iter_mut().zip(from) {
        to.write(bf16::rounded(*from));
    }
}

/// Two numbers in bfloat16 in the bits of one, the first in the lower half: as they lie next to each other in memory.
#[inline(always)]
pub(crate) fn pair(first: bf16, second: bf16) -> f32 {
    f32::from_bits(u32::from(first.to_bits()) | u32::from(second.to_bits()) << 16)
}

/// The channels of pixels in pairs, those of an odd number with a zero after the last.
pub(crate) fn pair_channels(pixels: &[bf16], channels: usize, to: &mut [f32]) {
    let (pixels, to) = match channels.is_multiple_of(2) {
        // One pixel of all channels.
        true => (pixels.chunks_exact(pixels.len().max(1)), to.chunks_exact_mut(to.len().max(1))),
        false => (pixels.chunks_exact(channels), to.chunks_exact_mut(channels.div_ceil(2))),
    };
    for (pixel, to) in pixels.zip(to) {
        let (pairs, last) = pixel.as_chunks::<2>();
        for (to, &[first, second]) in to.iter_mut().zip(pairs) {
            *to = pair(first, second);
        }
        if let ([last], Some(to)) = (last, to.last_mut()) {
            *to = pair(*last, bf16::ZERO);
        }
    }
}

/// A weight's channels in pairs, tap by tap, rounded: `[channels, taps, columns]` → `[taps, channels / 2, columns]`; an odd number of
/// channels is followed by zeros. So the pairs that a tap meets of a pixel are neighbours, as they are in the image.
pub(crate) fn pair_weights(numbers: &[f32], [taps, columns]: [usize; 2], to: &mut [f32]) {
    let (channel, pairs) = (taps * columns, to.len() / (taps * columns));
    for (index, channels) in numbers.chunks(2 * channel).enumerate() {
        let (first, second) = channels.split_at(channel);
        for tap in 0..taps {
            let of_tap = tap * columns..(tap + 1) * columns;
            let second = second.get(of_tap.clone());
            let to = to[(tap * pairs + index) * columns..][..columns].iter_mut().enumerate();
            for ((column, to), &first) in to.zip(&first[of_tap]) {
                let second = second.map_or(bf16::ZERO, |second| bf16::rounded(second[column]));
                *to = pair(bf16::rounded(first), second);
            }
        }
    }
}

/// Evaluates an expression with `$number` the type of a tensor's numbers.
macro_rules! with_number {
    ($tensor:expr, $number:ident => $body:expr) => {
        match burn::backend::TensorMetadata::dtype($tensor) {
            burn::tensor::DType::BF16 => {
                type $number = burn::tensor::bf16;
                $body
            }
            _ => {
                type $number = f32;
                $body
            }
        }
    };
}
pub(crate) use with_number;

/// Whether the numbers of a tensor are of a kind that kernels read.
pub(crate) fn is_read(precision: DType) -> bool {
    matches!(precision, DType::F32 | DType::BF16)
}

/// Bytes of a tensor's numbers.
pub(crate) fn bytes_of(tensor: &Primitive) -> usize {
    tensor.shape().num_elements() * tensor.dtype().size()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers that bfloat16 has, halves of a unit above them, and the numbers next to those.
    #[test]
    fn numbers_are_rounded_as_they_should_be() {
        let mut singles = Vec::new();
        for upper in 0..=u16::MAX {
            singles.extend(
                [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff].map(|lower| f32::from_bits(u32::from(upper) << 16 | lower)),
            );
        }
        let mut stored = vec![MaybeUninit::uninit(); singles.len()];
        bf16::round(&singles, &mut stored);
        // SAFETY: `round` has written all of them.
        let stored: Vec<bf16> = stored.into_iter().map(|number| unsafe { number.assume_init() }).collect();
        let mut widened = vec![0.0; stored.len()];
        bf16::widen(&stored, &mut widened);
        for ((single, stored), widened) in singles.into_iter().zip(stored).zip(widened) {
            let expected = bf16::from_f32(single);
            assert!(stored.to_bits() == expected.to_bits() || single.is_nan() && stored.is_nan(), "{single:e}");
            assert_eq!(widened.to_bits(), stored.to_f32().to_bits(), "{single:e}");
        }
    }
}
