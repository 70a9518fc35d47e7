//! The normalisation itself.

use std::mem::MaybeUninit;

use super::Shape;
use super::sigmoid::sigmoid;
use super::sum::sum;
use crate::buffer::in_parts_with;
use crate::simd::multiversion;

/// The result, and mean and inverse standard deviation of every group of every image.
pub(super) fn forward(shape: &Shape, x: &[f32], weight: &[f32], bias: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (length, channels) = (shape.length(), shape.channels_per_group());
    let parts = shape.batch * shape.groups;
    let mut moments = vec![0.0; 2 * parts];
    // SAFETY: `normalize` writes every number of its group.
    let out = unsafe {
        in_parts_with(parts, length, &mut moments, |part, out, moments| {
            let first = part % shape.groups * channels;
            let affine = [&weight[first..first + channels], &bias[first..first + channels]];
            moments.copy_from_slice(&group(&x[part * length..][..length], affine, shape, out));
        })
    };
    (out, moments)
}

multiversion!(
    fn group(x: &[f32], affine: [&[f32]; 2], shape: &Shape, out: &mut [MaybeUninit<f32>]) -> [f32; 2] = normalize
);

/// One group of one image: it stays in the first cache from the mean to the result.
#[inline(always)]
fn normalize(x: &[f32], [weight, bias]: [&[f32]; 2], shape: &Shape, out: &mut [MaybeUninit<f32>]) -> [f32; 2] {
    let mean = sum(x, |x| x) / x.len() as f32;
    let variance = sum(x, |x| (x - mean) * (x - mean)) / x.len() as f32;
    let inverse_std = 1.0 / (variance + shape.eps).sqrt();
    let pixels = shape.pixels();
    let channels = x.chunks_exact(pixels).zip(out.chunks_exact_mut(pixels));
    for ((x, out), (&weight, &bias)) in channels.zip(weight.iter().zip(bias)) {
        let scale = inverse_std * weight;
        if shape.silu {
            for (&x, out) in x.iter().zip(out) {
                let y = (x - mean) * scale + bias;
                out.write(y * sigmoid(y));
            }
        } else {
            for (&x, out) in x.iter().zip(out) {
                out.write((x - mean) * scale + bias);
            }
        }
    }
    [mean, inverse_std]
}
