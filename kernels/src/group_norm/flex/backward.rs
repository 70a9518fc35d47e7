//! The gradients of a group normalisation.
//!
//! With `x̂ = (x − mean) / std`, `y = weight x̂ + bias` and `d` the gradient of `y`: that of the weight is `Σ d x̂`, that
//! of the bias `Σ d`, and that of `x` is `(weight d − ⟨weight d⟩ − x̂ ⟨weight d x̂⟩) / std` with means over the group;
//! that of a channel's shift is its sum over the channel. With derivatives it is the same, with [`Jet`]s for what is of the
//! values and [`Adjoint`]s for what is of the gradients.

use std::mem::MaybeUninit;
use std::ops::Add;

use super::blocks::{Block, JetBlock, LANES, Sums, block_of, blocks, channel_of, lane_of, set_lane};
use super::jet::{Adjoint, Jet};
use super::shape::{Inputs, Shape};
use crate::buffer::{in_parts_with, with_scratch};
use crate::number::Number;
use crate::simd::multiversion;
use crate::simd::{with_all_padded, write_all_padded};

/// The gradients of what a group normalisation takes.
pub(in crate::group_norm) struct Gradients<S, const K: usize> {
    /// `[batch, height, width, channels]` each
    pub(in crate::group_norm) x: [Vec<S>; K],
    /// `[batch, channels]` each
    pub(in crate::group_norm) shift: [Vec<f32>; K],
    /// `[channels]`
    pub(in crate::group_norm) weight: Vec<f32>,
    /// `[channels]`
    pub(in crate::group_norm) bias: Vec<f32>,
}

/// From the gradients of the result's coefficients.
pub(in crate::group_norm) fn backward<S: Number, const K: usize>(
    shape: &Shape,
    inputs: &Inputs<S, K>,
    moments: &[f32],
    gradient: [&[S]; K],
) -> Gradients<S, K> {
    let (length, channels) = (shape.image_length(), shape.channels);
    let [weight, bias] = [inputs.weight, inputs.bias].map(|numbers| shape.padded(numbers));
    // Of every image: its share of the gradients of weight and bias, and those of its own shift.
    let columns = weight.len();
    let mut shares = vec![0.0; (2 + K) * shape.batch * columns];
    // SAFETY: `gradients` writes every number of its image.
    let x = unsafe {
        in_parts_with(shape.batch, length, &mut shares, |index, out, shares| {
            let shift = inputs.shift_of(shape, index);
            let moments = &moments[index * shape.moments::<K>()..][..shape.moments::<K>()];
            let of_image = |numbers| &<[S]>::as_ref(numbers)[index * length..][..length];
            with_all_padded(inputs.x.map(of_image), channels, |x| {
                with_all_padded(gradient.map(of_image), channels, |gradient| {
                    write_all_padded(out, channels, |out| {
                        with_scratch(K * gradient[0].len(), |scratch| {
                            image(x, gradient, &shift, [&weight, &bias], moments, shape, scratch, out, shares);
                        });
                    });
                });
            });
        })
    };
    let mut of_affine = [vec![0.0; channels], vec![0.0; channels]];
    let mut shift: [Vec<f32>; K] = std::array::from_fn(|_| Vec::with_capacity(shape.batch * channels));
    // In the images' order: the sum does not depend on who computed the shares.
    for image in shares.chunks_exact((2 + K) * columns) {
        let mut image = image.chunks_exact(columns);
        for (total, share) in of_affine.iter_mut().zip(&mut image) {
            for (total, share) in total.iter_mut().zip(share) {
                *total += share;
            }
        }
        for (shift, of_image) in shift.iter_mut().zip(image) {
            shift.extend(&of_image[..channels]);
        }
    }
    let [weight, bias] = of_affine;
    Gradients { x, shift, weight, bias }
}

multiversion!(
    fn image[const K: usize](
        x: [&[f32]; K],
        gradient: [&[f32]; K],
        shift: &[JetBlock<K>],
        affine: [&[f32]; 2],
        moments: &[f32],
        shape: &Shape,
        scratch: &mut [f32],
        out: [&mut [MaybeUninit<f32>]; K],
        shares: &mut [f32],
    ) = gradients
);

/// One image.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn gradients<const K: usize>(
    x: [&[f32]; K],
    gradient: [&[f32]; K],
    shift: &[JetBlock<K>],
    [weight, bias]: [&[f32]; 2],
    moments: &[f32],
    shape: &Shape,
    scratch: &mut [f32],
    out: [&mut [MaybeUninit<f32>]; K],
    shares: &mut [f32],
) {
    let (x, gradient) = (x.map(blocks), gradient.map(blocks));
    let mut scratch = {
        let length = scratch.len() / K;
        let mut parts = scratch.chunks_exact_mut(length);
        std::array::from_fn(|_| parts.next().expect("as many as derivatives").as_chunks_mut::<LANES>().0)
    };
    let (moments, _) = moments.as_chunks::<K>();
    let shift_of = |channel: usize| Jet(lane_of(&shift[channel / LANES], channel % LANES));
    let centre = shape.per_channel(|channel, group| (Jet(moments[2 * group]) - shift_of(channel)).0);
    let inverse_std = shape.per_channel(|_, group| moments[2 * group + 1]);
    let channels = [&centre[..], &inverse_std];
    let affine = [blocks(weight), blocks(bias)];
    let [of_weight, of_bias] = match shape.silu {
        true => of_y(&x, &gradient, channels, affine, &mut scratch, |y, gradient| y.silu_slope() * gradient),
        false => of_y(&x, &gradient, channels, affine, &mut scratch, |_, gradient| gradient),
    };
    let (shares, _) = shares.as_chunks_mut::<LANES>();
    for (all, sums) in shares.chunks_exact_mut(centre.len()).zip([&of_weight, &of_bias]) {
        for (share, sums) in all.iter_mut().zip(sums) {
            *share = sums.0[0];
        }
    }
    let mean = |sums: &[Sums<K>], group: usize| {
        let of_channel = |channel| Adjoint(channel_of(sums, channel)) * weight[channel];
        let total = shape.channels_of(group).map(of_channel).fold(Adjoint([0.0; K]), Add::add);
        total * (1.0 / shape.group_length() as f32)
    };
    let inverse = |group: usize| Jet(moments[2 * group + 1]);
    let scale = shape.per_channel(|channel, group| (inverse(group) * weight[channel]).0);
    let offset = shape.per_channel(|_, group| (inverse(group) * mean(&of_bias, group)).0);
    let slope = shape.per_channel(|_, group| (inverse(group) * inverse(group) * mean(&of_weight, group)).0);
    let mut out = out.map(|out| out.as_chunks_mut::<LANES>().0);
    let per_pixel = centre.len();
    for first in 0..per_pixel {
        let [centre, scale, offset, slope] = [&centre, &scale, &offset, &slope].map(|of| of[first]);
        let mut sums = Sums::ZERO;
        for block in (first..x[0].len()).step_by(per_pixel) {
            let (x, d) = (block_of(x, block), block_of(scratch.each_ref().map(|scratch| &**scratch), block));
            let mut result = [[0.0; LANES]; K];
            for lane in 0..LANES {
                let [x, centre, scale] = [&x, &centre, &scale].map(|of| Jet(lane_of(of, lane)));
                let [d, offset, slope] = [&d, &offset, &slope].map(|of| Adjoint(lane_of(of, lane)));
                let Adjoint(value) = scale * d - offset - (x - centre) * slope;
                sums.add(lane, value);
                set_lane(&mut result, lane, value);
            }
            for (out, result) in out.iter_mut().zip(&result) {
                out[block].write_copy_of_slice(result);
            }
        }
        for k in 0..K {
            shares[(2 + k) * per_pixel + first] = sums.0[k];
        }
    }
}

/// Writes the gradient of `y` to `scratch`; returns `Σ x̂ d` and `Σ d` of every channel.
#[inline(always)]
fn of_y<const K: usize>(
    x: &[&[Block]; K],
    gradient: &[&[Block]; K],
    [centre, inverse_std]: [&[JetBlock<K>]; 2],
    [weight, bias]: [&[Block]; 2],
    scratch: &mut [&mut [Block]; K],
    of_y: impl Fn(Jet<K>, Adjoint<K>) -> Adjoint<K>,
) -> [Vec<Sums<K>>; 2] {
    let per_pixel = centre.len();
    let mut all = [vec![Sums::ZERO; per_pixel], vec![Sums::ZERO; per_pixel]];
    for first in 0..per_pixel {
        let (centre, inverse_std, weight, bias) = (centre[first], inverse_std[first], weight[first], bias[first]);
        let (mut products, mut sums) = (Sums::ZERO, Sums::ZERO);
        for block in (first..x[0].len()).step_by(per_pixel) {
            let (x, gradient) = (block_of(*x, block), block_of(*gradient, block));
            let mut result = [[0.0; LANES]; K];
            for lane in 0..LANES {
                let [x, centre, inverse_std] = [&x, &centre, &inverse_std].map(|of| Jet(lane_of(of, lane)));
                let normal = (x - centre) * inverse_std;
                let d = of_y(normal * weight[lane] + Jet::real(bias[lane]), Adjoint(lane_of(&gradient, lane)));
                set_lane(&mut result, lane, d.0);
                products.add(lane, (normal * d).0);
                sums.add(lane, d.0);
            }
            for (scratch, result) in scratch.iter_mut().zip(result) {
                scratch[block] = result;
            }
        }
        all[0][first] = products;
        all[1][first] = sums;
    }
    all
}
