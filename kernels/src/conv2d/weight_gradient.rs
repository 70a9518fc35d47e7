//! The gradients of a convolution's weight and bias.

use rayon::prelude::*;

use super::geometry::Geometry;
use crate::buffer::with_scratch;
use crate::simd::{GatherMatmul, Start, padded, transpose_over, transposed};

/// Images are summed in at most this many groups, and the groups in order: the sum is the same on any number of
/// threads.
const GROUPS: usize = 8;

/// `[outputs, inputs, height, width]` and `[outputs]`, the gradients of weight and bias, from that of the output.
pub(crate) fn weight_gradient(geometry: &Geometry, x: &[f32], gradient: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (taps, columns) = (geometry.taps(), padded(geometry.outputs));
    let group = geometry.batch.div_ceil(GROUPS).max(1);
    let (rows, steps) = (geometry.tap_places(), geometry.output_places());
    let targets: Vec<usize> = (0..taps).map(|tap| tap * columns).collect();
    // The last row is the bias.
    let mut sums: Vec<Vec<f32>> = (0..geometry.batch.div_ceil(group))
        .into_par_iter()
        .map(|first| {
            let mut sum = vec![0.0; (taps + 1) * columns];
            for image in (first * group)..((first + 1) * group).min(geometry.batch) {
                let x = &x[image * geometry.input_length()..][..geometry.input_length()];
                let gradient = &gradient[image * geometry.output_length()..][..geometry.output_length()];
                add_image(geometry, [&rows, &steps, &targets], x, gradient, &mut sum);
            }
            sum
        })
        .collect();
    let mut total = sums.remove(0);
    total.par_chunks_mut(columns).enumerate().for_each(|(row, total)| {
        for sum in &sums {
            for (total, value) in total.iter_mut().zip(&sum[row * columns..]) {
                *total += value;
            }
        }
    });
    let bias = total[taps * columns..][..geometry.outputs].to_vec();
    (transposed(&total, columns, [taps, geometry.outputs], taps), bias)
}

/// Adds an image's share: `[taps, outputs]` for the weight, then a row for the bias.
fn add_image(geometry: &Geometry, [rows, steps, targets]: [&[usize]; 3], x: &[f32], gradient: &[f32], sum: &mut [f32]) {
    let (pixels, columns) = (geometry.output_pixels(), padded(geometry.outputs));
    with_scratch(pixels * columns, |matrix| {
        transpose_over(gradient, pixels, [geometry.outputs, pixels], matrix, [columns, columns]);
        let (weight, bias) = sum.split_at_mut(targets.len() * columns);
        geometry.input_frame().with(x, |image| {
            GatherMatmul { image, rows, steps, matrix, columns, targets }.run(Start::Out, weight);
        });
        for pixel in matrix.chunks_exact(columns) {
            for (bias, value) in bias.iter_mut().zip(pixel) {
                *bias += value;
            }
        }
    });
}
