//! The convolution, and the gradient of its input, which is a convolution too.

use super::SQUARE;
use super::tiles::{Tiles, channels_last};
use super::transforms::{Input, Output, Places, Weight, map};
use crate::buffer::{in_parts, with_scratch};
use crate::conv2d::geometry::Geometry;
use crate::simd::{GatherMatmul, Start, padded, transpose, transpose_over, transposed};

/// `[batch, outputs, height, width]` from `[batch, inputs, height, width]`.
pub(in crate::conv2d) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let columns = padded(geometry.outputs);
    let taps = transposed(weight, geometry.taps(), [geometry.outputs, geometry.taps()], columns);
    let mut first = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    first.resize(columns, 0.0);
    let tiles = Tiles::new(geometry.size, geometry.output_size(), geometry.before);
    convolve(
        &tiles,
        [geometry.inputs, geometry.outputs],
        &taps,
        &first,
        x,
        geometry.input_length(),
        geometry.output_length(),
    )
}

/// `[batch, inputs, height, width]`, the gradient of the input, from that of the output: the convolution with the taps
/// in reverse, from output channels to input channels.
pub(in crate::conv2d) fn input_gradient(geometry: &Geometry, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    let (inputs, columns) = (geometry.inputs, padded(geometry.inputs));
    let mut taps = vec![0.0; geometry.outputs * 9 * columns];
    let mut forwards = vec![0.0; 9 * columns];
    for (weight, taps) in weight.chunks_exact(inputs * 9).zip(taps.chunks_exact_mut(9 * columns)) {
        transpose_over(weight, 9, [inputs, 9], &mut forwards, [columns, columns]);
        for (tap, to) in forwards.chunks_exact(columns).rev().zip(taps.chunks_exact_mut(columns)) {
            to.copy_from_slice(tap);
        }
    }
    let tiles = Tiles::new(geometry.output_size(), geometry.size, 2 - geometry.before);
    let zeros = vec![0.0; columns];
    convolve(
        &tiles,
        [geometry.outputs, inputs],
        &taps,
        &zeros,
        gradient,
        geometry.output_length(),
        geometry.input_length(),
    )
}

/// Convolves images of `from` numbers to images of `to` numbers, several at a time in parallel; `taps` are
/// `[inputs, 9, padded outputs]`.
fn convolve(
    tiles: &Tiles,
    [inputs, outputs]: [usize; 2],
    taps: &[f32],
    bias: &[f32],
    x: &[f32],
    from: usize,
    to: usize,
) -> Vec<f32> {
    let (rows, columns) = (padded(inputs), padded(outputs));
    let mut weight = vec![0.0; SQUARE * inputs * columns];
    let tap_places = Places::Regular { entry: columns, square: 9 * columns };
    let weight_places = Places::Regular { entry: inputs * columns, square: columns };
    map::<3, 4, Weight>(inputs, columns, (taps, tap_places), (&mut weight, weight_places), &[]);
    let [input_places, output_places] = tiles.places(rows, columns);
    let (steps, block): (Vec<usize>, _) = ((0..inputs).collect(), tiles.block());
    let [places, targets] = [rows, columns].map(|length| (0..block).map(|tile| tile * length).collect::<Vec<_>>());
    let pixels = to / outputs;
    let batch = x.len() / from;
    let lengths =
        [tiles.input_length(rows), tiles.output_length(columns), SQUARE * block * rows, SQUARE * block * columns];
    // SAFETY: the transposition writes every channel of every pixel of every image.
    unsafe {
        in_parts(batch * to, tiles.images * to, |part, out| {
            let images = out.len() / to;
            let x = &x[part * tiles.images * from..][..images * from];
            with_scratch(lengths.iter().sum(), |scratch| {
                let (image, scratch) = scratch.split_at_mut(lengths[0]);
                let (result, scratch) = scratch.split_at_mut(lengths[1]);
                let (transformed, products) = scratch.split_at_mut(lengths[2]);
                channels_last(x, [inputs, from / inputs], image);
                for (first, count) in tiles.blocks(images) {
                    let input = Places::Listed(&input_places[first * SQUARE..]);
                    let entries = Places::Regular { entry: block * rows, square: rows };
                    map::<4, 4, Input>(count, rows, (image, input), (transformed, entries), &[]);
                    for square in 0..SQUARE {
                        let product = GatherMatmul {
                            image: &transformed[square * block * rows..][..count * rows],
                            rows: &places[..count],
                            steps: &steps,
                            matrix: &weight[square * inputs * columns..][..inputs * columns],
                            columns,
                            targets: &targets[..count],
                        };
                        product.run(Start::Zero, &mut products[square * block * columns..][..count * columns]);
                    }
                    let entries = Places::Regular { entry: block * columns, square: columns };
                    let output = Places::Listed(&output_places[first * 4..]);
                    map::<4, 2, Output>(count, columns, (products, entries), (result, output), bias);
                }
                for (result, out) in result.chunks(pixels * columns).zip(out.chunks_exact_mut(to)) {
                    transpose(result, columns, [pixels, outputs], out, [pixels, pixels]);
                }
            });
        })
    }
}
