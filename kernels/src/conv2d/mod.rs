//! Convolution of images.
//!
//! On flex, images in single precision and in bfloat16 are convolved in [`flex`]; GPUs have gradients of their own in [`cube`];
//! everything else is Burn's.

mod autodiff;
mod cube;
mod dispatch;
mod flex;
mod geometry;
mod weight;

use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::ConvOptions;

use crate::layout::{channels_first, channels_last};
use autodiff::Convolution;
pub(crate) use dispatch::{Operation, in_precision, on_flex, on_flex_or};
pub(crate) use flex::{forward, input_gradient, weight_gradient};
pub(crate) use geometry::Geometry;
pub use weight::{ConvWeight, PreparedWeight};
pub(crate) use weight::{Copies, FlexWeight};

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
/// Weight and bias are in the image's precision or in single precision.
///
/// # Panics
/// If the shapes do not fit together.
pub fn conv2d(
    x: Tensor<4>,
    weight: impl Into<ConvWeight>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding_before: usize,
    padding_after: usize,
) -> Tensor<4> {
    convolve(x, weight.into(), bias, stride, (padding_before, padding_after))
}

/// [`conv2d`], compiled in this crate.
///
/// A generic function is compiled in the crate that calls it, and so is all that is generic in what it calls: the loops over
/// [`Vector`](crate::simd::Vector) would lose the optimisation that this crate is compiled with.
fn convolve(
    x: Tensor<4>,
    weight: ConvWeight,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: (usize, usize),
) -> Tensor<4> {
    let Some(geometry) = Geometry::of(x.dims(), weight.dims(), stride, padding) else {
        return burns_own(x, weight.into_parts().0, bias, stride, padding);
    };
    if let Some(bias) = &bias {
        assert_eq!(bias.dims(), [geometry.outputs], "a convolution has one bias for each output channel");
    }
    on_flex_or::<Convolution>(geometry, x, weight, bias, |x, weight, bias| elsewhere(&geometry, x, weight, bias))
}

/// `residual + conv2d(x, weight, bias)` at stride 1 with the padding that keeps the image's size.
///
/// # Shapes
/// As for [`conv2d`]; `residual` is of the result's shape, and the kernel's sides are odd and equal.
///
/// # Panics
/// If the shapes do not fit together.
pub fn conv2d_add(x: Tensor<4>, weight: impl Into<ConvWeight>, bias: Tensor<1>, residual: Tensor<4>) -> Tensor<4> {
    convolve_and_add(x, weight.into(), bias, residual)
}

/// [`conv2d_add`], compiled in this crate as [`convolve`] is.
fn convolve_and_add(x: Tensor<4>, weight: ConvWeight, bias: Tensor<1>, residual: Tensor<4>) -> Tensor<4> {
    let (weight, copies) = weight.into_parts();
    let before = weight.dims()[2] / 2;
    let fits = |geometry: &Geometry| {
        let [height, width] = geometry.output_size();
        assert_eq!(bias.dims(), [geometry.outputs], "a convolution has one bias for each output channel");
        residual.dims() == [geometry.batch, height, width, geometry.outputs]
    };
    let Some(geometry) = Geometry::of(x.dims(), weight.dims(), 1, (before, before)).filter(fits) else {
        return burns_own(x, weight, Some(bias), 1, (before, before)) + residual;
    };
    let inputs = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), residual.into_dispatch()];
    on_flex::<Convolution, _>(geometry, copies, inputs).unwrap_or_else(|[x, weight, bias, residual]| {
        let [x, weight, residual] = [x, weight, residual].map(Tensor::from_dispatch);
        let precision = x.dtype();
        let (weight, bias) = (in_precision(weight, precision), in_precision(Tensor::from_dispatch(bias), precision));
        elsewhere(&geometry, x, weight, Some(bias)) + residual
    })
}

/// The convolution on a GPU, or by Burn's operations.
fn elsewhere(geometry: &Geometry, x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
    let Geometry { stride, before, after, .. } = *geometry;
    cube::conv2d(geometry, &x, &weight, bias.as_ref())
        .unwrap_or_else(|| burns_own(x, weight, bias, stride, (before, after)))
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
