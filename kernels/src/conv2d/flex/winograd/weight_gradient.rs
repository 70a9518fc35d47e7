//! The gradients of weight and bias: `Gᵀ [Σ (A y Aᵀ) ⊙ (Bᵀ d B)] G` over all tiles, with `y` the output's gradient.

use std::ops::Range;

use super::maps::{Input, OutputGradient, WeightGradient};
use super::places::Places;
use super::sizes::{SIDE, SQUARE, TILE};
use super::squares::map_over;
use super::tiles::Tiles;
use crate::buffer::with_scratch;
use crate::conv2d::geometry::Geometry;
use crate::number::Number;
use crate::simd::{COLUMNS, GatherMatmul, PANEL, padded, with_padded};

/// Writes the sums over some images for some of the input channels, from a multiple of [`COLUMNS`] on: `weight`,
/// `[channels, 9, padded outputs]`.
pub(in crate::conv2d) fn sum_images<S: Number>(
    geometry: &Geometry,
    channels: Range<usize>,
    x: &[S],
    gradient: &[S],
    weight: &mut [f32],
) {
    assert!(channels.start.is_multiple_of(COLUMNS), "channels are cut between registers");
    let count = channels.len();
    let (rows, columns) = (padded(count), padded(geometry.outputs));
    let images = x.len() / geometry.input_length();
    let tiles = Tiles::new(geometry.size, geometry.output_size(), geometry.before, images);
    let [input_places, output_places] = tiles.places(padded(geometry.inputs), columns);
    let block = tiles.block();
    let each: Vec<usize> = (0..count).collect();
    let [steps, targets] = [(block, rows), (count, columns)]
        .map(|(count, length)| (0..count).map(|index| index * length).collect::<Vec<_>>());
    let square_length = count * columns;
    let lengths = [SQUARE * block * rows, SQUARE * block * columns, SQUARE * square_length];
    with_scratch(lengths.iter().sum(), |scratch| {
        let (transformed, scratch) = scratch.split_at_mut(lengths[0]);
        let (factors, sums) = scratch.split_at_mut(lengths[1]);
        sums.fill(0.0);
        let mut add_images = |x: &[f32], gradient: &[f32], images: usize| {
            for (first, count) in Tiles::blocks(images * tiles.per_image()) {
                let input = Places::Listed(&input_places[first * SQUARE..]);
                let entries = Places::Regular { entry: block * rows, square: rows };
                let x = (&x[channels.start..], input);
                map_over::<SIDE, SIDE, Input>(count, rows, x, (transformed, entries));
                let pixels = Places::Listed(&output_places[first * TILE * TILE..]);
                for panel in (0..columns).step_by(PANEL) {
                    let width = PANEL.min(columns - panel);
                    let entries = Places::Regular { entry: block * columns, square: width };
                    let factors = (&mut factors[panel * count..], entries);
                    map_over::<TILE, SIDE, OutputGradient>(count, width, (&gradient[panel..], pixels), factors);
                }
                for square in 0..SQUARE {
                    let product = GatherMatmul {
                        image: &transformed[square * block * rows..][..count * rows],
                        rows: &each,
                        steps: &steps[..count],
                        matrix: &factors[square * block * columns..][..count * columns],
                        panel: PANEL.min(columns),
                        columns,
                        pairs: false,
                        targets: &targets,
                    };
                    product.add_to(&mut sums[square * square_length..][..square_length]);
                }
            }
        };
        let x = x.chunks(tiles.images * geometry.input_length());
        for (x, gradient) in x.zip(gradient.chunks(tiles.images * geometry.output_length())) {
            let images = x.len() / geometry.input_length();
            with_padded(x, geometry.inputs, |x| {
                with_padded(gradient, geometry.outputs, |gradient| add_images(x, gradient, images));
            });
        }
        let entries = Places::Regular { entry: square_length, square: columns };
        let taps = Places::Regular { entry: columns, square: 9 * columns };
        map_over::<SIDE, 3, WeightGradient>(count, columns, (sums, entries), (weight, taps));
    });
}
