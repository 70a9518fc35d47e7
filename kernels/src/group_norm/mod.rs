//! Group normalisation, with the activation that follows it, and their first two derivatives.

mod backward;
mod channels;
mod forward;
mod jet;
mod sigmoid;

use std::ops::Range;
use std::sync::Arc;

use burn::backend::{DispatchTensor, TensorMetadata};
use burn::tensor::{DType, FloatDType, Tensor, activation};

use crate::flex::{self, Primitive, contiguous, from_plain, from_tracked, numbers, tensor};
use crate::layout::{channels_first, channels_last};
use crate::remember::recalled;
use crate::several::{Several, several};
use crate::simd::padded;
use backward::{Gradients, backward};
use channels::{JetBlock, LANES, set_lane};
use forward::forward;

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

    /// Numbers as images beside others.
    fn image(&self, numbers: Vec<f32>, like: &Primitive) -> Primitive {
        let [height, width] = self.size;
        tensor(numbers, [self.batch, height, width, self.channels], &like.device())
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
    fn per_channel<const K: usize>(&self, value: impl Fn(usize, usize) -> [f32; K]) -> Vec<JetBlock<K>> {
        let mut values = vec![[[0.0; LANES]; K]; padded(self.channels) / LANES];
        for group in 0..self.groups {
            for channel in self.channels_of(group) {
                set_lane(&mut values[channel / LANES], channel % LANES, value(channel, group));
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
        debug_assert!([K + 2, 2 * K + 2].contains(&tensors.len()), "as many derivatives of shifts as of images");
        let several = |first: usize| std::array::from_fn(|k| numbers(&tensors[first + k]));
        let shift = (tensors.len() > K + 2).then(|| several(K + 2));
        Self { x: several(0), shift, weight: numbers(&tensors[K]), bias: numbers(&tensors[K + 1]) }
    }

    /// An image's shift, in whole blocks.
    fn shift_of(&self, shape: &Shape, image: usize) -> Vec<JetBlock<K>> {
        let of_channel = |shift: [&[f32]; K], channel| shift.map(|shift| shift[image * shape.channels + channel]);
        shape.per_channel(|channel, _| self.shift.map_or([0.0; K], |shift| of_channel(shift, channel)))
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
    Shape::of(&x, shift.as_ref(), groups, [&weight, &bias], eps, silu);
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
    let affine = [weight, bias];
    let shifts = shift.clone().map(|shift| vec![shift]);
    if let Some(mut out) = group_norm_derivatives(vec![x.clone()], shifts, groups, affine.clone(), eps, silu) {
        return out.remove(0);
    }
    let x = match shift {
        Some(shift) => x + shift.reshape([batch, 1, 1, channels]),
        None => x,
    };
    burns_own(x, groups, affine, eps, silu)
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

/// [`group_norm`] with derivatives; none where there is no fused operation for it, which is everywhere but in single
/// precision on flex.
///
/// `x`, `shift` and result are values and their derivatives: `[value]`, `[value, first]`, `[value, first, other]`,
/// `[value, first, second, mixed]`, or `[value, first, second, mixed, other]` with the derivatives along a first and a
/// second direction, the mixed second derivative along both, and that along one more direction.
///
/// # Shapes
/// As for [`group_norm`].
///
/// # Panics
/// If the shapes do not fit together, or there are none or more than five tensors.
pub fn group_norm_derivatives(
    x: Vec<Tensor<4>>,
    shift: Option<Vec<Tensor<2>>>,
    groups: usize,
    affine: [Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Option<Vec<Tensor<4>>> {
    match (x.len(), shift.is_some()) {
        (1, false) => derivatives::<1, 3>(x, shift, groups, affine, eps, silu),
        (1, true) => derivatives::<1, 4>(x, shift, groups, affine, eps, silu),
        (2, false) => derivatives::<2, 4>(x, shift, groups, affine, eps, silu),
        (2, true) => derivatives::<2, 6>(x, shift, groups, affine, eps, silu),
        (3, false) => derivatives::<3, 5>(x, shift, groups, affine, eps, silu),
        (3, true) => derivatives::<3, 8>(x, shift, groups, affine, eps, silu),
        (4, false) => derivatives::<4, 6>(x, shift, groups, affine, eps, silu),
        (4, true) => derivatives::<4, 10>(x, shift, groups, affine, eps, silu),
        (5, false) => derivatives::<5, 7>(x, shift, groups, affine, eps, silu),
        (5, true) => derivatives::<5, 12>(x, shift, groups, affine, eps, silu),
        (count, _) => panic!("{count} derivatives of a group normalisation"),
    }
}

/// The derivative of [`group_norm`] alone at `x` and `shift` along a direction, both given as `[value, direction]`; none
/// under automatic differentiation and where [`group_norm_derivatives`] gives none.
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
    let shape = Shape::of(&x[0], shift.as_ref().map(|shift| &shift[0]), groups, affine.each_ref(), eps, silu);
    if x[0].dims().contains(&0) {
        let [_, direction] = x;
        return Some(direction);
    }
    fn tangent<const N: usize>(shape: &Shape, tensors: [DispatchTensor; N]) -> Option<Tensor<4>> {
        let flex::Inputs::Plain(inputs) = flex::Inputs::of(tensors) else { return None };
        let ([tangent], _) = coefficients::<2, 1>(shape, &inputs.map(contiguous));
        Some(from_plain(tangent))
    }
    match shift {
        Some(_) => tangent::<6>(&shape, tensors(x.into(), affine, shift.map(Vec::from))),
        None => tangent::<4>(&shape, tensors(x.into(), affine, None)),
    }
}

/// `N` is the number of tensors.
fn derivatives<const K: usize, const N: usize>(
    x: Vec<Tensor<4>>,
    shift: Option<Vec<Tensor<2>>>,
    groups: usize,
    affine: [Tensor<1>; 2],
    eps: f64,
    silu: bool,
) -> Option<Vec<Tensor<4>>> {
    let shape = Shape::of(&x[0], shift.as_ref().map(|shift| &shift[0]), groups, affine.each_ref(), eps, silu);
    assert!(x.iter().all(|part| part.dims() == x[0].dims()), "derivatives have the shape of values");
    if let Some(shift) = &shift {
        assert!(shift.len() == K, "as many derivatives of shifts as of images");
        assert!(shift.iter().all(|part| part.dims() == shift[0].dims()), "derivatives have the shape of values");
    }
    if x[0].dims().contains(&0) {
        return Some(x);
    }
    let norm = GroupNorm(shape);
    match flex::Inputs::<N>::of(tensors(x, affine, shift)) {
        flex::Inputs::Plain(inputs) => {
            let results: [_; K] = norm.forward(&inputs.map(contiguous)).0;
            Some(results.map(from_plain).into())
        }
        flex::Inputs::Tracked(inputs, context) => {
            let results: [_; K] = several(norm, inputs, context);
            Some(results.map(|result| from_tracked(result, context)).into())
        }
        flex::Inputs::Other(_) => None,
    }
}

/// What a normalisation takes, in the order of [`Inputs::of`].
fn tensors<const N: usize>(
    x: Vec<Tensor<4>>,
    affine: [Tensor<1>; 2],
    shift: Option<Vec<Tensor<2>>>,
) -> [DispatchTensor; N] {
    let images = x.into_iter().map(Tensor::into_dispatch).chain(affine.map(Tensor::into_dispatch));
    let all: Vec<DispatchTensor> = images.chain(shift.into_iter().flatten().map(Tensor::into_dispatch)).collect();
    all.try_into().expect("the caller counts the tensors")
}

/// The last `OUT` coefficients of the normalisation of flex's tensors, and what [`forward`] remembers of each group.
fn coefficients<const K: usize, const OUT: usize>(
    shape: &Shape,
    tensors: &[Primitive],
) -> ([Primitive; OUT], Vec<f32>) {
    recalled((*shape, K), tensors, || {
        let (out, moments) = forward::<K, OUT>(shape, &Inputs::of(tensors));
        (out.map(|out| shape.image(out, &tensors[0])), moments)
    })
}

/// A normalisation of `N` tensors in the order of [`Inputs::of`] with `K − 1` derivatives.
#[derive(Clone, Copy, Debug)]
struct GroupNorm(Shape);

impl<const N: usize, const K: usize> Several<N, K> for GroupNorm {
    /// What [`forward`] remembers.
    type State = Arc<Vec<f32>>;

    /// In parts, of which another evaluation may have had some: first value and first derivative, then what the second
    /// direction brings, then the other derivative.
    fn forward(&self, inputs: &[Primitive; N]) -> ([Primitive; K], Arc<Vec<f32>>) {
        let Self(shape) = self;
        let ((images, rest), affine) = (inputs.split_at(K), &inputs[K..K + 2]);
        let part = |of: &[usize]| -> Vec<Primitive> {
            let images = of.iter().map(|&k| &images[k]);
            let shifts = of.iter().filter_map(|&k| rest.get(2 + k));
            images.chain(affine).chain(shifts).cloned().collect()
        };
        let (mut results, mut moments): (Vec<Primitive>, Vec<f32>) = if K == 1 {
            let (of_value, moments) = coefficients::<1, 1>(shape, inputs);
            (of_value.into(), moments)
        } else {
            let (of_first, moments) = coefficients::<2, 2>(shape, &part(&[0, 1]));
            (of_first.into(), moments)
        };
        if K >= 4 {
            let (of_second, found) = coefficients::<4, 2>(shape, &part(&[0, 1, 2, 3]));
            results.extend(of_second);
            moments = found;
        }
        if K == 3 || K == 5 {
            let (of_other, found) = coefficients::<2, 1>(shape, &part(&[0, K - 1]));
            results.extend(of_other);
            let rows = moments.chunks_exact(K - 1).zip(found.chunks_exact(2));
            moments = rows.flat_map(|(row, found)| row.iter().copied().chain([found[1]])).collect();
        }
        let results = results.try_into().unwrap_or_else(|_| unreachable!("K results"));
        (results, Arc::new(moments))
    }

    fn backward(
        &self,
        inputs: &[Primitive; N],
        moments: &Arc<Vec<f32>>,
        gradients: [Option<Primitive>; K],
    ) -> [Primitive; N] {
        let (Self(shape), like) = (self, &inputs[0]);
        let nothing = gradients.iter().any(Option::is_none).then(|| vec![0.0; shape.batch * shape.image_length()]);
        let gradients = gradients.each_ref().map(|gradient| match gradient {
            Some(gradient) => numbers(gradient),
            None => nothing.as_deref().expect("made if one is missing"),
        });
        let Gradients { x, shift, weight, bias } = backward::<K>(shape, &Inputs::of(inputs), moments, gradients);
        let images = x.into_iter().map(|x| shape.image(x, like));
        let affine = [weight, bias].map(|numbers| tensor(numbers, [shape.channels], &like.device()));
        let shifts = shift.into_iter().map(|shift| tensor(shift, [shape.batch, shape.channels], &like.device()));
        let all: Vec<Primitive> = images.chain(affine).chain(shifts).take(N).collect();
        all.try_into().unwrap_or_else(|_| unreachable!("there is a gradient for each input"))
    }
}
