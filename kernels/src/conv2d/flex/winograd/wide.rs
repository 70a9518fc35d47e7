//! The gradient of a weight between many channels.
//!
//! Its 36 matrices of sums are larger than the second cache. So many tiles are transformed first, and then each matrix is
//! summed over all of them while it stays there.

use rayon::prelude::*;

use super::maps::{Input, OutputGradient, WeightGradient};
use super::places::Places;
use super::sizes::{SIDE, SQUARE, TILE};
use super::squares::{map_in_parallel, map_over};
use super::tiles::Tiles;
use crate::buffer::with_scratch;
use crate::conv2d::geometry::Geometry;
use crate::number::Number;
use crate::simd::{GatherMatmul, PANEL, padded, with_padded};

/// Numbers of the sums from which on this way is the faster one: half of a second cache of one MiB.
const WIDE: usize = 1 << 17;
/// Numbers of transformed tiles that are kept at a time, well within a third cache.
const KEPT: usize = 3 << 20;

/// Whether there are so many channels.
pub(in crate::conv2d) fn is_wide(geometry: &Geometry) -> bool {
    SQUARE * padded(geometry.inputs) * padded(geometry.outputs) >= WIDE
}

/// `[inputs, 9, padded outputs]`, the gradient of the taps, from that of the output.
pub(in crate::conv2d) fn sum_batch<S: Number>(geometry: &Geometry, x: &[S], gradient: &[S]) -> Vec<f32> {
    let (inputs, rows, columns) = (geometry.inputs, padded(geometry.inputs), padded(geometry.outputs));
    let tiles = Tiles::new(geometry.size, geometry.output_size(), geometry.before, geometry.batch);
    let [input_places, output_places] = tiles.places(rows, columns);
    // What belongs to the images that are taken together: transformed pixels and gradients of each of the 36 squares.
    let together = tiles.images * tiles.per_image();
    let [pixels_length, slab] = [rows, rows + columns].map(|channels| SQUARE * together * channels);
    let at_once = (KEPT / slab).clamp(1, geometry.batch.div_ceil(tiles.images));
    let all: Vec<usize> = (0..inputs).collect();
    let [steps, targets] = [(together, rows), (inputs, columns)]
        .map(|(count, length)| (0..count).map(|index| index * length).collect::<Vec<_>>());
    let transform = |x: &[S], gradient: &[S], slab: &mut [f32]| {
        let count = x.len() / geometry.input_length() * tiles.per_image();
        let (pixels, factors) = slab.split_at_mut(pixels_length);
        with_padded(x, inputs, |x| {
            let entries = Places::Regular { entry: together * rows, square: rows };
            map_over::<SIDE, SIDE, Input>(count, rows, (x, Places::Listed(&input_places)), (pixels, entries));
        });
        with_padded(gradient, geometry.outputs, |gradient| {
            for panel in (0..columns).step_by(PANEL) {
                let width = PANEL.min(columns - panel);
                let entries = Places::Regular { entry: together * columns, square: width };
                let gradient = (&gradient[panel..], Places::Listed(&output_places));
                let factors = (&mut factors[panel * count..], entries);
                map_over::<TILE, SIDE, OutputGradient>(count, width, gradient, factors);
            }
        });
        count
    };
    let mut sums = vec![0.0; SQUARE * inputs * columns];
    with_scratch(at_once * slab, |slabs| {
        let images = at_once * tiles.images;
        let x = x.chunks(images * geometry.input_length());
        for (x, gradient) in x.zip(gradient.chunks(images * geometry.output_length())) {
            let x = x.par_chunks(tiles.images * geometry.input_length());
            let gradient = gradient.par_chunks(tiles.images * geometry.output_length());
            let parts = slabs.par_chunks_mut(slab).zip(x.zip(gradient));
            let counts: Vec<usize> = parts.map(|(slab, (x, gradient))| transform(x, gradient, slab)).collect();
            sums.par_chunks_mut(inputs * columns).enumerate().for_each(|(square, sums)| {
                for (slab, &count) in slabs.chunks_exact(slab).zip(&counts) {
                    let (pixels, factors) = slab.split_at(pixels_length);
                    let product = GatherMatmul {
                        image: &pixels[square * together * rows..][..count * rows],
                        rows: &all,
                        steps: &steps[..count],
                        matrix: &factors[square * together * columns..][..count * columns],
                        panel: PANEL.min(columns),
                        columns,
                        pairs: false,
                        targets: &targets,
                    };
                    product.add_to(sums);
                }
            });
        }
    });
    let mut weight = vec![0.0; inputs * 9 * columns];
    let entries = Places::Regular { entry: inputs * columns, square: columns };
    let taps = Places::Regular { entry: columns, square: 9 * columns };
    map_in_parallel::<SIDE, 3, WeightGradient>(inputs, columns, (&sums, entries), (&mut weight, taps));
    weight
}
