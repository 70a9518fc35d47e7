//! The gradients: the formulas of `group_norm/flex/backward.rs`.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::DType;
use cubecl::prelude::*;
use cubecl::zspace::metadata::Metadata;

use super::plan::{Fixed, Plan};
use super::sums::{over_channels, over_pixels};
use crate::tensors::cube::{Primitive, STEP, empty, view};

/// The gradients of image, weight, bias and, as if there were one, shift, from the first three of these and what
/// [`forward`](super::forward::forward) left. The tensors are contiguous.
///
/// No kernel here takes more than eight buffers, sizes included: every device has as many.
pub(super) fn backward(
    plan: &Plan,
    [x, weight, bias]: [Primitive; 3],
    moments: Primitive,
    gradient: Primitive,
) -> [Primitive; 4] {
    let (batch, channels, apart) = (plan.batch(), plan.fixed.channels, plan.fixed.apart());
    let of_x = empty(&x, plan.image, x.dtype());
    // Of every image its share of the gradients of weight and bias; then of every image its own shift's.
    let (affine, shifts) = (2 * batch * apart, (batch * channels).next_multiple_of(STEP));
    let sums = empty(&x, [affine + shifts], DType::F32);
    let dtype = dtype_to_storage_type(x.dtype());
    gradients::launch(
        &of_x.client.clone(),
        plan.cubes(),
        plan.units(),
        x.into_tensor_arg(),
        weight.into_tensor_arg(),
        bias.into_tensor_arg(),
        moments.into_tensor_arg(),
        gradient.into_tensor_arg(),
        of_x.clone().into_tensor_arg(),
        sums.clone().into_tensor_arg(),
        plan.pixels(),
        plan.fixed,
        plan.silu,
        dtype,
    );
    let of_images = view(&sums, 0..affine, Metadata::new([batch, 2 * apart], [2 * apart, 1]));
    let total = Cube::float_sum_dim(of_images, 0);
    let row = |row: usize| view(&total, row * apart..(row + 1) * apart, Metadata::new([channels], [1]));
    let (of_weight, of_bias) = (row(0), row(1));
    let of_shift = view(&sums, affine..affine + shifts, Metadata::new([batch, channels], [channels, 1]));
    [of_x, of_weight, of_bias, of_shift]
}

#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn gradients<F: Float>(
    x: &Tensor<F>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    moments: &Tensor<f32>,
    gradient: &Tensor<F>,
    of_x: &mut Tensor<F>,
    sums: &mut Tensor<f32>,
    pixels: usize,
    #[comptime] plan: Fixed,
    #[comptime] silu: bool,
    #[define(F)] _dtype: ElemType,
) {
    let mut shared = Shared::<[f32]>::new_slice(plan.strip * plan.rows);
    let apart = comptime!(plan.apart());
    let image = CUBE_POS_Y as usize;
    let unit = UNIT_POS as usize;
    let channel = CUBE_POS_X as usize * plan.strip + unit % plan.strip;
    let start = image * pixels * plan.channels + channel;
    let centre = moments[2 * image * plan.channels + channel];
    let inverse_std = moments[(2 * image + 1) * plan.channels + channel];
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
        sums[2 * image * apart + channel] = of_weight;
        sums[(2 * image + 1) * apart + channel] = of_bias;
        sums[2 * CUBE_COUNT_Y as usize * apart + image * plan.channels + channel] = sum;
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
