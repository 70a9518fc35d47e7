//! The gradients of a group normalisation.
//!
//! With `x̂ = (x − mean) / std`, `y = weight x̂ + bias` and `d` the gradient of `y`: that of the weight is `Σ d x̂`, that
//! of the bias `Σ d`, and that of `x` is `(weight d − ⟨weight d⟩ − x̂ ⟨weight d x̂⟩) / std` with means over the group.

use std::mem::MaybeUninit;

use super::Shape;
use super::sigmoid::sigmoid;
use super::sum::{LANES, fold};
use crate::buffer::{in_parts_with, with_scratch};
use crate::simd::multiversion;

/// The gradients of `x`, weight and bias.
pub(super) fn backward(
    shape: &Shape,
    x: &[f32],
    [weight, bias]: [&[f32]; 2],
    moments: &[f32],
    gradient: &[f32],
) -> [Vec<f32>; 3] {
    let (length, channels) = (shape.length(), shape.channels_per_group());
    let parts = shape.batch * shape.groups;
    // Every channel of every image: its share of the gradients of weight and bias.
    let mut shares = vec![0.0; 2 * shape.batch * shape.channels];
    // SAFETY: `group_gradient` writes every number of its group.
    let of_x = unsafe {
        in_parts_with(parts, length, &mut shares, |part, out, shares| {
            let first = part % shape.groups * channels;
            let affine = [&weight[first..first + channels], &bias[first..first + channels]];
            let moments = [moments[2 * part], moments[2 * part + 1]];
            let [x, gradient] = [x, gradient].map(|numbers| &numbers[part * length..][..length]);
            with_scratch(length, |scratch| group(x, gradient, affine, moments, shape, scratch, out, shares));
        })
    };
    let mut of_affine = [vec![0.0; shape.channels], vec![0.0; shape.channels]];
    // In the images' order: the sum does not depend on who computed the shares.
    for image in shares.chunks_exact(2 * shape.channels) {
        for (channel, share) in image.chunks_exact(2).enumerate() {
            of_affine[0][channel] += share[0];
            of_affine[1][channel] += share[1];
        }
    }
    let [of_weight, of_bias] = of_affine;
    [of_x, of_weight, of_bias]
}

multiversion!(
    fn group(
        x: &[f32],
        gradient: &[f32],
        affine: [&[f32]; 2],
        moments: [f32; 2],
        shape: &Shape,
        scratch: &mut [f32],
        out: &mut [MaybeUninit<f32>],
        shares: &mut [f32],
    ) = group_gradient
);

/// One group of one image.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn group_gradient(
    x: &[f32],
    gradient: &[f32],
    [weight, bias]: [&[f32]; 2],
    [mean, inverse_std]: [f32; 2],
    shape: &Shape,
    scratch: &mut [f32],
    out: &mut [MaybeUninit<f32>],
    shares: &mut [f32],
) {
    let pixels = shape.pixels();
    let (mut of_y, mut of_y_x) = (0.0, 0.0);
    for (channel, share) in shares.chunks_exact_mut(2).enumerate() {
        let places = channel * pixels..(channel + 1) * pixels;
        let (x, gradient, scratch) = (&x[places.clone()], &gradient[places.clone()], &mut scratch[places]);
        let (weight, bias) = (weight[channel], bias[channel]);
        let sums = if shape.silu {
            sums(x, gradient, [mean, inverse_std], scratch, |normal, gradient| {
                let y = normal * weight + bias;
                let s = sigmoid(y);
                gradient * s * (1.0 + y * (1.0 - s))
            })
        } else {
            sums(x, gradient, [mean, inverse_std], scratch, |_, gradient| gradient)
        };
        share.copy_from_slice(&sums);
        of_y_x += weight * sums[0];
        of_y += weight * sums[1];
    }
    let count = x.len() as f32;
    let (slope, offset) = (of_y_x / count * inverse_std, of_y / count);
    let channels = x.chunks_exact(pixels).zip(scratch.chunks_exact(pixels)).zip(out.chunks_exact_mut(pixels));
    for (((x, scratch), out), &weight) in channels.zip(weight) {
        for ((&x, &gradient), out) in x.iter().zip(scratch).zip(out) {
            out.write((gradient * weight - offset - (x - mean) * slope) * inverse_std);
        }
    }
}

/// Writes the gradient of `y` to `scratch`; `[Σ d x̂, Σ d]` over a channel.
#[inline(always)]
fn sums(
    x: &[f32],
    gradient: &[f32],
    [mean, inverse_std]: [f32; 2],
    scratch: &mut [f32],
    of_y: impl Fn(f32, f32) -> f32,
) -> [f32; 2] {
    let mut lanes = [[0.0; LANES]; 2];
    for ((x, gradient), scratch) in x.chunks(LANES).zip(gradient.chunks(LANES)).zip(scratch.chunks_mut(LANES)) {
        let mut add = |lane: usize| {
            let normal = (x[lane] - mean) * inverse_std;
            let d = of_y(normal, gradient[lane]);
            scratch[lane] = d;
            lanes[0][lane] += d * normal;
            lanes[1][lane] += d;
        };
        if x.len() == LANES {
            (0..LANES).for_each(&mut add);
        } else {
            (0..x.len()).for_each(&mut add);
        }
    }
    lanes.map(fold)
}
