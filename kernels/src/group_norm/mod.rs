//! Group normalisation, with the activation that follows it.

mod autodiff;
mod backward;
mod forward;
mod sigmoid;
mod sum;

use burn::backend::TensorMetadata;
use burn::tensor::{Tensor, activation};

use crate::flex::{Inputs, Primitive, contiguous, from_plain, from_tracked, numbers, tensor};
use forward::forward;

/// The sizes of a group normalisation, and what it adds to the variance.
#[derive(Clone, Copy, Debug)]
struct Shape {
    batch: usize,
    channels: usize,
    size: [usize; 2],
    groups: usize,
    eps: f32,
    silu: bool,
}

impl Shape {
    fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    fn channels_per_group(&self) -> usize {
        self.channels / self.groups
    }

    /// Numbers in a group of an image.
    fn length(&self) -> usize {
        self.channels_per_group() * self.pixels()
    }
}

/// `(x − mean) / √(variance + eps) · weight + bias` with mean and variance over a group of channels of an image (Wu &
/// He 2018), and then, if `silu`, `y / (1 + e^{−y})` of that.
///
/// # Shapes
/// - `x` and result: `[batch, channels, height, width]`; `groups` divides `channels`
/// - `weight`, `bias`: `[channels]`
///
/// # Panics
/// If the shapes do not fit together.
pub fn group_norm(x: Tensor<4>, groups: usize, weight: Tensor<1>, bias: Tensor<1>, eps: f64, silu: bool) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    assert!(groups > 0 && channels.is_multiple_of(groups), "{groups} groups do not divide {channels} channels");
    assert_eq!([weight.dims(), bias.dims()], [[channels]; 2], "a group norm has a weight and a bias for each channel");
    if x.dims().contains(&0) {
        return x;
    }
    let shape = Shape { batch, channels, size: [height, width], groups, eps: eps as f32, silu };
    match Inputs::of([x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()]) {
        Inputs::Plain([x, weight, bias]) => from_plain(run(&shape, x, weight, bias).0),
        Inputs::Tracked(inputs, context) => from_tracked(autodiff::group_norm(shape, inputs), context),
        Inputs::Other([x, weight, bias]) => {
            let [weight, bias] = [weight, bias].map(Tensor::from_dispatch);
            burns_own(Tensor::from_dispatch(x), groups, weight, bias, eps, silu)
        }
    }
}

fn burns_own(x: Tensor<4>, groups: usize, weight: Tensor<1>, bias: Tensor<1>, eps: f64, silu: bool) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let grouped = x.reshape([batch, groups, channels / groups * height * width]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal = (centred / variance.add_scalar(eps).sqrt()).reshape([batch, channels, height, width]);
    let per_channel = [1, channels, 1, 1];
    let out = normal * weight.reshape(per_channel) + bias.reshape(per_channel);
    if silu { activation::silu(out) } else { out }
}

/// The normalisation of flex's tensors, and each group's mean and inverse standard deviation.
fn run(shape: &Shape, x: Primitive, weight: Primitive, bias: Primitive) -> (Primitive, Vec<f32>) {
    let device = x.device();
    let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
    let (out, moments) = forward(shape, numbers(&x), numbers(&weight), numbers(&bias));
    let [height, width] = shape.size;
    (tensor(out, [shape.batch, shape.channels, height, width], &device), moments)
}
