//! Pixels whose channels come in whole registers.

use std::mem::MaybeUninit;

use crate::buffer::{as_uninit, with_scratch};
use crate::number::Number;

/// Columns of a matrix are padded to a multiple of this, so that every instruction set divides them evenly.
pub(crate) const COLUMNS: usize = 16;

/// The next multiple of [`COLUMNS`].
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(COLUMNS)
}

/// Runs `body` with the same pixels in single precision, zeros after the channels of each up to a multiple of
/// [`COLUMNS`].
pub(crate) fn with_padded<S: Number, T>(pixels: &[S], channels: usize, body: impl FnOnce(&[f32]) -> T) -> T {
    with_all_padded([pixels], channels, |[pixels]| body(pixels))
}

/// Has `write` write pixels with whole registers of channels, adds `residual` to them, if any, and keeps the first
/// `channels` of each in `out`.
///
/// # Safety
/// `write` initialises every number that it is given, and writes nothing else than numbers.
pub(crate) unsafe fn write_padded<S: Number>(
    out: &mut [MaybeUninit<S>],
    channels: usize,
    residual: Option<&[S]>,
    write: impl FnOnce(&mut [MaybeUninit<f32>]),
) {
    let sum = |[wide]: [&mut [f32]; 1], columns: usize| {
        let Some(residual) = residual else { return };
        with_widened([residual], |[residual]| {
            for (wide, residual) in wide.chunks_exact_mut(columns).zip(residual.chunks_exact(channels)) {
                for (wide, residual) in wide.iter_mut().zip(residual) {
                    *wide += residual;
                }
            }
        });
    };
    // SAFETY: the caller promises that `write` initialises every number that it is given.
    unsafe { write_all([out], channels, |[out]| write(out), sum) }
}

/// Runs `body` with the same numbers in single precision.
fn with_widened<S: Number, const N: usize, T>(images: [&[S]; N], body: impl FnOnce([&[f32]; N]) -> T) -> T {
    let singles = images.map(S::as_single);
    if singles.iter().all(Option::is_some) {
        return body(singles.map(Option::unwrap_or_default));
    }
    let length = images[0].len();
    with_scratch(N * length, |wide| {
        for (image, wide) in images.iter().zip(wide.chunks_exact_mut(length)) {
            S::widen(image, wide);
        }
        body(std::array::from_fn(|image| &wide[image * length..][..length]))
    })
}

/// [`with_padded`] for several images of the same size.
pub(crate) fn with_all_padded<S: Number, const N: usize, T>(
    images: [&[S]; N],
    channels: usize,
    body: impl FnOnce([&[f32]; N]) -> T,
) -> T {
    let columns = padded(channels);
    if columns == channels {
        return with_widened(images, body);
    }
    let length = images[0].len() / channels * columns;
    with_scratch(N * length, |wide| {
        for (image, wide) in images.iter().zip(wide.chunks_exact_mut(length)) {
            for (pixel, wide) in image.chunks_exact(channels).zip(wide.chunks_exact_mut(columns)) {
                S::widen(pixel, &mut wide[..channels]);
                wide[channels..].fill(0.0);
            }
        }
        body(std::array::from_fn(|image| &wide[image * length..][..length]))
    })
}

/// [`write_padded`] without a residual, for several images of the same size.
///
/// # Safety
/// As [`write_padded`].
pub(crate) unsafe fn write_all_padded<S: Number, const N: usize>(
    out: [&mut [MaybeUninit<S>]; N],
    channels: usize,
    write: impl FnOnce([&mut [MaybeUninit<f32>]; N]),
) {
    // SAFETY: the caller promises that `write` initialises every number that it is given.
    unsafe { write_all(out, channels, write, |_, _| ()) }
}

/// Has `write` write pixels with whole registers of channels, changes them by `change(pixels, padded channels)`, and keeps
/// the first `channels` of each.
///
/// # Safety
/// As [`write_padded`].
unsafe fn write_all<S: Number, const N: usize>(
    mut out: [&mut [MaybeUninit<S>]; N],
    channels: usize,
    write: impl FnOnce([&mut [MaybeUninit<f32>]; N]),
    change: impl FnOnce([&mut [f32]; N], usize),
) {
    let columns = padded(channels);
    let singles = out.each_mut().map(|out| S::as_single_mut(out));
    if columns == channels && singles.iter().all(Option::is_some) {
        let mut singles = singles.map(Option::unwrap_or_default);
        write(singles.each_mut().map(|out| &mut **out));
        // SAFETY: the caller promises that `write` has initialised all of it.
        return change(singles.map(|out| unsafe { out.assume_init_mut() }), columns);
    }
    let length = out[0].len() / channels * columns;
    with_scratch(N * length, |wide| {
        // SAFETY: the caller promises that `write` initialises all of it, so that it writes numbers.
        let mut rooms = unsafe { as_uninit(wide) }.chunks_exact_mut(length);
        write(std::array::from_fn(|_| rooms.next().expect("as many as images")));
        let mut images = wide.chunks_exact_mut(length);
        change(std::array::from_fn(|_| images.next().expect("as many as images")), columns);
        for (out, wide) in out.iter_mut().zip(wide.chunks_exact(length)) {
            if columns == channels {
                S::round(wide, out);
                continue;
            }
            for (pixel, wide) in out.chunks_exact_mut(channels).zip(wide.chunks_exact(columns)) {
                S::round(&wide[..channels], pixel);
            }
        }
    });
}

/// Adds the pixels to `sum`, channel by channel; `sum` has as many numbers as a pixel.
pub(crate) fn add_pixels<S: Number>(pixels: &[S], sum: &mut [f32]) {
    /// Numbers that stay in the first cache.
    const AT_ONCE: usize = 1 << 12;
    let at_once = sum.len() * AT_ONCE.div_ceil(sum.len());
    for pixels in pixels.chunks(at_once) {
        with_widened([pixels], |[pixels]| {
            for pixel in pixels.chunks_exact(sum.len()) {
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
        });
    }
}
