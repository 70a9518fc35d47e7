//! The gradients of a group normalisation.
//!
//! With `x̂ = (x − mean) / std`, `y = weight x̂ + bias` and `d` the gradient of `y`: that of the weight is `Σ d x̂`, that
//! of the bias `Σ d`, and that of `x` is `(weight d − ⟨weight d⟩ − x̂ ⟨weight d x̂⟩) / std` with means over the group;
//! that of a channel's shift is its sum over the channel.

use std::mem::MaybeUninit;

use super::channels::{Block, LANES, blocks};
use super::sigmoid::sigmoid;
use super::{Inputs, Shape};
use crate::buffer::{in_parts_with, with_scratch};
use crate::pixels::{with_padded, write_padded};
use crate::simd::multiversion;

/// The gradients of `x`, weight, bias and shift.
pub(super) fn backward(shape: &Shape, inputs: &Inputs, moments: &[f32], gradient: &[f32]) -> [Vec<f32>; 4] {
    let (length, channels) = (shape.image_length(), shape.channels);
    let [weight, bias] = [inputs.weight, inputs.bias].map(|numbers| shape.padded(numbers));
    // Of every image: its share of the gradients of weight and bias, and its own shift's.
    let columns = weight.len();
    let mut shares = vec![0.0; 3 * shape.batch * columns];
    // SAFETY: `gradients` writes every number of its image.
    let of_x = unsafe {
        in_parts_with(shape.batch, length, &mut shares, |index, out, shares| {
            let shift = inputs.shift_of(shape, index);
            let moments = &moments[2 * shape.groups * index..][..2 * shape.groups];
            let [x, gradient] = [inputs.x, gradient].map(|numbers| &numbers[index * length..][..length]);
            with_padded(x, channels, |x| {
                with_padded(gradient, channels, |gradient| {
                    write_padded(out, channels, |out| {
                        with_scratch(x.len(), |scratch| {
                            let parameters = [&shift[..], &weight, &bias];
                            image([x, gradient], parameters, moments, shape, scratch, out, shares);
                        });
                    });
                });
            });
        })
    };
    let mut of_affine = [vec![0.0; channels], vec![0.0; channels]];
    let mut of_shift = Vec::with_capacity(shape.batch * channels);
    // In the images' order: the sum does not depend on who computed the shares.
    for image in shares.chunks_exact(3 * columns) {
        for (total, share) in of_affine.iter_mut().zip(image.chunks_exact(columns)) {
            for (total, share) in total.iter_mut().zip(share) {
                *total += share;
            }
        }
        of_shift.extend(&image[2 * columns..][..channels]);
    }
    let [of_weight, of_bias] = of_affine;
    [of_x, of_weight, of_bias, of_shift]
}

multiversion!(
    fn image(
        values: [&[f32]; 2],
        parameters: [&[f32]; 3],
        moments: &[f32],
        shape: &Shape,
        scratch: &mut [f32],
        out: &mut [MaybeUninit<f32>],
        shares: &mut [f32],
    ) = gradients
);

/// One image: its numbers and their gradient; shift, weight and bias.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn gradients(
    [x, gradient]: [&[f32]; 2],
    [shift, weight, bias]: [&[f32]; 3],
    moments: &[f32],
    shape: &Shape,
    scratch: &mut [f32],
    out: &mut [MaybeUninit<f32>],
    shares: &mut [f32],
) {
    let (x, gradient) = (blocks(x), blocks(gradient));
    let (scratch, _) = scratch.as_chunks_mut::<LANES>();
    let centre = shape.per_channel(|channel, group| moments[2 * group] - shift[channel]);
    let inverse_std = shape.per_channel(|_, group| moments[2 * group + 1]);
    let (of_weight, rest) = shares.split_at_mut(weight.len());
    let (of_bias, of_shift) = rest.split_at_mut(weight.len());
    let sums = [of_weight.as_chunks_mut().0, of_bias.as_chunks_mut().0];
    let parameters = [&centre[..], &inverse_std, blocks(weight), blocks(bias)];
    match shape.silu {
        true => of_y(x, gradient, parameters, scratch, sums, |y, gradient| {
            let s = sigmoid(y);
            gradient * s * (1.0 + y * (1.0 - s))
        }),
        false => of_y(x, gradient, parameters, scratch, sums, |_, gradient| gradient),
    }
    let mean = |sums: &[f32], group: usize| {
        shape.channels_of(group).map(|c| weight[c] * sums[c]).sum::<f32>() / shape.group_length() as f32
    };
    let scale = shape.per_channel(|channel, group| weight[channel] * moments[2 * group + 1]);
    let offset = shape.per_channel(|_, group| mean(of_bias, group) * moments[2 * group + 1]);
    let slope = shape.per_channel(|_, group| mean(of_weight, group) * moments[2 * group + 1].powi(2));
    let (out, _) = out.as_chunks_mut::<LANES>();
    let per_pixel = centre.len();
    for block in 0..per_pixel {
        let mut sums = [0.0; LANES];
        let pixels = x[block..].iter().zip(&scratch[block..]).zip(&mut out[block..]).step_by(per_pixel);
        for ((x, d), out) in pixels {
            for lane in 0..LANES {
                let value = d[lane] * scale[block][lane]
                    - offset[block][lane]
                    - (x[lane] - centre[block][lane]) * slope[block][lane];
                sums[lane] += value;
                out[lane].write(value);
            }
        }
        of_shift.as_chunks_mut::<LANES>().0[block] = sums;
    }
}

/// Writes the gradient of `y` to `scratch`; `Σ d x̂` and `Σ d` of every channel to `sums`.
#[inline(always)]
fn of_y(
    x: &[Block],
    gradient: &[Block],
    [centre, inverse_std, weight, bias]: [&[Block]; 4],
    scratch: &mut [Block],
    [of_weight, of_bias]: [&mut [Block]; 2],
    of_y: impl Fn(f32, f32) -> f32,
) {
    let per_pixel = centre.len();
    for block in 0..per_pixel {
        let mut sums = [[0.0; LANES]; 2];
        let pixels = x[block..].iter().zip(&gradient[block..]).zip(&mut scratch[block..]).step_by(per_pixel);
        for ((x, gradient), scratch) in pixels {
            for lane in 0..LANES {
                let normal = (x[lane] - centre[block][lane]) * inverse_std[block][lane];
                let d = of_y(normal * weight[block][lane] + bias[block][lane], gradient[lane]);
                scratch[lane] = d;
                sums[0][lane] += d * normal;
                sums[1][lane] += d;
            }
        }
        of_weight[block] = sums[0];
        of_bias[block] = sums[1];
    }
}
