//! Group normalisation, with the activation that follows it.

mod autodiff;
mod backward;
mod channels;
mod forward;
mod sigmoid;

use std::ops::Range;

use burn::backend::TensorMetadata;
use burn::tensor::{DType, FloatDType, Tensor, activation};

use crate::flex::{self, Primitive, contiguous, from_plain, from_tracked, numbers, tensor};
use crate::layout::{channels_first, channels_last};
use crate::simd::padded;
use channels::{Block, LANES};
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

    /// Numbers of an image.
    fn image_length(&self) -> usize {
        self.channels * self.pixels()
    }

    /// Numbers in a group of an image.
    fn group_length(&self) -> usize {
        self.image_length() / self.groups
    }

    fn channels_of(&self, group: usize) -> Range<usize> {
        let channels = self.channels / self.groups;
        group * channels..(group + 1) * channels
    }

    /// One number for each channel, then zeros to whole blocks.
    fn padded(&self, numbers: &[f32]) -> Vec<f32> {
        let mut numbers = numbers.to_vec();
        numbers.resize(padded(self.channels), 0.0);
        numbers
    }

    /// `value(channel, group)` of every channel, then zeros to whole blocks.
    #[inline(always)]
    fn per_channel(&self, value: impl Fn(usize, usize) -> f32) -> Vec<Block> {
        let mut values = vec![[0.0; LANES]; padded(self.channels) / LANES];
        for group in 0..self.groups {
            for channel in self.channels_of(group) {
                values[channel / LANES][channel % LANES] = value(channel, group);
            }
        }
        values
    }
}

/// The numbers that a group normalisation takes.
struct Inputs<'a> {
    /// `[batch, height, width, channels]`
    x: &'a [f32],
    /// `[batch, channels]`, or nothing
    shift: Option<&'a [f32]>,
    /// `[channels]`
    weight: &'a [f32],
    /// `[channels]`
    bias: &'a [f32],
}

impl<'a> Inputs<'a> {
    /// From the tensors of [`group_norm`] in its order.
    fn of(tensors: &'a [Primitive]) -> Self {
        let [x, weight, bias] = [0, 1, 2].map(|index| numbers(&tensors[index]));
        Self { x, shift: tensors.get(3).map(numbers), weight, bias }
    }

    /// An image's shift, padded to whole blocks.
    fn shift_of(&self, shape: &Shape, image: usize) -> Vec<f32> {
        shape.padded(self.shift.map_or(&[], |shift| &shift[image * shape.channels..][..shape.channels]))
    }
}

/// `(x + shift − mean) / √(variance + eps) · weight + bias` with mean and variance of `x + shift` over a group of
/// channels of an image (Wu & He 2018), and then, if `silu`, `y / (1 + e^{−y})` of that.
///
/// # Shapes
/// - `x` and result: `[batch, height, width, channels]`; `groups` divides `channels`
/// - `shift`: `[batch, channels]`
/// - `weight`, `bias`: `[channels]`
///
/// Of images in half precision the sums are made in single precision, in which everything else then is.
///
/// # Panics
/// If the shapes do not fit together.
pub fn group_norm(
    x: Tensor<4>,
    shift: Option<Tensor<2>>,
    groups: usize,
    [weight, bias]: [Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    assert!(groups > 0 && channels.is_multiple_of(groups), "{groups} groups do not divide {channels} channels");
    assert_eq!([weight.dims(), bias.dims()], [[channels]; 2], "a group norm has a weight and a bias for each channel");
    if let Some(shift) = &shift {
        assert_eq!(shift.dims(), [batch, channels], "a group norm has a shift for each channel of each image");
    }
    if x.dims().contains(&0) {
        return x;
    }
    if let Some(out) = crate::cube::group_norm(&x, shift.as_ref(), groups, [&weight, &bias], eps, silu) {
        return out;
    }
    if let precision @ (DType::F16 | DType::BF16) = x.dtype() {
        let out = group_norm(x.cast(FloatDType::F32), shift, groups, [weight, bias], eps, silu);
        return out.cast(FloatDType::from(precision));
    }
    let shape = Shape { batch, channels, size: [height, width], groups, eps: eps as f32, silu };
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    match shift {
        Some(shift) => match flex::Inputs::of([x, weight, bias, shift.into_dispatch()]) {
            flex::Inputs::Plain(inputs) => from_plain(run(&shape, &inputs.map(contiguous)).0),
            flex::Inputs::Tracked(inputs, context) => {
                from_tracked(autodiff::group_norm(shape, inputs, context), context)
            }
            flex::Inputs::Other([x, weight, bias, shift]) => {
                let shift = Tensor::<2>::from_dispatch(shift).reshape([batch, 1, 1, channels]);
                let x = Tensor::from_dispatch(x) + shift;
                burns_own(x, groups, [weight, bias].map(Tensor::from_dispatch), eps, silu)
            }
        },
        None => match flex::Inputs::of([x, weight, bias]) {
            flex::Inputs::Plain(inputs) => from_plain(run(&shape, &inputs.map(contiguous)).0),
            flex::Inputs::Tracked(inputs, context) => {
                from_tracked(autodiff::group_norm(shape, inputs, context), context)
            }
            flex::Inputs::Other([x, weight, bias]) => {
                burns_own(Tensor::from_dispatch(x), groups, [weight, bias].map(Tensor::from_dispatch), eps, silu)
            }
        },
    }
}

fn burns_own(x: Tensor<4>, groups: usize, [weight, bias]: [Tensor<1>; 2], eps: f64, silu: bool) -> Tensor<4> {
    let x = channels_first(x);
    let [batch, channels, height, width] = x.dims();
    let grouped = x.reshape([batch, groups, channels / groups * height * width]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normal = (centred / variance.add_scalar(eps).sqrt()).reshape([batch, channels, height, width]);
    let per_channel = [1, channels, 1, 1];
    let out = normal * weight.reshape(per_channel) + bias.reshape(per_channel);
    channels_last(if silu { activation::silu(out) } else { out })
}

/// The normalisation of flex's tensors, and each group's mean and inverse standard deviation.
fn run(shape: &Shape, tensors: &[Primitive]) -> (Primitive, Vec<f32>) {
    let (out, moments) = forward(shape, &Inputs::of(tensors));
    let [height, width] = shape.size;
    (tensor(out, [shape.batch, height, width, shape.channels], &tensors[0].device()), moments)
}
