//! Group normalisation, with the activation that follows it, and their first two derivatives.

mod autodiff;
mod backward;
mod channels;
mod forward;
mod jet;
mod sigmoid;

use std::ops::Range;

use burn::backend::{DispatchTensor, TensorMetadata};
use burn::tensor::{DType, FloatDType, Tensor, activation};

use crate::flex::{self, Primitive, contiguous, from_plain, from_tracked, numbers, tensor};
use crate::layout::{channels_first, channels_last};
use crate::remember::recalled;
use crate::simd::padded;
use channels::{JetBlock, LANES};
use forward::forward;
use jet::Jet;

/// The sizes of a group normalisation, and what it adds to the variance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    batch: usize,
    channels: usize,
    size: [usize; 2],
    groups: usize,
    eps: f32,
    silu: bool,
}

impl Shape {
    /// # Panics
    /// If the shapes do not fit together.
    fn of(
        x: &Tensor<4>,
        shift: Option<&Tensor<2>>,
        groups: usize,
        [weight, bias]: [&Tensor<1>; 2],
        eps: f64,
        silu: bool,
    ) -> Self {
        let [batch, height, width, channels] = x.dims();
        assert!(groups > 0 && channels.is_multiple_of(groups), "{groups} groups do not divide {channels} channels");
        assert_eq!(
            [weight.dims(), bias.dims()],
            [[channels]; 2],
            "a group norm has a weight and a bias for each channel"
        );
        if let Some(shift) = shift {
            assert_eq!(shift.dims(), [batch, channels], "a group norm has a shift for each channel of each image");
        }
        Self { batch, channels, size: [height, width], groups, eps: eps as f32, silu }
    }

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

    /// Numbers that are remembered of an image, with `K − 1` derivatives.
    fn moments<const K: usize>(&self) -> usize {
        2 * K * self.groups
    }

    /// One number for each channel, then zeros to whole blocks.
    fn padded(&self, numbers: &[f32]) -> Vec<f32> {
        let mut numbers = numbers.to_vec();
        numbers.resize(padded(self.channels), 0.0);
        numbers
    }

    /// `value(channel, group)` of every channel, then zeros to whole blocks.
    #[inline(always)]
    fn per_channel<const K: usize>(&self, value: impl Fn(usize, usize) -> Jet<K>) -> Vec<JetBlock<K>> {
        let mut values = vec![[[0.0; LANES]; K]; padded(self.channels) / LANES];
        for group in 0..self.groups {
            for channel in self.channels_of(group) {
                let Jet(value) = value(channel, group);
                for (values, value) in values[channel / LANES].iter_mut().zip(value) {
                    values[channel % LANES] = value;
                }
            }
        }
        values
    }
}

/// The numbers that a group normalisation takes: values first, then their derivatives.
struct Inputs<'a, const K: usize> {
    /// `[batch, height, width, channels]` each
    x: [&'a [f32]; K],
    /// `[batch, channels]` each, or nothing
    shift: Option<[&'a [f32]; K]>,
    /// `[channels]`
    weight: &'a [f32],
    /// `[channels]`
    bias: &'a [f32],
}

impl<'a, const K: usize> Inputs<'a, K> {
    /// From the images, the weight, the bias, and the shifts if there are any.
    fn of(tensors: &'a [Primitive]) -> Self {
        let several = |first: usize| std::array::from_fn(|k| numbers(&tensors[first + k]));
        let shift = (tensors.len() > K + 2).then(|| several(K + 2));
        Self { x: several(0), shift, weight: numbers(&tensors[K]), bias: numbers(&tensors[K + 1]) }
    }

    /// An image's shift, in whole blocks.
    fn shift_of(&self, shape: &Shape, image: usize) -> Vec<JetBlock<K>> {
        let of_channel = |shift: [&[f32]; K], channel| Jet(shift.map(|shift| shift[image * shape.channels + channel]));
        shape.per_channel(|channel, _| self.shift.map_or(Jet::ZERO, |shift| of_channel(shift, channel)))
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
    let shape = Shape::of(&x, shift.as_ref(), groups, [&weight, &bias], eps, silu);
    let [batch, .., channels] = x.dims();
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
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    match shift {
        Some(shift) => match flex::Inputs::of([x, weight, bias, shift.into_dispatch()]) {
            flex::Inputs::Plain(inputs) => from_plain(run::<1>(&shape, &inputs.map(contiguous)).0),
            flex::Inputs::Tracked(inputs, context) => {
                from_tracked(autodiff::group_norm::<1, _>(shape, inputs, context), context)
            }
            flex::Inputs::Other([x, weight, bias, shift]) => {
                let shift = Tensor::<2>::from_dispatch(shift).reshape([batch, 1, 1, channels]);
                let x = Tensor::from_dispatch(x) + shift;
                burns_own(x, groups, [weight, bias].map(Tensor::from_dispatch), eps, silu)
            }
        },
        None => match flex::Inputs::of([x, weight, bias]) {
            flex::Inputs::Plain(inputs) => from_plain(run::<1>(&shape, &inputs.map(contiguous)).0),
            flex::Inputs::Tracked(inputs, context) => {
                from_tracked(autodiff::group_norm::<1, _>(shape, inputs, context), context)
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

/// The derivative of [`group_norm`] at `x` and `shift` along a direction, both given as `[value, direction]`; none where
/// there is no fused operation for it, which is everywhere but in single precision on flex.
///
/// # Shapes
/// As for [`group_norm`].
///
/// # Panics
/// If the shapes do not fit together.
pub fn group_norm_tangent(
    x: [Tensor<4>; 2],
    shift: Option<[Tensor<2>; 2]>,
    groups: usize,
    affine: [Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Option<Tensor<4>> {
    match shift {
        Some(_) => derivative::<2, 6>(x, shift, groups, affine, eps, silu),
        None => derivative::<2, 4>(x, shift, groups, affine, eps, silu),
    }
}

/// The mixed second derivative of [`group_norm`] along two directions, where [`group_norm_tangent`] is there: `x` and
/// `shift` are `[value, first direction, second direction, derivative of either along the other]`.
///
/// # Shapes
/// As for [`group_norm`].
///
/// # Panics
/// If the shapes do not fit together.
pub fn group_norm_second(
    x: [Tensor<4>; 4],
    shift: Option<[Tensor<2>; 4]>,
    groups: usize,
    affine: [Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Option<Tensor<4>> {
    match shift {
        Some(_) => derivative::<4, 10>(x, shift, groups, affine, eps, silu),
        None => derivative::<4, 6>(x, shift, groups, affine, eps, silu),
    }
}

/// `N` is the number of tensors.
fn derivative<const K: usize, const N: usize>(
    x: [Tensor<4>; K],
    shift: Option<[Tensor<2>; K]>,
    groups: usize,
    [weight, bias]: [Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Option<Tensor<4>> {
    let shape = Shape::of(&x[0], shift.as_ref().map(|shift| &shift[0]), groups, [&weight, &bias], eps, silu);
    assert!(x.iter().all(|part| part.dims() == x[0].dims()), "derivatives have the shape of values");
    if let Some(shift) = &shift {
        assert!(shift.iter().all(|part| part.dims() == shift[0].dims()), "derivatives have the shape of values");
    }
    if x[0].dims().contains(&0) {
        return Some(x[K - 1].clone());
    }
    let tensors = x.into_iter().map(Tensor::into_dispatch).chain([weight.into_dispatch(), bias.into_dispatch()]);
    let tensors: Vec<DispatchTensor> = tensors.chain(shift.into_iter().flatten().map(Tensor::into_dispatch)).collect();
    let tensors: [DispatchTensor; N] = tensors.try_into().expect("the caller counts the tensors");
    match flex::Inputs::of(tensors) {
        flex::Inputs::Plain(inputs) => Some(from_plain(run::<K>(&shape, &inputs.map(contiguous)).0)),
        flex::Inputs::Tracked(inputs, context) => {
            Some(from_tracked(autodiff::group_norm::<K, N>(shape, inputs, context), context))
        }
        flex::Inputs::Other(_) => None,
    }
}

/// The normalisation of flex's tensors, and what [`forward`] remembers of each group.
fn run<const K: usize>(shape: &Shape, tensors: &[Primitive]) -> (Primitive, Vec<f32>) {
    recalled((*shape, K), tensors, || {
        let (out, moments) = forward::<K>(shape, &Inputs::of(tensors));
        let [height, width] = shape.size;
        (tensor(out, [shape.batch, height, width, shape.channels], &tensors[0].device()), moments)
    })
}
