//! The convolution, and the gradient of its input, which is a convolution too.

use std::mem::MaybeUninit;

use super::tiles::Tiles;
use super::transforms::{Input, Output, Places, Weight, map, map_over};
use super::{SIDE, SQUARE, TILE};
use crate::buffer::{as_uninit, in_parts, with_scratch};
use crate::conv2d::geometry::Geometry;
use crate::pixels::{add, with_padded, write_padded};
use crate::simd::{GatherMatmul, padded, transpose};

/// `[batch, height, width, outputs]` from `[batch, height, width, inputs]`; `taps` are `[inputs, 9, padded outputs]`,
/// `bias` is `[padded outputs]`.
pub(in crate::conv2d) fn forward(
    geometry: &Geometry,
    x: &[f32],
    taps: &[f32],
    bias: &[f32],
    residual: Option<&[f32]>,
) -> Vec<f32> {
    let tiles = Tiles::new(geometry.size, geometry.output_size(), geometry.before);
    let channels = [geometry.inputs, geometry.outputs];
    convolve(&tiles, channels, taps, bias, x, [geometry.input_length(), geometry.output_length()], residual)
}

/// `[batch, height, width, inputs]`, the gradient of the input, from that of the output: the convolution with the taps
/// in reverse, from output channels to input channels.
pub(in crate::conv2d) fn input_gradient(geometry: &Geometry, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    let (inputs, columns) = (geometry.inputs, padded(geometry.inputs));
    let mut taps = vec![0.0; geometry.outputs * 9 * columns];
    let mut forwards = vec![0.0; 9 * columns];
    for (weight, taps) in weight.chunks_exact(inputs * 9).zip(taps.chunks_exact_mut(9 * columns)) {
        transpose(weight, 9, [inputs, 9], &mut forwards, [columns, columns]);
        for (tap, to) in forwards.chunks_exact(columns).rev().zip(taps.chunks_exact_mut(columns)) {
            to.copy_from_slice(tap);
        }
    }
    let tiles = Tiles::new(geometry.output_size(), geometry.size, 2 - geometry.before);
    let (channels, zeros) = ([geometry.outputs, inputs], vec![0.0; columns]);
    convolve(&tiles, channels, &taps, &zeros, gradient, [geometry.output_length(), geometry.input_length()], None)
}

/// Convolves images of `from` numbers to images of `to` numbers, several at a time in parallel.
fn convolve(
    tiles: &Tiles,
    [inputs, outputs]: [usize; 2],
    taps: &[f32],
    bias: &[f32],
    x: &[f32],
    [from, to]: [usize; 2],
    residual: Option<&[f32]>,
) -> Vec<f32> {
    let (rows, columns) = (padded(inputs), padded(outputs));
    let mut weight = vec![0.0; SQUARE * inputs * columns];
    let tap_places = Places::Regular { entry: columns, square: 9 * columns };
    let weight_places = Places::Regular { entry: inputs * columns, square: columns };
    map_over::<3, SIDE, Weight>(inputs, columns, (taps, tap_places), (&mut weight, weight_places));
    let [input_places, output_places] = tiles.places(rows, columns);
    let (steps, block): (Vec<usize>, _) = ((0..inputs).collect(), tiles.block());
    let [places, targets] = [rows, columns].map(|length| (0..block).map(|tile| tile * length).collect::<Vec<_>>());
    let zeros = vec![0.0; columns];
    let lengths = [SQUARE * block * rows, SQUARE * block * columns];
    let convolve_images = |x: &[f32], images: usize, out: &mut [MaybeUninit<f32>]| {
        with_scratch(lengths.iter().sum(), |scratch| {
            let (transformed, products) = scratch.split_at_mut(lengths[0]);
            for (first, count) in tiles.blocks(images) {
                let input = Places::Listed(&input_places[first * SQUARE..]);
                let entries = Places::Regular { entry: block * rows, square: rows };
                map_over::<SIDE, SIDE, Input>(count, rows, (x, input), (transformed, entries));
                for square in 0..SQUARE {
                    let product = GatherMatmul {
                        image: &transformed[square * block * rows..][..count * rows],
                        rows: &places[..count],
                        steps: &steps,
                        matrix: &weight[square * inputs * columns..][..inputs * columns],
                        columns,
                        targets: &targets[..count],
                    };
                    let out = &mut products[square * block * columns..][..count * columns];
                    product.write(&zeros, as_uninit(out));
                }
                let entries = Places::Regular { entry: block * columns, square: columns };
                let output = Places::Listed(&output_places[first * TILE * TILE..]);
                map::<SIDE, TILE, Output>(count, columns, (products, entries), (out, output), bias);
            }
        });
    };
    // SAFETY: the tiles cover every pixel of every image, and their map writes every channel.
    unsafe {
        in_parts(x.len() / from * to, tiles.images * to, |part, out| {
            let (first, images) = (part * tiles.images, out.len() / to);
            with_padded(&x[first * from..][..images * from], inputs, |x| {
                write_padded(out, outputs, |out| convolve_images(x, images, out));
            });
            if let Some(residual) = residual {
                add(out, &residual[first * to..][..images * to]);
            }
        })
    }
}
