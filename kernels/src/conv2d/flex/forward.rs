//! The convolution itself.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::weight_order::weight_in_order;
use super::winograd;
use crate::buffer::{in_parts, pieces};
use crate::conv2d::geometry::Geometry;
use crate::conv2d::weight::{FlexWeight, Order};
use crate::simd::{GatherMatmul, add, padded, write_padded};

/// `[batch, height, width, outputs]` from `[batch, height, width, inputs]`, plus `residual`, if any, of the result's
/// shape; image by image in parallel, and where there are few, in strips.
pub(crate) fn forward(
    geometry: &Geometry,
    x: &[f32],
    weight: FlexWeight,
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
) -> Vec<f32> {
    let columns = padded(geometry.outputs);
    let mut first = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    first.resize(columns, 0.0);
    if winograd::suits(geometry) {
        return winograd::forward(geometry, x, weight, &first, residual);
    }
    let in_order = |weight: &[f32], matrix: &mut [f32]| weight_in_order(geometry, weight, matrix);
    weight.with_order(Order::Forward, geometry.taps() * columns, in_order, |matrix| {
        convolve(geometry, x, matrix, &first, residual)
    })
}

fn convolve(geometry: &Geometry, x: &[f32], matrix: &[f32], first: &[f32], residual: Option<&[f32]>) -> Vec<f32> {
    let columns = padded(geometry.outputs);
    let (rows, steps) = (geometry.output_places(), geometry.tap_places());
    let targets: Vec<usize> = (0..geometry.output_pixels()).map(|pixel| pixel * columns).collect();
    let frame = geometry.input_frame();
    let [from, to] = [geometry.input_length(), geometry.output_length()];
    let strip_pixels = geometry.output_pixels().div_ceil(pieces(geometry.batch, geometry.products()));
    // SAFETY: the product writes every channel of every pixel.
    unsafe {
        in_parts(geometry.batch * to, to, |image, out| {
            frame.with(&x[image * from..][..from], |framed| {
                let strip = |(index, out): (usize, &mut [MaybeUninit<f32>])| {
                    let pixels = out.len() / geometry.outputs;
                    let rows = &rows[index * strip_pixels..][..pixels];
                    let (steps, targets) = (&steps, &targets[..pixels]);
                    let product = GatherMatmul { image: framed, rows, steps, matrix, panel: columns, columns, targets };
                    write_padded(out, geometry.outputs, |out| product.write(first, out));
                };
                if strip_pixels == rows.len() {
                    strip((0, &mut *out));
                } else {
                    out.par_chunks_mut(strip_pixels * geometry.outputs).enumerate().for_each(strip);
                }
            });
            if let Some(residual) = residual {
                add(out, &residual[image * to..][..to]);
            }
        })
    }
}
