//! The linear maps between pixels, weights and the domain in which the convolution is a product.
//!
//! `d`: 4 × 4 pixels of the input, `g`: 3 × 3 taps, `y`: 2 × 2 pixels of the output, and `y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`
//! (Lavin & Gray 2016, eq. 8 and the matrices after it). The gradients are the transposed maps. All of them go over
//! channels, which are neighbours in memory.

use crate::simd::{Kernel, Vector, dispatch};

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

impl Map<4, 4> for Input {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe { [a.sub(c), b.add(c), c.sub(b), b.sub(d)] }
    }
}

impl Map<2, 4> for OutputGradient {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b]: [V; 2]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe { [a, a.add(b), a.sub(b), V::splat(0.0).sub(b)] }
    }
}

impl Map<4, 2> for Output {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 2] {
        // SAFETY: the caller's promise.
        unsafe { [a.add(b).add(c), b.sub(c).sub(d)] }
    }
}

impl Map<3, 4> for Weight {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c]: [V; 3]) -> [V; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let (zero, half) = (V::splat(0.0), V::splat(0.5));
            let ends = a.add(c);
            [a, zero.add_product(ends.add(b), half), zero.add_product(ends.sub(b), half), c]
        }
    }
}

impl Map<4, 3> for WeightGradient {
    #[inline(always)]
    unsafe fn column<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 3] {
        // SAFETY: the caller's promise.
        unsafe {
            let half = V::splat(0.5);
            let sum = b.add(c);
            [a.add_product(sum, half), V::splat(0.0).add_product(b.sub(c), half), d.add_product(sum, half)]
        }
    }
}

/// Where the entries of squares are.
#[derive(Clone, Copy)]
pub(super) enum Places<'a> {
    /// Every square's entries, square by square.
    Listed(&'a [usize]),
    /// Entry `e` of square `s` is at `e · entry + s · square`.
    Regular { entry: usize, square: usize },
}

impl Places<'_> {
    /// The places of a square's entries.
    #[inline(always)]
    fn write(&self, square: usize, to: &mut [usize]) {
        match *self {
            Self::Listed(places) => to.copy_from_slice(&places[square * to.len()..][..to.len()]),
            Self::Regular { entry, square: step } => {
                for (index, place) in to.iter_mut().enumerate() {
                    *place = index * entry + square * step;
                }
            }
        }
    }

    /// The last place of all.
    fn last(&self, squares: usize, entries: usize) -> usize {
        match *self {
            Self::Listed(places) => places[..squares * entries].iter().copied().max().unwrap_or(0),
            Self::Regular { entry, square } => (entries - 1) * entry + (squares - 1) * square,
        }
    }
}

/// Maps `squares` squares with `channels` channels each; `bias`, if any, is added to every entry.
pub(super) fn map<const FROM: usize, const TO: usize, M: Map<FROM, TO>>(
    squares: usize,
    channels: usize,
    (from, from_places): (&[f32], Places),
    (to, to_places): (&mut [f32], Places),
    bias: &[f32],
) {
    struct Loop<'a, const FROM: usize, const TO: usize, M> {
        squares: usize,
        channels: usize,
        from: (&'a [f32], Places<'a>),
        to: (&'a mut [f32], Places<'a>),
        bias: &'a [f32],
        map: std::marker::PhantomData<M>,
    }

    impl<const FROM: usize, const TO: usize, M: Map<FROM, TO>> Kernel for Loop<'_, FROM, TO, M> {
        #[inline(always)]
        unsafe fn run<V: Vector>(self) {
            // Enough for a square of either kind.
            let (mut from, mut to) = ([0; 16], [0; 16]);
            for square in 0..self.squares {
                self.from.1.write(square, &mut from[..FROM * FROM]);
                self.to.1.write(square, &mut to[..TO * TO]);
                for channel in (0..self.channels).step_by(V::LANES) {
                    // SAFETY: the assertions below hold for every place, and channels are a multiple of the lanes.
                    unsafe {
                        let zero = V::splat(0.0);
                        let mut columns = [[zero; TO]; FROM];
                        for (x, column) in columns.iter_mut().enumerate() {
                            let mut entries = [zero; FROM];
                            for (y, entry) in entries.iter_mut().enumerate() {
                                *entry = V::load(self.from.0.as_ptr().add(from[y * FROM + x] + channel));
                            }
                            *column = M::column(entries);
                        }
                        let bias = if self.bias.is_empty() { zero } else { V::load(self.bias.as_ptr().add(channel)) };
                        for y in 0..TO {
                            let mut row = [zero; FROM];
                            for (entry, column) in row.iter_mut().zip(&columns) {
                                *entry = column[y];
                            }
                            for (x, entry) in M::column(row).into_iter().enumerate() {
                                entry.add(bias).store(self.to.0.as_mut_ptr().add(to[y * TO + x] + channel));
                            }
                        }
                    }
                }
            }
        }
    }

    if squares == 0 {
        return;
    }
    assert!(channels.is_multiple_of(crate::simd::COLUMNS), "channels come padded");
    assert!(bias.is_empty() || bias.len() >= channels, "one bias for each channel");
    assert!(from_places.last(squares, FROM * FROM) + channels <= from.len(), "the squares are there");
    assert!(to_places.last(squares, TO * TO) + channels <= to.len(), "there is room for the squares");
    let map = std::marker::PhantomData::<M>;
    let (from, to) = ((from, from_places), (to, to_places));
    dispatch(Loop { squares, channels, from, to, bias, map });
}
