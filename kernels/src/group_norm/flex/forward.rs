//! The normalisation itself.

use std::mem::MaybeUninit;
use std::ops::Add;

use super::blocks::{Block, JetBlock, LANES, Sums, block_of, blocks, channel_of, lane_of, set_lane, sum};
use super::jet::Jet;
use super::shape::{Inputs, Shape};
use crate::buffer::in_parts_with;
use crate::number::Number;
use crate::simd::multiversion;
use crate::simd::{with_all_padded, write_all_padded};

/// The last `OUT` coefficients of the result, and mean and inverse standard deviation of every group of every image, both
/// with all their derivatives.
pub(in crate::group_norm) fn forward<S: Number, const K: usize, const OUT: usize>(
    shape: &Shape,
    inputs: &Inputs<S, K>,
) -> ([Vec<S>; OUT], Vec<f32>) {
    let length = shape.image_length();
    let mut moments = vec![0.0; shape.batch * shape.moments::<K>()];
    let [weight, bias] = [inputs.weight, inputs.bias].map(|numbers| shape.padded(numbers));
    // SAFETY: `normalize` writes every number of its image.
    let out = unsafe {
        in_parts_with(shape.batch, length, &mut moments, |index, out, moments| {
            let shift = inputs.shift_of(shape, index);
            with_all_padded(inputs.x.map(|x| &x[index * length..][..length]), shape.channels, |x| {
                write_all_padded(out, shape.channels, |out| image(x, &shift, [&weight, &bias], shape, out, moments));
            });
        })
    };
    (out, moments)
}

multiversion!(
    fn image[const K: usize, const OUT: usize](
        x: [&[f32]; K],
        shift: &[JetBlock<K>],
        affine: [&[f32]; 2],
        shape: &Shape,
        out: [&mut [MaybeUninit<f32>]; OUT],
        moments: &mut [f32],
    ) = normalize
);

/// One image: it stays in the second cache from the mean to the result.
#[inline(always)]
fn normalize<const K: usize, const OUT: usize>(
    x: [&[f32]; K],
    shift: &[JetBlock<K>],
    [weight, bias]: [&[f32]; 2],
    shape: &Shape,
    out: [&mut [MaybeUninit<f32>]; OUT],
    moments: &mut [f32],
) {
    let (x, pixels) = (x.map(blocks), shape.pixels() as f32);
    let (moments, _) = moments.as_chunks_mut::<K>();
    let share = 1.0 / shape.group_length() as f32;
    let shift_of = |channel: usize| Jet(lane_of(&shift[channel / LANES], channel % LANES));
    let total = |sums: &[Sums<K>], group: usize, shift: &dyn Fn(usize) -> Jet<K>| {
        let of_channel = |channel| Jet(channel_of(sums, channel)) + shift(channel);
        shape.channels_of(group).map(of_channel).fold(Jet::ZERO, Add::add) * share
    };
    let sums = sum(&x, shift, |x, _| x);
    for group in 0..shape.groups {
        moments[2 * group] = total(&sums, group, &|channel| shift_of(channel) * pixels).0;
    }
    // What a channel's numbers differ from their group's mean by, before its shift.
    let centre = shape.per_channel(|channel, group| (Jet(moments[2 * group]) - shift_of(channel)).0);
    let sums = sum(&x, &centre, |x, centre| (x - centre) * (x - centre));
    for group in 0..shape.groups {
        let variance = total(&sums, group, &|_| Jet::ZERO) + Jet::real(shape.eps);
        moments[2 * group + 1] = variance.rsqrt().0;
    }
    let scale = shape.per_channel(|channel, group| (Jet(moments[2 * group + 1]) * weight[channel]).0);
    match shape.silu {
        true => write(&x, [&centre, &scale], blocks(bias), out, Jet::silu),
        false => write(&x, [&centre, &scale], blocks(bias), out, |y| y),
    }
}

/// The last coefficients of `f((x − centre) · scale + bias)`.
#[inline(always)]
fn write<const K: usize, const OUT: usize>(
    x: &[&[Block]; K],
    [centre, scale]: [&[JetBlock<K>]; 2],
    bias: &[Block],
    out: [&mut [MaybeUninit<f32>]; OUT],
    f: impl Fn(Jet<K>) -> Jet<K>,
) {
    let mut out = out.map(|out| out.as_chunks_mut::<LANES>().0);
    let per_pixel = centre.len();
    for pixel in 0..x[0].len() / per_pixel {
        for block in 0..per_pixel {
            let place = pixel * per_pixel + block;
            let x = block_of(*x, place);
            let (centre, scale, bias) = (centre[block], scale[block], bias[block]);
            let mut result = [[0.0; LANES]; OUT];
            for (lane, &bias) in bias.iter().enumerate() {
                let [x, centre, scale] = [&x, &centre, &scale].map(|of| Jet(lane_of(of, lane)));
                let Jet(y) = f((x - centre) * scale + Jet::real(bias));
                set_lane(&mut result, lane, std::array::from_fn(|k| y[K - OUT + k]));
            }
            for (out, result) in out.iter_mut().zip(&result) {
                out[place].write_copy_of_slice(result);
            }
        }
    }
}
