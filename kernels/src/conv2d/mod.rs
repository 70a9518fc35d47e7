//! Convolution of images.

mod autodiff;
mod forward;
mod geometry;
mod input_gradient;
mod transposed;
mod weight_gradient;
mod winograd;

use burn::backend::{DispatchTensor, TensorMetadata};
use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::ConvOptions;

use crate::flex::{Inputs, Primitive, Tracked, contiguous, from_plain, from_tracked, numbers, tensor};
use crate::layout::{channels_first, channels_last};
use crate::remember::recalled;
use forward::forward;
use geometry::Geometry;
pub use transposed::conv_transpose2d;

/// `out[n, y, x, o] = bias[o] + Σ in[n, y·stride + k − before, x·stride + l − before, i] · weight[o, i, k, l]`, where
/// `in` is zero outside the image.
///
/// # Shapes
/// - `x`: `[batch, height, width, inputs]`
/// - `weight`: `[outputs, inputs, kernel height, kernel width]`
/// - `bias`: `[outputs]`
/// - result: `[batch, out height, out width, outputs]` with `out = (length + before + after − kernel) / stride + 1`,
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
        assert_eq!(bias.dims(), [geometry.outputs], "a convolution has one bias for each output channel");
    }
    on_flex_or::<Forward>(geometry, x, weight, bias, |x, weight, bias| burns_own(x, weight, bias, stride, padding))
}

/// `residual + conv2d(x, weight, bias)` at stride 1 with the padding that keeps the image's size.
///
/// # Shapes
/// As for [`conv2d`]; `residual` is of the result's shape, and the kernel's sides are odd and equal.
///
/// # Panics
/// If the shapes do not fit together.
pub fn conv2d_add(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, residual: Tensor<4>) -> Tensor<4> {
    let before = weight.dims()[2] / 2;
    let fits = |geometry: &Geometry| {
        let [height, width] = geometry.output_size();
        assert_eq!(bias.dims(), [geometry.outputs], "a convolution has one bias for each output channel");
        residual.dims() == [geometry.batch, height, width, geometry.outputs]
    };
    match Geometry::of(x.dims(), weight.dims(), 1, (before, before)).filter(fits) {
        Some(geometry) => {
            let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), residual.into_dispatch()];
            on_flex::<Forward, _>(geometry, inputs).unwrap_or_else(|[x, weight, bias, residual]| {
                let [x, weight, residual] = [x, weight, residual].map(Tensor::from_dispatch);
                burns_own(x, weight, Some(Tensor::from_dispatch(bias)), 1, (before, before)) + residual
            })
        }
        None => burns_own(x, weight, Some(bias), 1, (before, before)) + residual,
    }
}

/// What the convolution and its transpose have in common: an image, a weight, perhaps more.
trait Operation {
    /// The result.
    fn run<const N: usize>(geometry: &Geometry, inputs: [Primitive; N]) -> Primitive;
    /// The result, remembered for its gradient.
    fn tracked<const N: usize>(geometry: Geometry, inputs: [Tracked; N]) -> Tracked;
}

/// The operation by our own kernels, or the tensors again if they are not for them.
fn on_flex<O: Operation, const N: usize>(
    geometry: Geometry,
    inputs: [DispatchTensor; N],
) -> Result<Tensor<4>, [DispatchTensor; N]> {
    match Inputs::of(inputs) {
        Inputs::Plain(inputs) => Ok(from_plain(O::run(&geometry, inputs))),
        Inputs::Tracked(inputs, context) => Ok(from_tracked(O::tracked(geometry, inputs), context)),
        Inputs::Other(inputs) => Err(inputs),
    }
}

/// The operation by our own kernels, or by Burn's.
fn on_flex_or<O: Operation>(
    geometry: Geometry,
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    burns_own: impl FnOnce(Tensor<4>, Tensor<4>, Option<Tensor<1>>) -> Tensor<4>,
) -> Tensor<4> {
    let [x, weight] = [x, weight].map(Tensor::into_dispatch);
    let done = match bias {
        Some(bias) => on_flex::<O, 3>(geometry, [x, weight, bias.into_dispatch()])
            .map_err(|[x, weight, bias]| (x, weight, Some(Tensor::from_dispatch(bias)))),
        None => on_flex::<O, 2>(geometry, [x, weight]).map_err(|[x, weight]| (x, weight, None)),
    };
    done.unwrap_or_else(|(x, weight, bias)| burns_own(Tensor::from_dispatch(x), Tensor::from_dispatch(weight), bias))
}

/// The convolution: input, weight, and perhaps bias and residual.
struct Forward;

impl Operation for Forward {
    fn run<const N: usize>(geometry: &Geometry, inputs: [Primitive; N]) -> Primitive {
        let inputs = inputs.map(contiguous);
        recalled(*geometry, &inputs, || {
            let [bias, residual] = [2, 3].map(|index| inputs.get(index).map(numbers));
            let out = forward(geometry, numbers(&inputs[0]), &inputs[1], bias, residual);
            let [height, width] = geometry.output_size();
            tensor(out, [geometry.batch, height, width, geometry.outputs], &inputs[0].device())
        })
    }

    fn tracked<const N: usize>(geometry: Geometry, inputs: [Tracked; N]) -> Tracked {
        autodiff::conv2d(geometry, inputs)
    }
}

fn burns_own(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: (usize, usize),
) -> Tensor<4> {
    let options = ConvOptions::new_with_padding([stride; 2], [padding; 2], [1, 1], 1);
    channels_last(module::conv2d(channels_first(x), weight, bias, options))
}
