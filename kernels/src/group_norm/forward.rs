//! The normalisation itself.

use std::mem::MaybeUninit;

use super::channels::{Block, LANES, blocks, sum};
use super::sigmoid::sigmoid;
use super::{Inputs, Shape};
use crate::buffer::in_parts_with;
use crate::pixels::{with_padded, write_padded};
use crate::simd::multiversion;

/// The result, and mean and inverse standard deviation of every group of every image.
pub(super) fn forward(shape: &Shape, inputs: &Inputs) -> (Vec<f32>, Vec<f32>) {
    let length = shape.image_length();
    let mut moments = vec![0.0; 2 * shape.batch * shape.groups];
    let [weight, bias] = [inputs.weight, inputs.bias].map(|numbers| shape.padded(numbers));
    // SAFETY: `normalize` writes every number of its image.
    let out = unsafe {
        in_parts_with(shape.batch, length, &mut moments, |index, out, moments| {
            let shift = inputs.shift_of(shape, index);
            with_padded(&inputs.x[index * length..][..length], shape.channels, |x| {
                write_padded(out, shape.channels, |out| image(x, &shift, [&weight, &bias], shape, out, moments));
            });
        })
    };
    (out, moments)
}

multiversion!(
    fn image(
        x: &[f32],
        shift: &[f32],
        affine: [&[f32]; 2],
        shape: &Shape,
        out: &mut [MaybeUninit<f32>],
        moments: &mut [f32],
    ) = normalize
);

/// One image: it stays in the second cache from the mean to the result.
#[inline(always)]
fn normalize(
    x: &[f32],
    shift: &[f32],
    [weight, bias]: [&[f32]; 2],
    shape: &Shape,
    out: &mut [MaybeUninit<f32>],
    moments: &mut [f32],
) {
    let (x, pixels) = (blocks(x), shape.pixels() as f32);
    let mut sums = vec![[0.0; LANES]; shift.len() / LANES];
    sum(x, blocks(shift), &mut sums, |x, _, _| x);
    for (group, moments) in moments.chunks_exact_mut(2).enumerate() {
        let total: f32 = shape.channels_of(group).map(|c| sums.as_flattened()[c] + pixels * shift[c]).sum();
        moments[0] = total / shape.group_length() as f32;
    }
    // What a channel's numbers differ from their group's mean by, before its shift.
    let centre = shape.per_channel(|channel, group| moments[2 * group] - shift[channel]);
    sum(x, &centre, &mut sums, |x, centre, lane| (x - centre[lane]) * (x - centre[lane]));
    for (group, moments) in moments.chunks_exact_mut(2).enumerate() {
        let total: f32 = shape.channels_of(group).map(|c| sums.as_flattened()[c]).sum();
        moments[1] = 1.0 / (total / shape.group_length() as f32 + shape.eps).sqrt();
    }
    let scale = shape.per_channel(|channel, group| moments[2 * group + 1] * weight[channel]);
    match shape.silu {
        true => write(x, [&centre, &scale, blocks(bias)], out, |y| y * sigmoid(y)),
        false => write(x, [&centre, &scale, blocks(bias)], out, |y| y),
    }
}

/// `f((x − centre) · scale + bias)`.
#[inline(always)]
fn write(x: &[Block], [centre, scale, bias]: [&[Block]; 3], out: &mut [MaybeUninit<f32>], f: impl Fn(f32) -> f32) {
    let (out, _) = out.as_chunks_mut::<LANES>();
    for (x, out) in x.chunks_exact(centre.len()).zip(out.chunks_exact_mut(centre.len())) {
        for (block, (x, out)) in x.iter().zip(out).enumerate() {
            for lane in 0..LANES {
                out[lane].write(f((x[lane] - centre[block][lane]) * scale[block][lane] + bias[block][lane]));
            }
        }
    }
}
