//! Pixels whose channels come in whole registers.

use std::mem::MaybeUninit;

use crate::buffer::{as_uninit, with_scratch};

/// Columns of a matrix are padded to a multiple of this, so that every instruction set divides them evenly.
pub(crate) const COLUMNS: usize = 16;

/// The next multiple of [`COLUMNS`].
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(COLUMNS)
}

/// Runs `body` with the same pixels, zeros after the channels of each up to a multiple of
/// [`COLUMNS`].
pub(crate) fn with_padded<T>(pixels: &[f32], channels: usize, body: impl FnOnce(&[f32]) -> T) -> T {
    with_all_padded([pixels], channels, |[pixels]| body(pixels))
}

/// Has `write` write pixels with whole registers of channels, and keeps the first `channels` of each in `out`.
///
/// # Safety
/// `write` initialises every number that it is given, and writes nothing else than numbers.
pub(crate) unsafe fn write_padded(
    out: &mut [MaybeUninit<f32>],
    channels: usize,
    write: impl FnOnce(&mut [MaybeUninit<f32>]),
) {
    // SAFETY: the caller promises that `write` initialises every number that it is given.
    unsafe { write_all_padded([out], channels, |[out]| write(out)) }
}

/// [`with_padded`] for several images of the same size.
pub(crate) fn with_all_padded<const N: usize, T>(
    images: [&[f32]; N],
    channels: usize,
    body: impl FnOnce([&[f32]; N]) -> T,
) -> T {
    let columns = padded(channels);
    if columns == channels {
        return body(images);
    }
    let length = images[0].len() / channels * columns;
    with_scratch(N * length, |wide| {
        for (image, wide) in images.iter().zip(wide.chunks_exact_mut(length)) {
            for (pixel, wide) in image.chunks_exact(channels).zip(wide.chunks_exact_mut(columns)) {
                wide[..channels].copy_from_slice(pixel);
                wide[channels..].fill(0.0);
            }
        }
        body(std::array::from_fn(|image| &wide[image * length..][..length]))
    })
}

/// [`write_padded`] for several images of the same size.
///
/// # Safety
/// As [`write_padded`].
pub(crate) unsafe fn write_all_padded<const N: usize>(
    mut out: [&mut [MaybeUninit<f32>]; N],
    channels: usize,
    write: impl FnOnce([&mut [MaybeUninit<f32>]; N]),
) {
    let columns = padded(channels);
    if columns == channels {
        return write(out);
    }
    let length = out[0].len() / channels * columns;
    with_scratch(N * length, |wide| {
        // SAFETY: the caller promises that `write` initialises all of it, so that it writes numbers.
        let mut rooms = unsafe { as_uninit(wide) }.chunks_exact_mut(length);
        write(std::array::from_fn(|_| rooms.next().expect("as many as images")));
        for (out, wide) in out.iter_mut().zip(wide.chunks_exact(length)) {
            for (pixel, wide) in out.chunks_exact_mut(channels).zip(wide.chunks_exact(columns)) {
                pixel.write_copy_of_slice(&wide[..channels]);
            }
        }
    });
}

/// Adds the pixels to `sum`, channel by channel; `sum` has as many numbers as a pixel.
pub(crate) fn add_pixels(pixels: &[f32], sum: &mut [f32]) {
    for pixel in pixels.chunks_exact(sum.len()) {
        for (sum, value) in sum.iter_mut().zip(pixel) {
            *sum += value;
        }
    }
}

/// Adds `summand`, number by number.
///
/// # Safety
/// All of `out` is initialised.
pub(crate) unsafe fn add(out: &mut [MaybeUninit<f32>], summand: &[f32]) {
    for (out, summand) in out.iter_mut().zip(summand) {
        // SAFETY: the caller promises that it is initialised.
        unsafe { *out.assume_init_mut() += summand };
    }
}
