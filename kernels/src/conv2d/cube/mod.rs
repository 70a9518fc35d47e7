//! The convolution on a GPU: Burn's kernels, and gradients that copy no image.
//!
//! Burn transposes an image before it adds up the gradient of a bias. For the gradient of a weight it copies image and gradient, or
//! fills a matrix of nine images tap by tap, where the device has no matrix units. [`weight_gradient`] is one kernel for both gradients.

mod autodiff;
mod weight_gradient;

use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

use super::geometry::Geometry;
use crate::tensors::cube::{Inputs, Primitive, from_plain, from_tracked};

/// The convolution on a GPU; none for other tensors.
pub(super) fn conv2d(
    geometry: &Geometry,
    x: &Tensor<4>,
    weight: &Tensor<4>,
    bias: Option<&Tensor<1>>,
) -> Option<Tensor<4>> {
    let mut tensors = vec![x.clone().into_dispatch(), weight.clone().into_dispatch()];
    tensors.extend(bias.map(|bias| bias.clone().into_dispatch()));
    Some(match Inputs::of(tensors)? {
        Inputs::Plain(inputs) => from_plain(forward(geometry, inputs)),
        Inputs::Tracked(inputs, context) => from_tracked(autodiff::conv2d(*geometry, inputs), context),
    })
}

/// The result for image, weight and perhaps bias.
fn forward(geometry: &Geometry, inputs: Vec<Primitive>) -> Primitive {
    let mut inputs = inputs.into_iter();
    let mut next = || inputs.next().expect("image and weight");
    let (x, weight) = (channels_first(next()), next());
    channels_last(Cube::conv2d(x, weight, inputs.next(), options(geometry)))
}

/// The gradient of the image, in whose place `x` stands.
fn input_gradient(geometry: &Geometry, x: Primitive, weight: Primitive, gradient: Primitive) -> Primitive {
    let [x, gradient] = [x, gradient].map(channels_first);
    channels_last(Cube::conv2d_x_backward(x, weight, gradient, options(geometry)))
}

/// The gradients of weight and bias.
fn weight_and_bias_gradient(
    geometry: &Geometry,
    x: Primitive,
    weight: Primitive,
    gradient: Primitive,
    has_bias: bool,
) -> (Primitive, Option<Primitive>) {
    if weight_gradient::takes(geometry, &x) {
        let [of_weight, of_bias] = weight_gradient::weight_gradient(geometry, x, gradient);
        return (of_weight, has_bias.then_some(of_bias));
    }
    let of_bias = has_bias.then(|| {
        let pixels = gradient.shape().num_elements() / geometry.outputs;
        let sum = Cube::float_sum_dim(Cube::float_reshape(gradient.clone(), [pixels, geometry.outputs].into()), 0);
        Cube::float_reshape(sum, [geometry.outputs].into())
    });
    let [x, gradient] = [x, gradient].map(channels_first);
    (Cube::conv2d_weight_backward(x, weight, gradient, options(geometry)), of_bias)
}

fn options(geometry: &Geometry) -> ConvOptions<2> {
    let Geometry { stride, before, after, .. } = *geometry;
    ConvOptions::new_with_padding([stride; 2], [(before, after); 2], [1, 1], 1)
}

fn channels_first(images: Primitive) -> Primitive {
    Cube::float_permute(images, &[0, 3, 1, 2])
}

fn channels_last(images: Primitive) -> Primitive {
    Cube::float_permute(images, &[0, 2, 3, 1])
}
