//! The normalisation itself.

use std::mem::MaybeUninit;

use super::channels::{Block, JetBlock, LANES, block_of, blocks, channel_of, lane_of, sum};
use super::jet::Jet;
use super::{Inputs, Shape};
use crate::buffer::in_parts_with;
use crate::pixels::{with_all_padded, write_padded};
use crate::simd::multiversion;

/// The result's highest derivative, and mean and inverse standard deviation of every group of every image, both with
/// their derivatives.
pub(super) fn forward<const K: usize>(shape: &Shape, inputs: &Inputs<K>) -> (Vec<f32>, Vec<f32>) {
    let length = shape.image_length();
    let mut moments = vec![0.0; shape.batch * shape.moments::<K>()];
    let [weight, bias] = [inputs.weight, inputs.bias].map(|numbers| shape.padded(numbers));
    // SAFETY: `normalize` writes every number of its image.
    let [out] = unsafe {
        in_parts_with(shape.batch, length, &mut moments, |index, [out], moments| {
            let shift = inputs.shift_of(shape, index);
            with_all_padded(inputs.x.map(|x| &x[index * length..][..length]), shape.channels, |x| {
                write_padded(out, shape.channels, |out| image(x, &shift, [&weight, &bias], shape, out, moments));
            });
        })
    };
    (out, moments)
}

multiversion!(
    fn image[const K: usize](
        x: [&[f32]; K],
        shift: &[JetBlock<K>],
        affine: [&[f32]; 2],
        shape: &Shape,
        out: &mut [MaybeUninit<f32>],
        moments: &mut [f32],
    ) = normalize
);

/// One image: it stays in the second cache from the mean to the result.
#[inline(always)]
fn normalize<const K: usize>(
    x: [&[f32]; K],
    shift: &[JetBlock<K>],
    [weight, bias]: [&[f32]; 2],
    shape: &Shape,
    out: &mut [MaybeUninit<f32>],
    moments: &mut [f32],
) {
    let (x, pixels) = (x.map(blocks), shape.pixels() as f32);
    let (moments, _) = moments.as_chunks_mut::<K>();
    let share = 1.0 / shape.group_length() as f32;
    let shift_of = |channel: usize| lane_of(&shift[channel / LANES], channel % LANES);
    let sums = sum(&x, shift, |x, _| x);
    for group in 0..shape.groups {
        let channels = shape.channels_of(group);
        let total = channels.fold(Jet::ZERO, |total, c| total + channel_of(&sums, c) + shift_of(c) * pixels);
        moments[2 * group] = (total * share).0;
    }
    // What a channel's numbers differ from their group's mean by, before its shift.
    let centre = shape.per_channel(|channel, group| Jet(moments[2 * group]) - shift_of(channel));
    let sums = sum(&x, &centre, |x, centre| (x - centre) * (x - centre));
    for group in 0..shape.groups {
        let total = shape.channels_of(group).fold(Jet::ZERO, |total, c| total + channel_of(&sums, c));
        moments[2 * group + 1] = (total * share + Jet::real(shape.eps)).rsqrt().0;
    }
    let scale = shape.per_channel(|channel, group| Jet(moments[2 * group + 1]) * weight[channel]);
    match shape.silu {
        true => write(&x, [&centre, &scale], blocks(bias), out, |y| y * y.sigmoid()),
        false => write(&x, [&centre, &scale], blocks(bias), out, |y| y),
    }
}

/// The highest derivative of `f((x − centre) · scale + bias)`.
#[inline(always)]
fn write<const K: usize>(
    x: &[&[Block]; K],
    [centre, scale]: [&[JetBlock<K>]; 2],
    bias: &[Block],
    out: &mut [MaybeUninit<f32>],
    f: impl Fn(Jet<K>) -> Jet<K>,
) {
    let (out, _) = out.as_chunks_mut::<LANES>();
    let per_pixel = centre.len();
    for (pixel, out) in out.chunks_exact_mut(per_pixel).enumerate() {
        for (block, out) in out.iter_mut().enumerate() {
            let x = block_of(*x, pixel * per_pixel + block);
            let (centre, scale, bias) = (centre[block], scale[block], bias[block]);
            let mut result = [0.0; LANES];
            for (lane, result) in result.iter_mut().enumerate() {
                let normal = (lane_of(&x, lane) - lane_of(&centre, lane)) * lane_of(&scale, lane);
                *result = f(normal + Jet::real(bias[lane])).top();
            }
            out.write_copy_of_slice(&result);
        }
    }
}
