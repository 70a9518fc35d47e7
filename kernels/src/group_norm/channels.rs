//! Images in blocks of channels.

/// Channels of a block: one register of AVX-512.
pub(super) const LANES: usize = 16;

/// A few channels of a pixel, or one number for each of them.
pub(super) type Block = [f32; LANES];

/// Numbers as blocks.
#[inline(always)]
pub(super) fn blocks(numbers: &[f32]) -> &[Block] {
    let (blocks, rest) = numbers.as_chunks();
    debug_assert!(rest.is_empty(), "channels come padded");
    blocks
}

/// `Σ term(x, parameters)` over the pixels, for every channel: `x` is blocks of pixels, the other two have one block for
/// every block of a pixel.
#[inline(always)]
pub(super) fn sum<P>(x: &[Block], parameters: &[P], to: &mut [Block], term: impl Fn(f32, &P, usize) -> f32) {
    let per_pixel = to.len();
    for (first, (to, parameters)) in to.iter_mut().zip(parameters).enumerate() {
        let mut sums = [0.0; LANES];
        for x in x[first..].iter().step_by(per_pixel) {
            for lane in 0..LANES {
                sums[lane] += term(x[lane], parameters, lane);
            }
        }
        *to = sums;
    }
}
