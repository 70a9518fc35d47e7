//! The normalisation itself.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::*;

use super::plan::{Fixed, Plan};
use super::sums::{over_channels, over_pixels};
use crate::tensors::cube::{Primitive, empty};

/// The result, and for every channel of every image what it is centred by and the inverse standard deviation of its group,
/// `[batch, 2, channels]`; the gradient needs the latter.
pub(super) fn forward(plan: &Plan, inputs: Vec<Primitive>) -> (Primitive, Primitive) {
    let mut inputs = inputs.into_iter().map(into_contiguous);
    let mut next = || inputs.next().expect("image, weight and bias");
    let [x, weight, bias] = [next(), next(), next()];
    let shift = inputs.next();
    let out = empty(&x, plan.image, x.dtype());
    let moments = empty(&x, [plan.batch(), 2, plan.fixed.channels], DType::F32);
    let dtype = dtype_to_storage_type(x.dtype());
    normalize::launch(
        &out.client.clone(),
        plan.cubes(),
        plan.units(),
        x.into_tensor_arg(),
        weight.into_tensor_arg(),
        bias.into_tensor_arg(),
        shift.map(Primitive::into_tensor_arg).into(),
        out.clone().into_tensor_arg(),
        moments.clone().into_tensor_arg(),
        plan.pixels(),
        plan.eps,
        plan.fixed,
        plan.silu,
        dtype,
    );
    (out, moments)
}

#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn normalize<F: Float>(
    x: &Tensor<F>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    shift: ComptimeOption<&Tensor<f32>>,
    out: &mut Tensor<F>,
    moments: &mut Tensor<f32>,
    pixels: usize,
    eps: f32,
    #[comptime] plan: Fixed,
    #[comptime] silu: bool,
    #[define(F)] _dtype: ElemType,
) {
    let mut shared = Shared::<[f32]>::new_slice(plan.strip * plan.rows);
    let image = CUBE_POS_Y as usize;
    let unit = UNIT_POS as usize;
    let channel = CUBE_POS_X as usize * plan.strip + unit % plan.strip;
    let start = image * pixels * plan.channels + channel;
    let shift: ComptimeOption<f32> = shift.as_ref().map(|shift| shift[image * plan.channels + channel]);
    let shift = shift.unwrap_or_default();
    let count = f32::cast_from(pixels * plan.group);

    let mut sum = 0.0f32;
    let mut pixel = unit / plan.strip;
    while pixel < pixels {
        sum += f32::cast_from(x[start + pixel * plan.channels]);
        pixel += plan.rows;
    }
    let sum = over_pixels(sum, &mut shared, plan) + shift * f32::cast_from(pixels);
    let mean = over_channels(sum, &mut shared, plan) / count;

    // What a channel's numbers differ from their group's mean by, before its shift.
    let centre = mean - shift;
    let mut squares = 0.0f32;
    let mut pixel = unit / plan.strip;
    while pixel < pixels {
        let centred = f32::cast_from(x[start + pixel * plan.channels]) - centre;
        squares += centred * centred;
        pixel += plan.rows;
    }
    let squares = over_pixels(squares, &mut shared, plan);
    let variance = over_channels(squares, &mut shared, plan) / count;
    let inverse_std = 1.0f32 / (variance + eps).sqrt();

    let scale = inverse_std * weight[channel];
    let offset = bias[channel];
    let mut pixel = unit / plan.strip;
    while pixel < pixels {
        let at = start + pixel * plan.channels;
        let y = (f32::cast_from(x[at]) - centre) * scale + offset;
        if comptime!(silu) {
            out[at] = F::cast_from(y / (1.0f32 + (-y).exp()));
        } else {
            out[at] = F::cast_from(y);
        }
        pixel += plan.rows;
    }
    if unit < plan.strip {
        moments[2 * image * plan.channels + channel] = centre;
        moments[(2 * image + 1) * plan.channels + channel] = inverse_std;
    }
}
