//! The join on a GPU, and its parts: one kernel each.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::*;

use super::Shape;
use crate::tensors::cube::{Primitive, empty, one_each};

/// The channels of the one image and those of the other.
pub(super) fn join(shape: &Shape, inputs: [Primitive; 2]) -> Primitive {
    let Shape { batch, channels: [c1, c2], size: [height, width] } = *shape;
    let [first, second] = inputs.map(into_contiguous);
    let out = empty(&first, [batch, height, width, c1 + c2], first.dtype());
    let (client, dtype) = (out.client.clone(), dtype_to_storage_type(out.dtype()));
    let length = batch * height * width * (c1 + c2);
    let (cubes, units) = one_each(&client, length);
    joined::launch(
        &client,
        cubes,
        units,
        first.into_tensor_arg(),
        second.into_tensor_arg(),
        out.clone().into_tensor_arg(),
        length,
        c1,
        c1 + c2,
        dtype,
    );
    out
}

/// The channels of both images out of the join.
pub(super) fn parts(shape: &Shape, joined: Primitive) -> [Primitive; 2] {
    let Shape { batch, channels, size: [height, width] } = *shape;
    let joined = into_contiguous(joined);
    let [first, second] = channels.map(|channels| empty(&joined, [batch, height, width, channels], joined.dtype()));
    let (client, dtype) = (joined.client.clone(), dtype_to_storage_type(joined.dtype()));
    let both = channels[0] + channels[1];
    let length = batch * height * width * both;
    let (cubes, units) = one_each(&client, length);
    parted::launch(
        &client,
        cubes,
        units,
        joined.into_tensor_arg(),
        first.clone().into_tensor_arg(),
        second.clone().into_tensor_arg(),
        length,
        channels[0],
        both,
        dtype,
    );
    [first, second]
}

#[cube(launch)]
fn joined<F: Float>(
    first: &Tensor<F>,
    second: &Tensor<F>,
    out: &mut Tensor<F>,
    length: usize,
    channels: usize,
    both: usize,
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= length {
        terminate!();
    }
    let pixel = at / both;
    let channel = at % both;
    if channel < channels {
        out[at] = first[pixel * channels + channel];
    } else {
        out[at] = second[pixel * (both - channels) + channel - channels];
    }
}

#[cube(launch)]
fn parted<F: Float>(
    joined: &Tensor<F>,
    first: &mut Tensor<F>,
    second: &mut Tensor<F>,
    length: usize,
    channels: usize,
    both: usize,
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= length {
        terminate!();
    }
    let pixel = at / both;
    let channel = at % both;
    if channel < channels {
        first[pixel * channels + channel] = joined[at];
    } else {
        second[pixel * (both - channels) + channel - channels] = joined[at];
    }
}
