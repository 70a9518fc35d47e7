//! The convolution itself.

use super::geometry::Geometry;
use super::winograd;
use crate::buffer::{in_parts, with_scratch};
use crate::simd::{GatherMatmul, Start, padded, transpose, transposed};

/// `[batch, outputs, height, width]` from `[batch, inputs, height, width]`, image by image in parallel.
pub(crate) fn forward(geometry: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    if winograd::suits(geometry) {
        return winograd::forward(geometry, x, weight, bias);
    }
    let (pixels, columns) = (geometry.output_pixels(), padded(geometry.outputs));
    let matrix = transposed(weight, geometry.taps(), [geometry.outputs, geometry.taps()], columns);
    let mut first = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    first.resize(columns, 0.0);
    let (rows, steps) = (geometry.output_places(), geometry.tap_places());
    let targets: Vec<usize> = (0..pixels).map(|pixel| pixel * columns).collect();
    let frame = geometry.input_frame();
    // SAFETY: the transposition writes every channel of every pixel.
    unsafe {
        in_parts(geometry.batch * geometry.output_length(), geometry.output_length(), |image, out| {
            frame.with(&x[image * geometry.input_length()..][..geometry.input_length()], |image| {
                with_scratch(pixels * columns, |result| {
                    let (rows, steps, targets) = (&rows, &steps, &targets);
                    GatherMatmul { image, rows, steps, matrix: &matrix, columns, targets }
                        .run(Start::Row(&first), result);
                    transpose(result, columns, [pixels, geometry.outputs], out, [pixels, pixels]);
                });
            });
        })
    }
}
