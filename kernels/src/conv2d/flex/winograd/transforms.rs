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

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use crate::buffer::{WORTH, as_uninit, with_scratch};
use crate::simd::{COLUMNS, Kernel, Vector, dispatch};

/// Entries of the largest square.
const LARGEST: usize = 36;

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
    /// There is a place for each entry of the square, and those that are not [`OUTSIDE`] lie in what `base` points to.
    #[inline(always)]
    unsafe fn pointers(&self, square: usize, base: *mut f32, outside: *mut f32, to: &mut [*mut f32]) {
        // SAFETY: the caller promises that there is a place for each entry, and that they lie in what `base` points to.
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

    /// Whether no two of all entries, of so many channels each, share a place; listed ones may.
    fn are_apart(&self, squares: usize, entries: usize, channels: usize) -> bool {
        let Self::Regular { entry, square } = *self else { return false };
        // One kind of step goes over the whole of the other.
        let over = |inner: usize, count: usize, outer: usize| {
            inner >= channels && outer >= count.saturating_sub(1) * inner + channels
        };
        over(entry, entries, square) || over(square, squares, entry)
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
    from: (&[f32], Places),
    to: (&mut [MaybeUninit<f32>], Places),
    bias: &[f32],
) {
    if let Some(all) = Squares::new::<FROM, TO>(squares, channels, from, to, bias) {
        // SAFETY: `all` is known here alone.
        unsafe { all.map::<FROM, TO, M>(0..squares) };
    }
}

/// The same over numbers that are there already.
pub(super) fn map_over<const FROM: usize, const TO: usize, M: Map<FROM, TO>>(
    squares: usize,
    channels: usize,
    from: (&[f32], Places),
    (to, to_places): (&mut [f32], Places),
) {
    // SAFETY: a map writes numbers.
    let to = unsafe { as_uninit(to) };
    map::<FROM, TO, M>(squares, channels, from, (to, to_places), &[]);
}

/// The same, several squares at a time in parallel. No two of them share a place that is written.
///
/// # Panics
/// If their places overlap, or are listed.
pub(super) fn map_in_parallel<const FROM: usize, const TO: usize, M: Map<FROM, TO>>(
    squares: usize,
    channels: usize,
    from: (&[f32], Places),
    (to, to_places): (&mut [f32], Places),
) {
    let at_once = (WORTH / (TO * TO)).div_ceil(channels);
    assert!(to_places.are_apart(squares, TO * TO, channels), "threads write to different places");
    // SAFETY: a map writes numbers.
    let to = unsafe { as_uninit(to) };
    if let Some(all) = Squares::new::<FROM, TO>(squares, channels, from, (to, to_places), &[]) {
        // SAFETY: each square is in one part, and the places of different squares are apart.
        let map_part = |part: usize| unsafe {
            all.map::<FROM, TO, M>(part * at_once..((part + 1) * at_once).min(squares));
        };
        if squares <= at_once {
            return map_part(0);
        }
        (0..squares.div_ceil(at_once)).into_par_iter().for_each(map_part);
    }
}

/// Squares to be mapped, which lie where their places say.
struct Squares<'a> {
    channels: usize,
    from: (*mut f32, Places<'a>),
    to: (*mut f32, Places<'a>),
    bias: &'a [f32],
}

// SAFETY: what is read is only read; nothing is written but by `map`, whose callers promise that no two threads map the same
// places at a time.
unsafe impl Sync for Squares<'_> {}

impl<'a> Squares<'a> {
    /// None if there are none.
    fn new<const FROM: usize, const TO: usize>(
        squares: usize,
        channels: usize,
        (from, from_places): (&'a [f32], Places<'a>),
        (to, to_places): (&'a mut [MaybeUninit<f32>], Places<'a>),
        bias: &'a [f32],
    ) -> Option<Self> {
        if squares == 0 {
            return None;
        }
        assert!(channels.is_multiple_of(COLUMNS), "channels come padded");
        assert!(bias.is_empty() || bias.len() >= channels, "one bias for each channel");
        assert!(from_places.last(squares, FROM * FROM) + channels <= from.len(), "the squares are there");
        assert!(to_places.last(squares, TO * TO) + channels <= to.len(), "there is room for the squares");
        let (from, to) = ((from.as_ptr().cast_mut(), from_places), (to.as_mut_ptr().cast(), to_places));
        Some(Self { channels, from, to, bias })
    }

    /// Maps some of them.
    ///
    /// # Safety
    /// No other thread maps squares with the same places at the same time.
    unsafe fn map<const FROM: usize, const TO: usize, M: Map<FROM, TO>>(&self, range: Range<usize>) {
        with_scratch(2 * self.channels, |outside| {
            outside.fill(0.0);
            let (zeros, nowhere) = outside.split_at_mut(self.channels);
            let outside = [zeros.as_mut_ptr(), nowhere.as_mut_ptr()];
            dispatch(Loop::<FROM, TO, M> { squares: self, range, outside, map: PhantomData });
        });
    }
}

struct Loop<'a, const FROM: usize, const TO: usize, M> {
    squares: &'a Squares<'a>,
    range: Range<usize>,
    /// Zeros to read, and room to write what goes nowhere; as many numbers as channels each.
    outside: [*mut f32; 2],
    map: PhantomData<M>,
}

impl<const FROM: usize, const TO: usize, M: Map<FROM, TO>> Kernel for Loop<'_, FROM, TO, M> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Squares { channels, from: source, to: target, bias } = *self.squares;
        // Enough for a square of either kind.
        let (mut from, mut to) = ([std::ptr::null_mut(); LARGEST], [std::ptr::null_mut(); LARGEST]);
        for square in self.range {
            // SAFETY: `Squares::new` has looked at every place, and channels are a multiple of the lanes.
            unsafe {
                source.1.pointers(square, source.0, self.outside[0], &mut from[..FROM * FROM]);
                target.1.pointers(square, target.0, self.outside[1], &mut to[..TO * TO]);
                for channel in (0..channels).step_by(V::LANES) {
                    let zero = V::splat(0.0);
                    let mut columns = [[zero; TO]; FROM];
                    for (x, column) in columns.iter_mut().enumerate() {
                        let mut entries = [zero; FROM];
                        for (y, entry) in entries.iter_mut().enumerate() {
                            *entry = V::load(from[y * FROM + x].add(channel));
                        }
                        *column = M::column(entries);
                    }
                    let bias = if bias.is_empty() { zero } else { V::load(bias.as_ptr().add(channel)) };
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
