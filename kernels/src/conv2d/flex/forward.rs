//! The convolution itself.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::weight_order::weight_in_order;
use super::winograd;
use crate::buffer::{in_parts, pieces, with_scratch};
use crate::conv2d::geometry::{Geometry, tap_by_tap};
use crate::conv2d::weight::{FlexWeight, Order};
use crate::number::{Number, pair_weights};
use crate::simd::{GatherMatmul, PairUnit, padded, write_padded};

/// `[batch, height, width, outputs]` from `[batch, height, width, inputs]`, plus `residual`, if any, of the result's
/// shape; image by image in parallel, and where there are few, in strips.
pub(crate) fn forward<S: Number>(
    geometry: &Geometry,
    x: &[S],
    weight: FlexWeight,
    bias: Option<&[f32]>,
    residual: Option<&[S]>,
) -> Vec<S> {
    let columns = padded(geometry.outputs);
    let mut first = bias.map_or_else(Vec::new, <[f32]>::to_vec);
    first.resize(columns, 0.0);
    let by_pairs = S::as_bf16(x).is_some() && PairUnit::detect().outruns_winograd();
    if winograd::suits(geometry) && !by_pairs {
        return winograd::forward(geometry, x, weight, &first, residual);
    }
    let in_order = |weight: &[f32], matrix: &mut [f32]| weight_in_order(geometry, weight, matrix);
    let length = geometry.taps() * columns;
    if S::as_bf16(x).is_none() {
        return weight.with_order(Order::Forward, length, in_order, |matrix| {
            convolve(geometry, geometry, x, matrix, &first, residual)
        });
    }
    let of_pairs = Geometry { inputs: geometry.inputs.div_ceil(2), ..*geometry };
    let in_pairs = |weight: &[f32], matrix: &mut [f32]| {
        with_scratch(length, |single| {
            in_order(weight, single);
            pair_weights(single, [geometry.kernel.iter().product(), columns], matrix);
        });
    };
    weight.with_order(Order::ForwardPairs, of_pairs.taps() * columns, in_pairs, |matrix| {
        convolve(geometry, &of_pairs, x, matrix, &first, residual)
    })
}

/// The product. Entries of image and matrix are those of a convolution `of_entries`, which has half as many input channels where
/// they are pairs.
fn convolve<S: Number>(
    geometry: &Geometry,
    of_entries: &Geometry,
    x: &[S],
    matrix: &[f32],
    first: &[f32],
    residual: Option<&[S]>,
) -> Vec<S> {
    let columns = padded(geometry.outputs);
    let (rows, steps) = (of_entries.output_places(), of_entries.tap_places());
    let targets: Vec<usize> = (0..geometry.output_pixels()).map(|pixel| pixel * columns).collect();
    let (frame, pairs) = (of_entries.input_frame(), S::as_bf16(x).is_some());
    let steps = if pairs { tap_by_tap(&steps, of_entries.inputs) } else { steps };
    let [from, to] = [geometry.input_length(), geometry.output_length()];
    let strip_pixels = geometry.output_pixels().div_ceil(pieces(geometry.batch, geometry.products()));
    // SAFETY: the product writes every channel of every pixel.
    unsafe {
        in_parts(geometry.batch * to, to, |image, out| {
            let residual = residual.map(|residual| &residual[image * to..][..to]);
            let convolve = |framed: &[f32]| {
                let strip = |(index, out): (usize, &mut [MaybeUninit<S>])| {
                    let pixels = out.len() / geometry.outputs;
                    let residual = residual.map(|all| &all[index * strip_pixels * geometry.outputs..][..out.len()]);
                    let rows = &rows[index * strip_pixels..][..pixels];
                    let (steps, targets) = (&steps, &targets[..pixels]);
                    let product =
                        GatherMatmul { image: framed, rows, steps, matrix, panel: columns, columns, pairs, targets };
                    write_padded(out, geometry.outputs, residual, |out| product.write(first, out));
                };
                if strip_pixels == rows.len() {
                    strip((0, &mut *out));
                } else {
                    out.par_chunks_mut(strip_pixels * geometry.outputs).enumerate().for_each(strip);
                }
            };
            let image = &x[image * from..][..from];
            match S::as_bf16(image) {
                Some(image) => frame.with_pairs(image, geometry.inputs, convolve),
                None => frame.with(image, convolve),
            }
        })
    }
}
