//! The gradient of a convolution's weight as products of pairs in bfloat16.
//!
//! Two pixels side by side are a pair, a step of the sum: `weight[o, i, tap] = Σ_p gradient[p, o] · x[p + tap, i]`, for each tap a product
//! of the gradient, channel by channel, with the pixels of the input that the tap meets.

use burn::tensor::bf16;
use rayon::prelude::*;

use super::weight_gradient::GROUPS;
use crate::buffer::{pieces, with_scratch};
use crate::conv2d::geometry::Geometry;
use crate::number::pair;
use crate::simd::{GatherMatmul, padded, transpose_over};

/// Steps that are multiplied at a time, if there are as many.
const STEPS: usize = 16;

/// `[outputs, inputs, height, width]` from input and gradient of the output. Groups of images are summed in parallel, and where there are
/// few, taps; the groups are added in order.
pub(super) fn weight_gradient(geometry: &Geometry, x: &[bf16], gradient: &[bf16]) -> Vec<f32> {
    let (outputs, columns) = (geometry.outputs, padded(geometry.inputs));
    let taps: usize = geometry.kernel.iter().product();
    let group = geometry.batch.div_ceil(GROUPS).max(1);
    let groups = geometry.batch.div_ceil(group);
    let taps_at_once = taps.div_ceil(pieces(groups, group * geometry.products()));
    let mut sums = vec![vec![0.0; taps * outputs * columns]; groups];
    let work: Vec<_> = sums
        .iter_mut()
        .enumerate()
        .flat_map(|(index, sums)| {
            let images = index * group..((index + 1) * group).min(geometry.batch);
            let parts = sums.chunks_mut(taps_at_once * outputs * columns).enumerate();
            parts.map(move |(part, sums)| (images.clone(), part * taps_at_once, sums)).collect::<Vec<_>>()
        })
        .collect();
    let (from, to) = (geometry.input_length(), geometry.output_length());
    work.into_par_iter().for_each(|(images, first_tap, sums)| {
        for image in images {
            add_image(geometry, first_tap, &x[image * from..][..from], &gradient[image * to..][..to], sums);
        }
    });
    let mut total = sums.remove(0);
    total.par_chunks_mut(outputs * columns).enumerate().for_each(|(tap, total)| {
        for sums in &sums {
            for (total, value) in total.iter_mut().zip(&sums[tap * outputs * columns..]) {
                *total += value;
            }
        }
    });
    let mut weight = Vec::with_capacity(outputs * geometry.taps());
    for output in 0..outputs {
        let entry = |input: usize, tap: usize| total[(tap * outputs + output) * columns + input];
        weight.extend((0..geometry.inputs).flat_map(|input| (0..taps).map(move |tap| entry(input, tap))));
    }
    weight
}

/// Adds an image's share for the taps from `first_tap` on to `sums`, `[taps, outputs, padded inputs]`.
fn add_image(geometry: &Geometry, first_tap: usize, x: &[bf16], gradient: &[bf16], sums: &mut [f32]) {
    let (outputs, columns, wide) = (geometry.outputs, padded(geometry.inputs), padded(geometry.outputs));
    let [height, width] = geometry.output_size();
    let used = height * width.div_ceil(2);
    let depth = if used > STEPS { used.next_multiple_of(STEPS) } else { used };
    let [rows, targets] = [depth, columns].map(|length| (0..outputs).map(|row| row * length).collect::<Vec<_>>());
    let steps: Vec<usize> = (0..depth).collect();
    let pixels = |[y, x]: [usize; 2]| (y < height && x < width).then(|| (y * width + x) * outputs);
    with_scratch(used * wide + outputs * depth + depth * columns, |scratch| {
        let (by_step, rest) = scratch.split_at_mut(used * wide);
        let (by_channel, matrix) = rest.split_at_mut(outputs * depth);
        fill(gradient, outputs, [height, width], pixels, by_step, wide);
        transpose_over(by_step, wide, [used, outputs], by_channel, [depth, depth]);
        matrix[used * columns..].fill(0.0);
        for (tap, sums) in (first_tap..).zip(sums.chunks_exact_mut(outputs * columns)) {
            let tap = [tap / geometry.kernel[1], tap % geometry.kernel[1]];
            let met = |at: [usize; 2]| {
                let [y, x] = [0, 1].map(|d| (at[d] * geometry.stride + tap[d]).wrapping_sub(geometry.before));
                let is_there = at[1] < width && y < geometry.size[0] && x < geometry.size[1];
                is_there.then(|| (y * geometry.size[1] + x) * geometry.inputs)
            };
            fill(x, geometry.inputs, [height, width], met, &mut matrix[..used * columns], columns);
            let (rows, steps, targets) = (&rows, &steps, &targets);
            let (image, matrix) = (&*by_channel, &*matrix);
            GatherMatmul { image, rows, steps, matrix, panel: columns, columns, pairs: true, targets }.add_to(sums);
        }
    });
}

/// Pairs of the pixels that `place` finds for two output pixels side by side, zeros where there is none: `[pairs, stride]`.
fn fill(
    image: &[bf16],
    channels: usize,
    [height, width]: [usize; 2],
    place: impl Fn([usize; 2]) -> Option<usize>,
    to: &mut [f32],
    stride: usize,
) {
    let places = (0..height).flat_map(|y| (0..width).step_by(2).map(move |x| [y, x]));
    for ([y, x], to) in places.zip(to.chunks_exact_mut(stride)) {
        let [first, second] = [x, x + 1].map(|x| place([y, x]).map(|place| &image[place..][..channels]));
        let (to, rest) = to.split_at_mut(channels);
        rest.fill(0.0);
        match (first, second) {
            (Some(first), Some(second)) => {
                for (to, (&first, &second)) in to.iter_mut().zip(first.iter().zip(second)) {
                    *to = pair(first, second);
                }
            }
            (Some(first), None) => to.iter_mut().zip(first).for_each(|(to, &first)| *to = pair(first, bf16::ZERO)),
            (None, Some(second)) => to.iter_mut().zip(second).for_each(|(to, &second)| *to = pair(bf16::ZERO, second)),
            (None, None) => to.fill(0.0),
        }
    }
}
