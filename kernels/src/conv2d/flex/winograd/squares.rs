//! Squares of numbers and the maps that are applied to all of them.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::maps::Map;
use super::places::Places;
use crate::buffer::{WORTH, as_uninit, with_scratch};
use crate::simd::{COLUMNS, Kernel, Vector, dispatch};

/// Entries of the largest square.
const LARGEST: usize = 36;

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
