//! Convolutions and transposed ones by the kernels of flex, or by Burn's operations.

use burn::backend::DispatchTensor;
use burn::tensor::{DType, FloatDType, Tensor};

use super::geometry::Geometry;
use super::weight::{ConvWeight, Copies};
use crate::tensors::flex::{Inputs, Primitive, Tracked, from_plain, from_tracked};

/// Where the image is among the inputs of an operation, and the residual, if there is one; weight and bias are between them.
const IMAGE: usize = 0;
const RESIDUAL: usize = 3;

/// What the convolution and its transpose have in common: an image, a weight, perhaps more.
pub(crate) trait Operation {
    /// The result.
    fn run<const N: usize>(geometry: &Geometry, copies: &Copies, inputs: [Primitive; N]) -> Primitive;
    /// The result, with a node of Burn's graph.
    fn tracked<const N: usize>(geometry: Geometry, copies: Copies, inputs: [Tracked; N]) -> Tracked;
}

/// The operation by our own kernels, or the tensors again if they are not for them.
pub(crate) fn on_flex<O: Operation, const N: usize>(
    geometry: Geometry,
    copies: Copies,
    inputs: [DispatchTensor; N],
) -> Result<Tensor<4>, [DispatchTensor; N]> {
    match Inputs::of_images(inputs, |index| index == IMAGE || index == RESIDUAL) {
        Inputs::Plain(inputs) => Ok(from_plain(O::run(&geometry, &copies, inputs))),
        Inputs::Tracked(inputs, context) => Ok(from_tracked(O::tracked(geometry, copies, inputs), context)),
        Inputs::Other(inputs) => Err(inputs),
    }
}

/// The operation by our own kernels, or by Burn's.
pub(crate) fn on_flex_or<O: Operation>(
    geometry: Geometry,
    x: Tensor<4>,
    weight: ConvWeight,
    bias: Option<Tensor<1>>,
    burns_own: impl FnOnce(Tensor<4>, Tensor<4>, Option<Tensor<1>>) -> Tensor<4>,
) -> Tensor<4> {
    let (weight, copies) = weight.into_parts();
    let [x, weight] = [x, weight].map(Tensor::into_dispatch);
    let done = match bias {
        Some(bias) => on_flex::<O, 3>(geometry, copies, [x, weight, bias.into_dispatch()])
            .map_err(|[x, weight, bias]| (x, weight, Some(Tensor::from_dispatch(bias)))),
        None => on_flex::<O, 2>(geometry, copies, [x, weight]).map_err(|[x, weight]| (x, weight, None)),
    };
    done.unwrap_or_else(|(x, weight, bias)| {
        let x: Tensor<4> = Tensor::from_dispatch(x);
        let precision = x.dtype();
        let weight = in_precision(Tensor::from_dispatch(weight), precision);
        burns_own(x, weight, bias.map(|bias| in_precision(bias, precision)))
    })
}

/// The tensor in a precision; itself if it has that already. Burn's operations take tensors of one precision.
pub(crate) fn in_precision<const D: usize>(tensor: Tensor<D>, precision: DType) -> Tensor<D> {
    if tensor.dtype() == precision { tensor } else { tensor.cast(FloatDType::from(precision)) }
}
