//! Convolution of images.

mod autodiff;
mod forward;
mod geometry;
mod input_gradient;
mod weight_gradient;
mod winograd;

use burn::backend::TensorMetadata;
use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::ConvOptions;

use crate::flex::{Inputs, Primitive, contiguous, from_plain, from_tracked, numbers, tensor};
use forward::forward;
use geometry::Geometry;

/// `out[n, o, y, x] = bias[o] + Σ x[n, i, y·stride + k − before, x·stride + l − before] · weight[o, i, k, l]`, where
/// `x` is zero outside the image.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - `weight`: `[outputs, inputs, kernel height, kernel width]`
/// - `bias`: `[outputs]`
/// - result: `[batch, outputs, out height, out width]` with `out = (length + before + after − kernel) / stride + 1`,
///   rounded down.
///
/// # Panics
/// If the shapes do not fit together.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding_before: usize,
    padding_after: usize,
) -> Tensor<4> {
    let padding = (padding_before, padding_after);
    let Some(geometry) = Geometry::of(x.dims(), weight.dims(), stride, padding) else {
        return burns_own(x, weight, bias, stride, padding);
    };
    if let Some(bias) = &bias {
        assert_eq!(bias.dims(), [geometry.outputs], "the bias of a convolution has one entry for each output channel");
    }
    match bias {
        Some(bias) => match Inputs::of([x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()]) {
            Inputs::Plain([x, weight, bias]) => from_plain(run(&geometry, x, weight, Some(bias))),
            Inputs::Tracked(inputs, context) => from_tracked(autodiff::with_bias(geometry, inputs), context),
            Inputs::Other([x, weight, bias]) => {
                let [x, weight] = [x, weight].map(Tensor::from_dispatch);
                burns_own(x, weight, Some(Tensor::from_dispatch(bias)), stride, padding)
            }
        },
        None => match Inputs::of([x.into_dispatch(), weight.into_dispatch()]) {
            Inputs::Plain([x, weight]) => from_plain(run(&geometry, x, weight, None)),
            Inputs::Tracked(inputs, context) => from_tracked(autodiff::without_bias(geometry, inputs), context),
            Inputs::Other(inputs) => {
                let [x, weight] = inputs.map(Tensor::from_dispatch);
                burns_own(x, weight, None, stride, padding)
            }
        },
    }
}

fn burns_own(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: (usize, usize),
) -> Tensor<4> {
    module::conv2d(x, weight, bias, ConvOptions::new_with_padding([stride; 2], [padding; 2], [1, 1], 1))
}

/// The convolution of flex's tensors.
fn run(geometry: &Geometry, x: Primitive, weight: Primitive, bias: Option<Primitive>) -> Primitive {
    let device = x.device();
    let (x, weight, bias) = (contiguous(x), contiguous(weight), bias.map(contiguous));
    let out = forward(geometry, numbers(&x), numbers(&weight), bias.as_ref().map(numbers));
    let [height, width] = geometry.output_size();
    tensor(out, [geometry.batch, geometry.outputs, height, width], &device)
}
