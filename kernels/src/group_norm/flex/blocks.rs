//! Images in blocks of channels.
//!
//! Inner loops copy a block of channels into local arrays first. Through several slices the compiler cannot prove that they
//! do not overlap, does not vectorise, and is four times slower.

use super::jet::Jet;

/// Channels of a block: one register of AVX-512.
pub(super) const LANES: usize = 16;

/// A few channels of a pixel, or one number for each of them.
pub(super) type Block = [f32; LANES];

/// The same with derivatives.
pub(super) type JetBlock<const K: usize> = [Block; K];

/// Numbers as blocks.
#[inline(always)]
pub(super) fn blocks(numbers: &[f32]) -> &[Block] {
    let (blocks, rest) = numbers.as_chunks();
    debug_assert!(rest.is_empty(), "channels come padded");
    blocks
}

/// One block of several images.
#[inline(always)]
pub(super) fn block_of<const K: usize>(images: [&[Block]; K], block: usize) -> JetBlock<K> {
    images.map(|image| image[block])
}

/// One channel's coefficients.
#[inline(always)]
pub(super) fn lane_of<const K: usize>(block: &JetBlock<K>, lane: usize) -> [f32; K] {
    std::array::from_fn(|k| block[k][lane])
}

/// Sets one channel's coefficients.
#[inline(always)]
pub(super) fn set_lane<const K: usize>(block: &mut JetBlock<K>, lane: usize, value: [f32; K]) {
    for (block, value) in block.iter_mut().zip(value) {
        block[lane] = value;
    }
}

/// Sums over the pixels, of a block of channels.
#[derive(Clone, Copy)]
pub(super) struct Sums<const K: usize>(pub JetBlock<K>);

impl<const K: usize> Sums<K> {
    pub(super) const ZERO: Self = Self([[0.0; LANES]; K]);

    #[inline(always)]
    pub(super) fn add(&mut self, lane: usize, term: [f32; K]) {
        for (sums, term) in self.0.iter_mut().zip(term) {
            sums[lane] += term;
        }
    }
}

/// `Σ term(x, channel's parameter)` over the pixels, for every channel.
#[inline(always)]
pub(super) fn sum<const K: usize>(
    x: &[&[Block]; K],
    parameters: &[JetBlock<K>],
    term: impl Fn(Jet<K>, Jet<K>) -> Jet<K>,
) -> Vec<Sums<K>> {
    let per_pixel = parameters.len();
    let of_block = |(first, parameters): (usize, &JetBlock<K>)| {
        let (mut sums, parameters) = (Sums::ZERO, *parameters);
        for block in (first..x[0].len()).step_by(per_pixel) {
            let x = block_of(*x, block);
            for lane in 0..LANES {
                sums.add(lane, term(Jet(lane_of(&x, lane)), Jet(lane_of(&parameters, lane))).0);
            }
        }
        sums
    };
    parameters.iter().enumerate().map(of_block).collect()
}

/// The sums of a channel.
#[inline(always)]
pub(super) fn channel_of<const K: usize>(all: &[Sums<K>], channel: usize) -> [f32; K] {
    lane_of(&all[channel / LANES].0, channel % LANES)
}
