//! A step of Adam with its running average as two kernels for each parameter: one would take more buffers than every
//! device has.

use burn::backend::{DispatchAutodiffContext, DispatchTensor, TensorMetadata};
use burn::tensor::{self, DType};
use burn_cubecl::kernel::into_contiguous;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::tensors::{Inputs, empty, from_plain};
use crate::Adam;

/// [`Adam::step_by`] in single precision on a GPU; nothing for other tensors.
pub(crate) fn step<const D: usize>(
    adam: &Adam,
    state: &[tensor::Tensor<D>; 4],
    gradient: &tensor::Tensor<D>,
    scale: &tensor::Tensor<1>,
) -> Option<[tensor::Tensor<D>; 4]> {
    let mut tensors: Vec<DispatchTensor> = state.iter().map(|each| each.clone().into_dispatch()).collect();
    tensors.extend([gradient.clone().into_dispatch(), scale.clone().into_dispatch()]);
    let taken = tensors
        .iter()
        .all(|tensor| tensor.dtype() == DType::F32 && tensor.autodiff == DispatchAutodiffContext::Disabled);
    let inputs = match taken.then(|| Inputs::of(tensors)).flatten()? {
        Inputs::Plain(inputs) => inputs,
        Inputs::Tracked(..) => return None,
    };
    let shape: [usize; D] = gradient.dims();
    let [weight, first, second, average, gradient, scale] = <[_; 6]>::try_from(inputs).ok()?.map(into_contiguous);
    let client = weight.client.clone();
    let [to_weight, to_first, to_second, to_average] = std::array::from_fn(|_| empty(&weight, shape, DType::F32));
    let length = shape.iter().product();
    let units = CubeDim::new(&client, length);
    let cubes = || calculate_cube_count_elemwise(&client, length, units);
    let [b1, b2] = adam.betas;
    moments::launch(
        &client,
        cubes(),
        units,
        first.into_tensor_arg(),
        second.into_tensor_arg(),
        gradient.into_tensor_arg(),
        scale.clone().into_tensor_arg(),
        to_first.clone().into_tensor_arg(),
        to_second.clone().into_tensor_arg(),
        length,
        b1 as f32,
        (1.0 - b1) as f32,
        b2 as f32,
        (1.0 - b2) as f32,
    );
    weights::launch(
        &client,
        cubes(),
        units,
        weight.into_tensor_arg(),
        average.into_tensor_arg(),
        to_first.clone().into_tensor_arg(),
        to_second.clone().into_tensor_arg(),
        scale.into_tensor_arg(),
        to_weight.clone().into_tensor_arg(),
        to_average.clone().into_tensor_arg(),
        length,
        NumbersLaunch::new(
            (adam.learning_rate / adam.corrections[0]) as f32,
            (1.0 / adam.corrections[1]) as f32,
            adam.epsilon as f32,
            adam.keep as f32,
            adam.average_decay as f32,
            (1.0 - adam.average_decay) as f32,
        ),
    );
    Some([to_weight, to_first, to_second, to_average].map(from_plain))
}

#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn moments(
    first: &Tensor<f32>,
    second: &Tensor<f32>,
    gradient: &Tensor<f32>,
    scale: &Tensor<f32>,
    to_first: &mut Tensor<f32>,
    to_second: &mut Tensor<f32>,
    length: usize,
    beta_1: f32,
    fresh_1: f32,
    beta_2: f32,
    fresh_2: f32,
) {
    let i = ABSOLUTE_POS;
    if i >= length {
        terminate!();
    }
    if scale[0] < 0.0f32 {
        to_first[i] = first[i];
        to_second[i] = second[i];
    } else {
        let g = gradient[i] * scale[0];
        to_first[i] = first[i] * beta_1 + g * fresh_1;
        to_second[i] = second[i] * beta_2 + g * g * fresh_2;
    }
}

/// The numbers of [`Adam`] that weights and their average are made with.
#[derive(CubeLaunch, CubeType)]
struct Numbers {
    rate: f32,
    correction: f32,
    epsilon: f32,
    keep: f32,
    decay: f32,
    fresh: f32,
}

#[cube(launch)]
#[allow(clippy::too_many_arguments)]
fn weights(
    weight: &Tensor<f32>,
    average: &Tensor<f32>,
    first: &Tensor<f32>,
    second: &Tensor<f32>,
    scale: &Tensor<f32>,
    to_weight: &mut Tensor<f32>,
    to_average: &mut Tensor<f32>,
    length: usize,
    numbers: Numbers,
) {
    let i = ABSOLUTE_POS;
    if i >= length {
        terminate!();
    }
    if scale[0] < 0.0f32 {
        to_weight[i] = weight[i];
        to_average[i] = average[i];
    } else {
        let root = (second[i] * numbers.correction).sqrt() + numbers.epsilon;
        let w = weight[i] * numbers.keep - first[i] * numbers.rate / root;
        to_weight[i] = w;
        to_average[i] = average[i] * numbers.decay + w * numbers.fresh;
    }
}
