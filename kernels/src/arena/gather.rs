//! Copies of tensors in one buffer: a kernel for as many of them as a launch can take.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;
use cubecl::zspace::metadata::Metadata;

use super::BLOCK;
use super::layout::{Part, Place, memory_order};
use crate::tensors::cube::{Primitive, empty};

/// Tensors of a launch at most: its kernel has code for each.
const MOST: usize = 64;

/// A buffer with copies of tensors at their places, and zeros in the gaps.
pub(super) fn gather(part: &Part, tensors: &[Primitive]) -> Primitive {
    let buffer = empty(&tensors[0], [part.blocks * BLOCK], DType::F32);
    let client = buffer.client.clone();
    // The buffer itself is one more, and so are the sizes on some devices.
    let most = (client.properties().hardware.max_bindings as usize).saturating_sub(2).clamp(1, MOST);
    for (tensors, places) in tensors.chunks(most).zip(part.places.chunks(most)) {
        let (first, end) = (places[0].first, places.last().map_or(0, |last| last.first + last.blocks));
        let sources: SequenceArg<OwnedTensor<f32>> =
            tensors.iter().map(|tensor| source(tensor).into_tensor_arg()).collect();
        let ends: SequenceArg<usize> = places.iter().map(|Place { first, blocks, .. }| first + blocks).collect();
        let units = CubeDim::new_1d(BLOCK as u32);
        let cubes = calculate_cube_count_elemwise(&client, (end - first) * BLOCK, units);
        copy::launch(&client, cubes, units, sources, ends, buffer.clone().into_tensor_arg(), first, end);
    }
    buffer
}

/// A tensor with its dimensions in the order that they have in the buffer, and four of them.
fn source(tensor: &Primitive) -> Primitive {
    let shape = tensor.shape();
    let order = memory_order(shape.num_dims());
    let (mut sizes, mut strides) = (vec![1; 4], vec![0; 4]);
    for (place, &dim) in (4 - order.len()..).zip(order) {
        (sizes[place], strides[place]) = (shape[dim], tensor.meta.strides()[dim]);
    }
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    CubeTensor::new(client, tensor.handle.clone(), Metadata::new(sizes, strides), device, tensor.dtype)
}

/// A cube for each block. `ends` are the blocks after each source's last; the first source begins at block `first`.
#[cube(launch)]
fn copy(
    sources: Sequence<OwnedTensor<f32>>,
    ends: Sequence<usize>,
    buffer: &mut Tensor<f32>,
    first: usize,
    end: usize,
) {
    let block = first + CUBE_POS;
    if block >= end {
        terminate!();
    }
    let mut value = 0.0f32;
    let mut start = first;
    let count = comptime![sources.len()];
    #[unroll]
    for which in 0..count {
        let source = sources.index(which);
        let next = *ends.index(which);
        if block >= start && block < next {
            let at = (block - start) * BLOCK + UNIT_POS as usize;
            let of_3 = source.shape(3);
            let of_2 = source.shape(2);
            let of_1 = source.shape(1);
            let rest = at / of_3;
            let slow = rest / of_2;
            let slowest = slow / of_1;
            if slowest < source.shape(0) {
                let fast = at % of_3 * source.stride(3) + rest % of_2 * source.stride(2);
                value = source[fast + slow % of_1 * source.stride(1) + slowest * source.stride(0)];
            }
        }
        start = next;
    }
    buffer[block * BLOCK + UNIT_POS as usize] = value;
}
