//! A step of Adam with its running average: one kernel for a parameter, or for all that an arena holds, which changes what it owns in
//! place.

use burn::backend::{Cube, DispatchAutodiffContext, DispatchTensor, TensorMetadata};
use burn::tensor::{self, DType};
use burn_cubecl::kernel::into_contiguous;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::coefficients::Coefficients;
use crate::arena::{Arena, BLOCK, place_in_order};
use crate::running_average::cube::{averaged, mixed};
use crate::running_average::rounding::NEIGHBOUR;
use crate::tensors::cube::{from_plain, one_each, own};
use crate::tensors::dispatch::{context, is_on, primitive};

/// Whether [`step`] is for these tensors: single precision on a GPU.
pub(super) fn takes<const D: usize>(
    state: &[tensor::Tensor<D>; 4],
    gradient: &tensor::Tensor<D>,
    scale: &tensor::Tensor<1>,
) -> bool {
    let taken = |tensor: DispatchTensor| {
        let plain = context([&tensor]) == DispatchAutodiffContext::Disabled;
        plain && is_on::<Cube>(&tensor) && tensor.dtype() == DType::F32
    };
    state.iter().chain([gradient]).all(|tensor| taken(tensor.clone().into_dispatch()))
        && taken(scale.clone().into_dispatch())
}

/// A step with gradients multiplied by a number on the device, for tensors that it [takes].
pub(super) fn step<const D: usize>(
    of: &Coefficients,
    state: [tensor::Tensor<D>; 4],
    gradient: tensor::Tensor<D>,
    scale: &tensor::Tensor<1>,
) -> [tensor::Tensor<D>; 4] {
    let (gradient, scale) = (gradient.into_dispatch(), scale.clone().into_dispatch());
    let state = state.map(tensor::Tensor::into_dispatch);
    let [weight, first, second, average] = state.map(|tensor| own(primitive::<Cube>(tensor)));
    let [gradient, scale] = [gradient, scale].map(|tensor| into_contiguous(primitive::<Cube>(tensor)));
    let client = weight.client.clone();
    let length = weight.shape().num_elements();
    let (cubes, units) = one_each(&client, length);
    update::launch(
        &client,
        cubes,
        units,
        weight.clone().into_tensor_arg(),
        first.clone().into_tensor_arg(),
        second.clone().into_tensor_arg(),
        average.clone().into_tensor_arg(),
        gradient.into_tensor_arg(),
        scale.into_tensor_arg(),
        length,
        of.scalars(),
    );
    [weight, first, second, average].map(from_plain)
}

/// The same for all tensors of an arena: the numbers are those of [`step`], bit for bit.
pub(super) fn step_all(
    of: &Coefficients,
    arena: &Arena,
    state: [Vec<DispatchTensor>; 4],
    gradients: Vec<DispatchTensor>,
    scale: &tensor::Tensor<1>,
) -> [Vec<DispatchTensor>; 4] {
    let gradients = arena.buffers(gradients);
    // Nothing but the buffer refers to its memory then, if nobody else does.
    let state = state.map(|tensors| arena.buffers(tensors).into_iter().map(own).collect::<Vec<_>>());
    let scale = into_contiguous(primitive::<Cube>(scale.clone().into_dispatch()));
    for (index, (part, gradient)) in arena.parts().iter().zip(gradients).enumerate() {
        let [weight, first, second, average] = state.each_ref().map(|buffers| buffers[index].clone().into_tensor_arg());
        let client = gradient.client.clone();
        let units = CubeDim::new_1d(BLOCK as u32);
        let cubes = calculate_cube_count_elemwise(&client, part.blocks * BLOCK, units);
        let (gradient, scale) = (gradient.into_tensor_arg(), scale.clone().into_tensor_arg());
        let rows = part.rows.clone().into_tensor_arg();
        let numbers = of.scalars();
        update_all::launch(
            &client,
            cubes,
            units,
            weight,
            first,
            second,
            average,
            gradient,
            scale,
            rows,
            part.blocks,
            numbers,
        );
    }
    state.map(|buffers| arena.views(&buffers))
}

impl Coefficients {
    fn scalars(&self) -> AdamScalarsLaunch {
        let Self { betas: [beta_1, beta_2], fresh: [fresh_1, fresh_2], rate, correction, epsilon, lost, .. } = *self;
        let (decay, fresh) = (self.average_decay, self.average_fresh);
        AdamScalarsLaunch::new(
            beta_1, fresh_1, beta_2, fresh_2, rate, correction, epsilon, lost, decay, fresh, self.phase,
        )
    }
}

/// [`Coefficients`] as the kernel takes them.
#[derive(CubeLaunch, CubeType)]
struct AdamScalars {
    beta_1: f32,
    fresh_1: f32,
    beta_2: f32,
    fresh_2: f32,
    rate: f32,
    correction: f32,
    epsilon: f32,
    lost: f32,
    decay: f32,
    fresh: f32,
    phase: u32,
}

#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn update(
    weight: &mut Tensor<f32>,
    first: &mut Tensor<f32>,
    second: &mut Tensor<f32>,
    average: &mut Tensor<f32>,
    gradient: &Tensor<f32>,
    scale: &Tensor<f32>,
    length: usize,
    numbers: AdamScalars,
) {
    let i = ABSOLUTE_POS;
    if i >= length || scale[0] < 0.0f32 {
        terminate!();
    }
    let phase = numbers.phase + u32::cast_from(i) * NEIGHBOUR;
    update_one(weight, first, second, average, i, gradient[i] * scale[0], phase, &numbers);
}

/// A cube for each block of an arena.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn update_all(
    weight: &mut Tensor<f32>,
    first: &mut Tensor<f32>,
    second: &mut Tensor<f32>,
    average: &mut Tensor<f32>,
    gradient: &Tensor<f32>,
    scale: &Tensor<f32>,
    rows: &Tensor<u32>,
    blocks: usize,
    numbers: AdamScalars,
) {
    let block = CUBE_POS;
    if block >= blocks || scale[0] < 0.0f32 {
        terminate!();
    }
    let i = block * BLOCK + UNIT_POS as usize;
    let phase = numbers.phase + place_in_order(rows, block) * NEIGHBOUR;
    update_one(weight, first, second, average, i, gradient[i] * scale[0], phase, &numbers);
}

/// The step of the number at place `i`.
#[cube]
#[allow(clippy::too_many_arguments)]
fn update_one(
    weight: &mut Tensor<f32>,
    first: &mut Tensor<f32>,
    second: &mut Tensor<f32>,
    average: &mut Tensor<f32>,
    i: usize,
    g: f32,
    phase: u32,
    numbers: &AdamScalars,
) {
    let m = mixed(first[i], g, numbers.fresh_1, numbers.beta_1);
    let v = mixed(second[i], g * g, numbers.fresh_2, numbers.beta_2);
    let root = (v * numbers.correction).sqrt() + numbers.epsilon;
    let w = weight[i] - (weight[i] * numbers.lost + m * numbers.rate / root);
    first[i] = m;
    second[i] = v;
    weight[i] = w;
    average[i] = averaged(average[i], w, numbers.fresh, numbers.decay, phase);
}
