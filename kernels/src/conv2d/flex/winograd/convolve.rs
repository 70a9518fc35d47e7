//! The convolution, and the gradient of its input, which is a convolution too.

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::maps::{Input, Output, Weight};
use super::places::{OUTSIDE, Places};
use super::sizes::{SIDE, SQUARE, TILE};
use super::squares::{map, map_in_parallel, map_over};
use super::tiles::Tiles;
use crate::buffer::{in_parts, pieces, with_scratch};
use crate::conv2d::flex::weight_order::{taps_in_reverse, weight_in_order};
use crate::conv2d::geometry::Geometry;
use crate::conv2d::weight::{FlexWeight, Order};
use crate::number::Number;
use crate::simd::{GatherMatmul, PANEL, padded, with_padded, write_padded};

/// `[batch, height, width, outputs]` from `[batch, height, width, inputs]`; `bias` is `[padded outputs]`.
pub(in crate::conv2d) fn forward<S: Number>(
    geometry: &Geometry,
    x: &[S],
    weight: FlexWeight,
    bias: &[f32],
    residual: Option<&[S]>,
) -> Vec<S> {
    let tiles = Tiles::new(geometry.size, geometry.output_size(), geometry.before, geometry.batch);
    let channels = [geometry.inputs, geometry.outputs];
    let in_order = |weight: &[f32], matrix: &mut [f32]| {
        transform(channels, matrix, |taps| weight_in_order(geometry, weight, taps));
    };
    let lengths = [geometry.input_length(), geometry.output_length()];
    weight.with_order(Order::Winograd, transformed(channels), in_order, |weight| {
        convolve(&tiles, channels, weight, bias, x, lengths, residual)
    })
}

/// `[batch, height, width, inputs]`, the gradient of the input, from that of the output: the convolution with the taps
/// in reverse, from output channels to input channels. `first` is `[padded inputs]`.
pub(in crate::conv2d) fn input_gradient<S: Number>(
    geometry: &Geometry,
    weight: FlexWeight,
    gradient: &[S],
    first: &[f32],
) -> Vec<S> {
    let tiles = Tiles::new(geometry.output_size(), geometry.size, 2 - geometry.before, geometry.batch);
    let channels = [geometry.outputs, geometry.inputs];
    let in_order = |weight: &[f32], matrix: &mut [f32]| {
        transform(channels, matrix, |taps| taps_in_reverse(geometry, weight, taps));
    };
    let lengths = [geometry.output_length(), geometry.input_length()];
    weight.with_order(Order::WinogradInputGradient, transformed(channels), in_order, |weight| {
        convolve(&tiles, channels, weight, first, gradient, lengths, None)
    })
}

/// Numbers of a transformed weight.
fn transformed([inputs, outputs]: [usize; 2]) -> usize {
    SQUARE * inputs * padded(outputs)
}

/// `G g Gᵀ` of taps that `write` writes, `[inputs, 9, padded outputs]`: a matrix for each of the 36 numbers, all in panels.
fn transform([inputs, outputs]: [usize; 2], matrix: &mut [f32], write: impl FnOnce(&mut [f32])) {
    let columns = padded(outputs);
    with_scratch(inputs * 9 * columns, |taps| {
        write(taps);
        let tap_places = Places::Regular { entry: columns, square: 9 * columns };
        for panel in (0..columns).step_by(PANEL) {
            let width = PANEL.min(columns - panel);
            let places = Places::Regular { entry: inputs * columns, square: width };
            let matrix = (&mut matrix[panel * inputs..], places);
            map_in_parallel::<3, SIDE, Weight>(inputs, width, (&taps[panel..], tap_places), matrix);
        }
    });
}

/// Convolves images of `from` numbers to images of `to` numbers in parallel: several at a time, or in strips of tiles
/// where there are few.
fn convolve<S: Number>(
    tiles: &Tiles,
    [inputs, outputs]: [usize; 2],
    weight: &[f32],
    bias: &[f32],
    x: &[S],
    [from, to]: [usize; 2],
    residual: Option<&[S]>,
) -> Vec<S> {
    let (rows, columns) = (padded(inputs), padded(outputs));
    let [input_places, output_places] = tiles.places(rows, columns);
    let (steps, block): (Vec<usize>, _) = ((0..inputs).collect(), tiles.block());
    let [places, targets] = [rows, columns].map(|length| (0..block).map(|tile| tile * length).collect::<Vec<_>>());
    let zeros = vec![0.0; columns];
    let lengths = [SQUARE * block * rows, SQUARE * block * columns];
    // Some of the tiles; `output_places` are theirs.
    let convolve_tiles = |x: &[f32], some: Range<usize>, output_places: &[usize], out: &mut [_]| {
        with_scratch(lengths.iter().sum(), |scratch| {
            let (transformed, products) = scratch.split_at_mut(lengths[0]);
            for (first, count) in Tiles::blocks(some.len()) {
                let input = Places::Listed(&input_places[(some.start + first) * SQUARE..]);
                let entries = Places::Regular { entry: block * rows, square: rows };
                map_over::<SIDE, SIDE, Input>(count, rows, (x, input), (transformed, entries));
                for square in 0..SQUARE {
                    let product = GatherMatmul {
                        image: &transformed[square * block * rows..][..count * rows],
                        rows: &places[..count],
                        steps: &steps,
                        matrix: &weight[square * inputs * columns..][..inputs * columns],
                        panel: PANEL.min(columns),
                        columns,
                        pairs: false,
                        targets: &targets[..count],
                    };
                    let out = &mut products[square * block * columns..][..count * columns];
                    product.write_over(&zeros, out);
                }
                let entries = Places::Regular { entry: block * columns, square: columns };
                let output = Places::Listed(&output_places[first * TILE * TILE..]);
                map::<SIDE, TILE, Output>(count, columns, (products, entries), (out, output), bias);
            }
        });
    };
    let products = SQUARE * tiles.per_image() * inputs * outputs;
    let parts = (x.len() / from).div_ceil(tiles.images);
    let strip_rows = tiles.size[0].div_ceil(if tiles.images == 1 { pieces(parts, products) } else { 1 });
    let strip_pixels = strip_rows * TILE * tiles.width;
    let convolve_part = |x: &[f32], residual: Option<&[S]>, out: &mut [MaybeUninit<S>]| {
        let images = out.len() / to;
        if strip_rows == tiles.size[0] {
            let all = 0..images * tiles.per_image();
            // SAFETY: the tiles cover every pixel of every image, and their map writes every channel.
            unsafe { write_padded(out, outputs, residual, |out| convolve_tiles(x, all, &output_places, out)) };
            return;
        }
        out.par_chunks_mut(strip_pixels * outputs).enumerate().for_each(|(strip, out)| {
            let first = strip * strip_rows * tiles.size[1];
            let count = strip_rows.min(tiles.size[0] - strip * strip_rows) * tiles.size[1];
            let before = strip * strip_pixels * columns;
            let places = &output_places[first * TILE * TILE..][..count * TILE * TILE];
            let places: Vec<usize> =
                places.iter().map(|&place| if place == OUTSIDE { place } else { place - before }).collect();
            let residual = residual.map(|all| &all[strip * strip_pixels * outputs..][..out.len()]);
            // SAFETY: as above, for the pixels of the strip.
            unsafe {
                write_padded(out, outputs, residual, |out| convolve_tiles(x, first..first + count, &places, out));
            }
        });
    };
    // SAFETY: every part is written.
    unsafe {
        in_parts(x.len() / from * to, tiles.images * to, |part, out| {
            let (first, images) = (part * tiles.images, out.len() / to);
            let residual = residual.map(|residual| &residual[first * to..][..images * to]);
            with_padded(&x[first * from..][..images * from], inputs, |x| convolve_part(x, residual, out));
        })
    }
}
