//! Weights in the orders in which convolutions read them.

use crate::buffer::{WORTH, each_part, with_scratch};
use crate::conv2d::geometry::Geometry;
use crate::simd::{padded, transpose_over, transpose_over_in_parallel};

/// `[inputs · kernel height · kernel width, padded outputs]`
pub(super) fn weight_in_order(geometry: &Geometry, weight: &[f32], matrix: &mut [f32]) {
    let (taps, columns) = (geometry.taps(), padded(geometry.outputs));
    transpose_over_in_parallel(weight, taps, geometry.outputs, matrix, columns);
}

/// `[outputs, kernel height · kernel width, padded inputs]`, the last tap first.
pub(super) fn taps_in_reverse(geometry: &Geometry, weight: &[f32], to: &mut [f32]) {
    let (inputs, columns, taps) = (geometry.inputs, padded(geometry.inputs), geometry.kernel.iter().product());
    let length = taps * columns;
    let at_once = WORTH.div_ceil(length);
    each_part(to, at_once * length, |part, to| {
        let weight = weight[part * at_once * inputs * taps..].chunks_exact(inputs * taps);
        with_scratch(length, |forwards| {
            for (weight, to) in weight.zip(to.chunks_exact_mut(length)) {
                transpose_over(weight, taps, [inputs, taps], forwards, [columns, columns]);
                for (tap, to) in forwards.chunks_exact(columns).rev().zip(to.chunks_exact_mut(columns)) {
                    to.copy_from_slice(tap);
                }
            }
        });
    });
}
