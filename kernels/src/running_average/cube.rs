//! The average on GPUs: one kernel, which changes the average in place if it owns it.

use burn::backend::{Cube, DispatchAutodiffContext, DispatchTensor, TensorMetadata};
use burn::tensor::{self, DType};
use burn_cubecl::kernel::into_contiguous;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::rounding::{EXPONENT, MANY, NEIGHBOUR, ONE};
use crate::arena::{Arena, BLOCK, place_in_order};
use crate::tensors::cube::{from_plain, one_each, own};
use crate::tensors::dispatch::{context, is_on, primitive};

/// Whether [`step`] is for these tensors: single precision on a GPU.
pub(super) fn takes<const D: usize>(tensors: [&tensor::Tensor<D>; 2]) -> bool {
    let taken = |tensor: DispatchTensor| {
        let plain = context([&tensor]) == DispatchAutodiffContext::Disabled;
        plain && is_on::<Cube>(&tensor) && tensor.dtype() == DType::F32
    };
    tensors.into_iter().all(|tensor| taken(tensor.clone().into_dispatch()))
}

/// A step, for tensors that it [takes].
pub(super) fn step<const D: usize>(
    average: tensor::Tensor<D>,
    value: tensor::Tensor<D>,
    fresh: f32,
    kept: f32,
    phase: u32,
) -> tensor::Tensor<D> {
    let average = own(primitive::<Cube>(average.into_dispatch()));
    let value = into_contiguous(primitive::<Cube>(value.into_dispatch()));
    let client = average.client.clone();
    let length = average.shape().num_elements();
    let (count, units) = one_each(&client, length);
    let (state, value) = (average.clone().into_tensor_arg(), value.into_tensor_arg());
    update::launch(&client, count, units, state, value, length, fresh, kept, phase);
    from_plain(average)
}

/// The same for all tensors of an arena: the numbers are those of [`step`], bit for bit.
pub(super) fn step_all(
    arena: &Arena,
    averages: Vec<DispatchTensor>,
    values: Vec<DispatchTensor>,
    fresh: f32,
    kept: f32,
    phase: u32,
) -> Vec<DispatchTensor> {
    let averages: Vec<_> = arena.buffers(averages).into_iter().map(own).collect();
    for ((part, average), value) in arena.parts().iter().zip(&averages).zip(arena.buffers(values)) {
        let client = value.client.clone();
        let units = CubeDim::new_1d(BLOCK as u32);
        let count = calculate_cube_count_elemwise(&client, part.blocks * BLOCK, units);
        let (state, value) = (average.clone().into_tensor_arg(), value.into_tensor_arg());
        let rows = part.rows.clone().into_tensor_arg();
        update_all::launch(&client, count, units, state, value, rows, part.blocks, fresh, kept, phase);
    }
    arena.views(&averages)
}

/// [`super::rounding::mixed`].
#[cube]
pub(crate) fn mixed(old: f32, new: f32, fresh: f32, kept: f32) -> f32 {
    let change = new - old;
    select(fresh < 0.5f32, old + change * fresh, new - change * kept)
}

/// [`super::rounding::averaged`].
#[cube]
pub(crate) fn averaged(average: f32, weight: f32, fresh: f32, kept: f32, phase: u32) -> f32 {
    let exponent = u32::reinterpret(average) & EXPONENT;
    let steps = (weight - average) * fresh * f32::reinterpret(277u32 * ONE - exponent);
    let unit = f32::reinterpret(max(exponent, 24u32 * ONE) - 23u32 * ONE);
    let share = f32::cast_from(phase >> 8u32) * (1.0f32 / 16_777_216.0f32);
    let spread = average + f32::floor(steps + share) * unit;
    let plain = exponent < 24u32 * ONE || f32::abs(steps) >= MANY || fresh >= 0.5f32;
    select(plain, mixed(average, weight, fresh, kept), spread)
}

#[cube(launch)]
fn update(average: &mut Tensor<f32>, value: &Tensor<f32>, length: usize, fresh: f32, kept: f32, phase: u32) {
    let i = ABSOLUTE_POS;
    if i >= length {
        terminate!();
    }
    average[i] = averaged(average[i], value[i], fresh, kept, phase + u32::cast_from(i) * NEIGHBOUR);
}

/// A cube for each block of an arena.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn update_all(
    average: &mut Tensor<f32>,
    value: &Tensor<f32>,
    rows: &Tensor<u32>,
    blocks: usize,
    fresh: f32,
    kept: f32,
    phase: u32,
) {
    let block = CUBE_POS;
    if block >= blocks {
        terminate!();
    }
    let i = block * BLOCK + UNIT_POS as usize;
    average[i] = averaged(average[i], value[i], fresh, kept, phase + place_in_order(rows, block) * NEIGHBOUR);
}
