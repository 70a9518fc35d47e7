//! The linear maps between pixels, weights and the domain in which the convolution is a product.
//!
//! `d`: 4 × 4 pixels of the input, `g`: 3 × 3 taps, `y`: 2 × 2 pixels of the output, and `y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`
//! (Lavin & Gray 2016, eq. 8 and the matrices after it). The gradients are the transposed maps. All of them go over
//! channels, which are neighbours in memory.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::buffer::{as_uninit, with_scratch};
use crate::simd::{COLUMNS, Kernel, Vector, dispatch};

/// Entries of the largest square.
const LARGEST: usize = 16;

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

/// The place of an entry that is not there: it is read as zero, and not written.
pub(super) const OUTSIDE: usize = usize::MAX;

/// Where the entries of squares are.
#[derive(Clone, Copy)]
pub(super) enum Places<'a> {
    /// Every square's entries, square by square; or [`OUTSIDE`].
    Listed(&'a [usize]),
    /// Entry `e` of square `s` is at `e · entry + s · square`.
    Regular { entry: usize, square: usize },
}

impl Places<'_> {
    /// The pointers to a square's entries; `outside` for those that are not there.
    ///
    /// # Safety
    /// The places lie in what `base` points to.
    #[inline(always)]
    unsafe fn pointers(&self, square: usize, base: *mut f32, outside: *mut f32, to: &mut [*mut f32]) {
        // SAFETY: the caller's promise.
        unsafe {
            match *self {
                Self::Listed(places) => {
                    for (&place, to) in places.get_unchecked(square * to.len()..).iter().zip(to) {
                        *to = if place == OUTSIDE { outside } else { base.add(place) };
                    }
                }
                Self::Regular { entry, square: step } => {
                    for (index, to) in to.iter_mut().enumerate() {
                        *to = base.add(index * entry + square * step);
                    }
                }
            }
        }
    }

    /// The last place of all that are there.
    fn last(&self, squares: usize, entries: usize) -> usize {
        match *self {
            Self::Listed(places) => {
                let there = places[..squares * entries].iter().filter(|&&place| place != OUTSIDE);
                there.copied().max().unwrap_or(0)
            }
            Self::Regular { entry, square } => (entries - 1) * entry + (squares - 1) * square,
        }
    }
}

/// Maps `squares` squares with `channels` channels each; `bias`, if any, is added to every entry.
pub(super) fn map<const FROM: usize, const TO: usize, M: Map<FROM, TO>>(
    squares: usize,
    channels: usize,
    (from, from_places): (&[f32], Places),
    (to, to_places): (&mut [MaybeUninit<f32>], Places),
    bias: &[f32],
) {
    struct Loop<'a, const FROM: usize, const TO: usize, M> {
        squares: usize,
        channels: usize,
        from: (*mut f32, Places<'a>),
        to: (*mut f32, Places<'a>),
        /// Zeros to read, and room to write what goes nowhere; as many numbers as channels each.
        outside: [*mut f32; 2],
        bias: &'a [f32],
        map: PhantomData<M>,
    }

    impl<const FROM: usize, const TO: usize, M: Map<FROM, TO>> Kernel for Loop<'_, FROM, TO, M> {
        #[inline(always)]
        unsafe fn run<V: Vector>(self) {
            // Enough for a square of either kind.
            let (mut from, mut to) = ([std::ptr::null_mut(); LARGEST], [std::ptr::null_mut(); LARGEST]);
            for square in 0..self.squares {
                // SAFETY: the assertions below hold for every place, and channels are a multiple of the lanes.
                unsafe {
                    self.from.1.pointers(square, self.from.0, self.outside[0], &mut from[..FROM * FROM]);
                    self.to.1.pointers(square, self.to.0, self.outside[1], &mut to[..TO * TO]);
                    for channel in (0..self.channels).step_by(V::LANES) {
                        let zero = V::splat(0.0);
                        let mut columns = [[zero; TO]; FROM];
                        for (x, column) in columns.iter_mut().enumerate() {
                            let mut entries = [zero; FROM];
                            for (y, entry) in entries.iter_mut().enumerate() {
                                *entry = V::load(from[y * FROM + x].add(channel));
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
                                entry.add(bias).store(to[y * TO + x].add(channel));
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
    assert!(channels.is_multiple_of(COLUMNS), "channels come padded");
    assert!(bias.is_empty() || bias.len() >= channels, "one bias for each channel");
    assert!(from_places.last(squares, FROM * FROM) + channels <= from.len(), "the squares are there");
    assert!(to_places.last(squares, TO * TO) + channels <= to.len(), "there is room for the squares");
    with_scratch(2 * channels, |outside| {
        outside.fill(0.0);
        let (zeros, nowhere) = outside.split_at_mut(channels);
        let outside = [zeros.as_mut_ptr(), nowhere.as_mut_ptr()];
        // What is read is read only.
        let (from, to) = ((from.as_ptr().cast_mut(), from_places), (to.as_mut_ptr().cast(), to_places));
        dispatch(Loop { squares, channels, from, to, outside, bias, map: PhantomData::<M> });
    });
}

/// The same over numbers that are there already.
pub(super) fn map_over<const FROM: usize, const TO: usize, M: Map<FROM, TO>>(
    squares: usize,
    channels: usize,
    from: (&[f32], Places),
    (to, to_places): (&mut [f32], Places),
) {
    map::<FROM, TO, M>(squares, channels, from, (as_uninit(to), to_places), &[]);
}
