//! Repeated pixels on a GPU, and the sums of their gradients: one kernel each.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::*;

use crate::tensors::cube::{Primitive, empty, one_each};

/// Every pixel four times.
///
/// # Shapes
/// `x`: `[batch, height, width, channels]`, as `shape` says → `[batch, 2 height, 2 width, channels]`
pub(super) fn repeat([batch, height, width, channels]: [usize; 4], x: Primitive) -> Primitive {
    let x = into_contiguous(x);
    let out = empty(&x, [batch, 2 * height, 2 * width, channels], x.dtype());
    let (client, dtype) = (out.client.clone(), dtype_to_storage_type(out.dtype()));
    let length = 4 * batch * height * width * channels;
    let (cubes, units) = one_each(&client, length);
    let (from, to) = (x.into_tensor_arg(), out.clone().into_tensor_arg());
    repeated::launch(&client, cubes, units, from, to, length, width, channels, dtype);
    out
}

/// The sum of each pixel's four gradients.
///
/// # Shapes
/// `gradient`: `[batch, 2 height, 2 width, channels]` → `[batch, height, width, channels]`, as `shape` says
pub(super) fn sum(shape: [usize; 4], gradient: Primitive) -> Primitive {
    let gradient = into_contiguous(gradient);
    let out = empty(&gradient, shape, gradient.dtype());
    let (client, dtype) = (out.client.clone(), dtype_to_storage_type(out.dtype()));
    let [batch, height, width, channels] = shape;
    let length = batch * height * width * channels;
    let (cubes, units) = one_each(&client, length);
    let (from, to) = (gradient.into_tensor_arg(), out.clone().into_tensor_arg());
    summed::launch(&client, cubes, units, from, to, length, width, channels, dtype);
    out
}

#[cube(launch)]
fn repeated<F: Float>(
    x: &Tensor<F>,
    out: &mut Tensor<F>,
    length: usize,
    width: usize,
    channels: usize,
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= length {
        terminate!();
    }
    let pixel = at / channels;
    // Rows of all images, twice as many as there were.
    let row = pixel / (2 * width) / 2;
    let column = pixel % (2 * width) / 2;
    out[at] = x[(row * width + column) * channels + at % channels];
}

#[cube(launch)]
fn summed<F: Float>(
    gradient: &Tensor<F>,
    out: &mut Tensor<F>,
    length: usize,
    width: usize,
    channels: usize,
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= length {
        terminate!();
    }
    let pixel = at / channels;
    let line = 2 * width * channels;
    let above = pixel / width * 2 * line + pixel % width * 2 * channels + at % channels;
    let below = above + line;
    let sum_above = f32::cast_from(gradient[above]) + f32::cast_from(gradient[above + channels]);
    let sum_below = f32::cast_from(gradient[below]) + f32::cast_from(gradient[below + channels]);
    out[at] = F::cast_from(sum_above + sum_below);
}
