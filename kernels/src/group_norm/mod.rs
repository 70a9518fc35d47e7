//! Group normalisation, with the activation that follows it, and their first two derivatives.

mod cube;
mod flex;
mod operation;

use burn::backend::DispatchTensor;
use burn::tensor::{DType, FloatDType, Tensor, activation};

use crate::autodiff::{MultiOutputOp, multi_output};
use crate::layout::{channels_first, channels_last};
use crate::tensors::flex::{Inputs, contiguous, from_plain, from_tracked};
use flex::shape::Shape;
use operation::{GroupNorm, coefficients};

/// `(x + shift − mean) / √(variance + eps) · weight + bias` with mean and variance of `x + shift` over a group of
/// channels of an image (Wu & He 2018), and then, if `silu`, `y / (1 + e^{−y})` of that.
///
/// # Shapes
/// - `x` and result: `[batch, height, width, channels]`; `groups` divides `channels`
/// - `shift`: `[batch, channels]`
/// - `weight`, `bias`: `[channels]`
///
/// Images in half precision are summed in single precision; weight, bias and shift then are in single precision.
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
    if let Some(out) = cube::group_norm(&x, shift.as_ref(), groups, [&weight, &bias], eps, silu) {
        return out;
    }
    let affine = [weight, bias];
    let shifts = shift.clone().map(|shift| vec![shift]);
    if let Some(mut out) = group_norm_derivatives(vec![x.clone()], shifts, groups, affine.clone(), eps, silu) {
        return out.remove(0);
    }
    if let precision @ (DType::F16 | DType::BF16) = x.dtype() {
        let out = group_norm(x.cast(FloatDType::F32), shift, groups, affine, eps, silu);
        return out.cast(FloatDType::from(precision));
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

/// [`group_norm`] with derivatives. It is fused on flex, for images in single precision and in bfloat16 and the other tensors in
/// single precision; elsewhere there is none.
///
/// `x`, `shift` and result are lists of as many tensors, in one of these orders:
///
/// | tensors | order |
/// |---|---|
/// | 1 | value |
/// | 2 | value, ∂v |
/// | 3 | value, ∂v, ∂t |
/// | 4 | value, ∂v, ∂w, ∂v∂w |
/// | 5 | value, ∂v, ∂w, ∂v∂w, ∂t |
///
/// `v` and `w` are a first and a second direction, `∂v∂w` the mixed second derivative along both, and `t` another
/// direction, with a first derivative alone.
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
        let Inputs::Plain(inputs) = Inputs::of_images(tensors, |index| index < 2) else { return None };
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
    match Inputs::<N>::of_images(tensors(x, affine, shift), |index| index < K) {
        Inputs::Plain(inputs) => {
            let results: [_; K] = norm.forward(&inputs.map(contiguous)).0;
            Some(results.map(from_plain).into())
        }
        Inputs::Tracked(inputs, context) => {
            let results: [_; K] = multi_output(norm, inputs, context);
            Some(results.map(|result| from_tracked(result, context)).into())
        }
        Inputs::Other(_) => None,
    }
}

/// The tensors of a normalisation in the order of [`flex::shape::Inputs::of`].
fn tensors<const N: usize>(
    x: Vec<Tensor<4>>,
    affine: [Tensor<1>; 2],
    shift: Option<Vec<Tensor<2>>>,
) -> [DispatchTensor; N] {
    let images = x.into_iter().map(Tensor::into_dispatch).chain(affine.map(Tensor::into_dispatch));
    let all: Vec<DispatchTensor> = images.chain(shift.into_iter().flatten().map(Tensor::into_dispatch)).collect();
    all.try_into().expect("the caller counts the tensors")
}
