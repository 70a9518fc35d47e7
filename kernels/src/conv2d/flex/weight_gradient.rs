//! The gradients of a convolution's weight and bias.

use rayon::prelude::*;

use super::{weight_gradient_of_pairs, winograd};
use crate::buffer::pieces;
use crate::conv2d::geometry::Geometry;
use crate::number::Number;
use crate::simd::{COLUMNS, GatherMatmul, PairUnit, add_pixels, padded, transposed, with_padded};

/// Images are summed in at most this many groups, and the groups in order: the sum is the same on any number of
/// threads.
pub(super) const GROUPS: usize = 8;

/// `[outputs, inputs, height, width]` and `[outputs]`, the gradients of weight and bias, from that of the output. Groups are
/// summed in parallel, and where there are few, some input channels at a time.
pub(crate) fn weight_gradient<S: Number>(geometry: &Geometry, x: &[S], gradient: &[S]) -> (Vec<f32>, Vec<f32>) {
    let unit = PairUnit::detect();
    let by_pairs = unit.is_native() && (unit.outruns_winograd() || !winograd::suits(geometry));
    let pairs = S::as_bf16(x).zip(S::as_bf16(gradient)).filter(|_| by_pairs);
    let (taps, columns) = (geometry.taps(), padded(geometry.outputs));
    let group = geometry.batch.div_ceil(GROUPS).max(1);
    let groups = geometry.batch.div_ceil(group);
    let channels = geometry.inputs.div_ceil(pieces(groups, group * geometry.products())).next_multiple_of(COLUMNS);
    let per_channel = geometry.kernel.iter().product::<usize>();
    let together = winograd::suits(geometry) && winograd::is_wide(geometry);
    // The last row is the bias.
    let own = if together || pairs.is_some() { 0 } else { taps };
    let mut sums = vec![vec![0.0; (own + 1) * columns]; groups];
    let mut work = Vec::new();
    for (index, sum) in sums.iter_mut().enumerate() {
        let images = (index * group)..((index + 1) * group).min(geometry.batch);
        let of = |length: usize| images.start * length..images.end * length;
        let x = &x[of(geometry.input_length())];
        let gradient = &gradient[of(geometry.output_length())];
        let (weight, bias) = sum.split_at_mut(own * columns);
        if own > 0 {
            let weights = weight.chunks_mut(channels * per_channel * columns).enumerate();
            work.extend(weights.map(|(piece, weight)| (piece * channels, x, gradient, Some(weight), None)));
        }
        work.push((0, x, gradient, None, Some(bias)));
    }
    let (rows, steps) = (geometry.tap_places(), geometry.output_places());
    work.into_par_iter().for_each(|(first, x, gradient, weight, bias)| {
        if let Some(bias) = bias {
            for gradient in gradient.chunks_exact(geometry.output_length()) {
                with_padded(gradient, geometry.outputs, |gradient| add_pixels(gradient, bias));
            }
        }
        let Some(weight) = weight else { return };
        let taps = weight.len() / columns;
        if winograd::suits(geometry) {
            let channels = first..first + taps / per_channel;
            winograd::sum_images(geometry, channels, x, gradient, weight);
            return;
        }
        let rows = &rows[first * per_channel..][..taps];
        let targets: Vec<usize> = (0..taps).map(|tap| tap * columns).collect();
        let x = x.chunks_exact(geometry.input_length());
        for (x, gradient) in x.zip(gradient.chunks_exact(geometry.output_length())) {
            add_image(geometry, [rows, &steps, &targets], x, gradient, weight);
        }
    });
    let mut total = sums.remove(0);
    total.par_chunks_mut(columns).enumerate().for_each(|(row, total)| {
        for sum in &sums {
            for (total, value) in total.iter_mut().zip(&sum[row * columns..]) {
                *total += value;
            }
        }
    });
    let bias = total[own * columns..][..geometry.outputs].to_vec();
    if let Some((x, gradient)) = pairs {
        return (weight_gradient_of_pairs::weight_gradient(geometry, x, gradient), bias);
    }
    let weight = if together { winograd::sum_batch(geometry, x, gradient) } else { total };
    (transposed(&weight, columns, [taps, geometry.outputs], taps), bias)
}

/// Adds an image's share to `weight`, `[taps, padded outputs]`, for the taps at `rows`.
fn add_image<S: Number>(
    geometry: &Geometry,
    [rows, steps, targets]: [&[usize]; 3],
    x: &[S],
    gradient: &[S],
    weight: &mut [f32],
) {
    let columns = padded(geometry.outputs);
    with_padded(gradient, geometry.outputs, |matrix| {
        geometry.input_frame().with(x, |image| {
            GatherMatmul { image, rows, steps, matrix, panel: columns, columns, pairs: false, targets }.add_to(weight);
        });
    });
}
