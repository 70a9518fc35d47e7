//! The gradients: the formulas of `group_norm/backward.rs`.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::DType;
use cubecl::prelude::*;

use super::plan::{Fixed, Plan};
use super::sums::{over_channels, over_pixels};
use crate::cube::tensors::{Primitive, empty};

/// The gradients of image, weight, bias and, as if there were one, shift. The tensors are contiguous.
pub(super) fn backward(plan: &Plan, inputs: Vec<Primitive>, moments: Primitive, gradient: Primitive) -> [Primitive; 4] {
    let mut inputs = inputs.into_iter();
    let mut next = || inputs.next().expect("image, weight and bias");
    let [x, weight, bias] = [next(), next(), next()];
    let shift = inputs.next();
    let (batch, channels) = (plan.batch(), plan.fixed.channels);
    let of_x = empty(&x, plan.image, x.dtype());
    // Of every image: its share of the gradients of weight and bias.
    let shares = empty(&x, [batch, 2, channels], DType::F32);
    let of_shift = empty(&x, [batch, channels], DType::F32);
    let dtype = dtype_to_storage_type(x.dtype());
    gradients::launch(
        &of_x.client.clone(),
        plan.cubes(),
        plan.units(),
        x.into_tensor_arg(),
        weight.into_tensor_arg(),
        bias.into_tensor_arg(),
        shift.map(Primitive::into_tensor_arg).into(),
        moments.into_tensor_arg(),
        gradient.into_tensor_arg(),
        of_x.clone().into_tensor_arg(),
        shares.clone().into_tensor_arg(),
        of_shift.clone().into_tensor_arg(),
        plan.pixels(),
        plan.fixed,
        plan.silu,
        dtype,
    );
    let shares = Cube::float_reshape(Cube::float_sum_dim(shares, 0), [2, channels].into());
    let [of_weight, of_bias] = [0, 1].map(|row| {
        let row = Cube::float_slice(shares.clone(), &[(row..row + 1).into(), (0..channels).into()]);
        Cube::float_reshape(row, [channels].into())
    });
    [of_x, of_weight, of_bias, of_shift]
}

#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn gradients<F: Float>(
    x: &Tensor<F>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    shift: ComptimeOption<&Tensor<f32>>,
    moments: &Tensor<f32>,
    gradient: &Tensor<F>,
    of_x: &mut Tensor<F>,
    shares: &mut Tensor<f32>,
    of_shift: &mut Tensor<f32>,
    pixels: usize,
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
    let group = image * (plan.channels / plan.group) + channel / plan.group;
    let centre = moments[2 * group] - shift;
    let inverse_std = moments[2 * group + 1];
    let weight = weight[channel];
    let bias = bias[channel];

    let mut of_weight = 0.0f32;
    let mut of_bias = 0.0f32;
    let mut pixel = unit / plan.strip;
    while pixel < pixels {
        let at = start + pixel * plan.channels;
        let normal = (f32::cast_from(x[at]) - centre) * inverse_std;
        let d = of_y(f32::cast_from(gradient[at]), normal * weight + bias, silu);
        of_weight += d * normal;
        of_bias += d;
        pixel += plan.rows;
    }
    let of_weight = over_pixels(of_weight, &mut shared, plan);
    let of_bias = over_pixels(of_bias, &mut shared, plan);
    let count = f32::cast_from(pixels * plan.group);
    let slope = over_channels(weight * of_weight, &mut shared, plan) / count;
    let offset = over_channels(weight * of_bias, &mut shared, plan) / count;

    let mut sum = 0.0f32;
    let mut pixel = unit / plan.strip;
    while pixel < pixels {
        let at = start + pixel * plan.channels;
        let normal = (f32::cast_from(x[at]) - centre) * inverse_std;
        let d = of_y(f32::cast_from(gradient[at]), normal * weight + bias, silu);
        let value = (weight * d - offset - normal * slope) * inverse_std;
        of_x[at] = F::cast_from(value);
        sum += value;
        pixel += plan.rows;
    }
    let sum = over_pixels(sum, &mut shared, plan);
    if unit < plan.strip {
        shares[2 * image * plan.channels + channel] = of_weight;
        shares[(2 * image + 1) * plan.channels + channel] = of_bias;
        of_shift[image * plan.channels + channel] = sum;
    }
}

/// The gradient of `y`, from that of its activation.
#[cube]
fn of_y(gradient: f32, y: f32, #[comptime] silu: bool) -> f32 {
    if comptime!(silu) {
        let s = 1.0f32 / (1.0f32 + (-y).exp());
        gradient * s * (1.0f32 + y * (1.0f32 - s))
    } else {
        gradient
    }
}
