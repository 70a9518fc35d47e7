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

use crate::flex::{Inputs, Primitive, contiguous, from_plain, from_tracked, numbers, tensor};
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
    match bias {
        Some(bias) => {
            assert_eq!(bias.dims(), [geometry.outputs], "a convolution has one bias for each output channel");
            run_on_flex(geometry, [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()]).unwrap_or_else(
                |[x, weight, bias]| {
                    let [x, weight] = [x, weight].map(Tensor::from_dispatch);
                    burns_own(x, weight, Some(Tensor::from_dispatch(bias)), stride, padding)
                },
            )
        }
        None => run_on_flex(geometry, [x.into_dispatch(), weight.into_dispatch()]).unwrap_or_else(|inputs| {
            let [x, weight] = inputs.map(Tensor::from_dispatch);
            burns_own(x, weight, None, stride, padding)
        }),
    }
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
            run_on_flex(geometry, inputs).unwrap_or_else(|[x, weight, bias, residual]| {
                let [x, weight, residual] = [x, weight, residual].map(Tensor::from_dispatch);
                burns_own(x, weight, Some(Tensor::from_dispatch(bias)), 1, (before, before)) + residual
            })
        }
        None => burns_own(x, weight, Some(bias), 1, (before, before)) + residual,
    }
}

/// The convolution by our own kernels, or the tensors again if they are not for them.
fn run_on_flex<const N: usize>(
    geometry: Geometry,
    inputs: [DispatchTensor; N],
) -> Result<Tensor<4>, [DispatchTensor; N]> {
    match Inputs::of(inputs) {
        Inputs::Plain(inputs) => Ok(from_plain(run(&geometry, inputs))),
        Inputs::Tracked(inputs, context) => Ok(from_tracked(autodiff::conv2d(geometry, inputs), context)),
        Inputs::Other(inputs) => Err(inputs),
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

/// The convolution of flex's tensors: input, weight, and perhaps bias and residual.
fn run<const N: usize>(geometry: &Geometry, inputs: [Primitive; N]) -> Primitive {
    let inputs = inputs.map(contiguous);
    recalled(*geometry, &inputs, || {
        let [x, weight, bias, residual] = [0, 1, 2, 3].map(|index| inputs.get(index).map(numbers));
        let (x, weight) = x.zip(weight).expect("a convolution has an input and a weight");
        let out = forward(geometry, x, weight, bias, residual);
        let [height, width] = geometry.output_size();
        tensor(out, [geometry.batch, height, width, geometry.outputs], &inputs[0].device())
    })
}
