//! The rules of differentiation that operations share.

use super::array::DualArray;
use crate::calculus::arrays::ProjectsOnto;
use crate::calculus::{Calculus, Normalization};

/// `x − y`.
pub(super) fn sub<C: Calculus, const D: usize>(x: C::Array<D>, y: C::Array<D>) -> C::Array<D> {
    C::add(x, C::affine(y, -1.0, 0.0))
}

/// The sum of two tangents of a result of this shape; a single one may have to be repeated up to it.
pub(super) fn sum<C: Calculus, const D: usize>(
    x: Option<C::Array<D>>,
    y: Option<C::Array<D>>,
    shape: [usize; D],
) -> Option<C::Array<D>> {
    match (x, y) {
        (Some(x), Some(y)) => Some(C::add(x, y)),
        (Some(x), None) | (None, Some(x)) => Some(if C::dims(&x) == shape { x } else { C::expand(x, shape) }),
        (None, None) => None,
    }
}

/// The rule of products, for any operation that is linear in both arguments.
pub(super) fn product<C: Calculus + ProjectsOnto<T>, T: Calculus, const D: usize>(
    x: DualArray<C, D, T>,
    y: DualArray<C, D, T>,
    of_values: impl Fn(C::Array<D>, C::Array<D>) -> C::Array<D>,
    of_tangents: impl Fn(T::Array<D>, T::Array<D>) -> T::Array<D>,
) -> DualArray<C, D, T> {
    let left = x.tangent.map(|tangent| of_tangents(tangent, C::project(&y.value)));
    let right = y.tangent.map(|tangent| of_tangents(C::project(&x.value), tangent));
    let value = of_values(x.value, y.value);
    let tangent = sum::<T, D>(left, right, C::dims(&value));
    DualArray { value, tangent }
}

/// The derivative of group normalisation in the calculus' own operations. With the normalised `n = r (x − mean x)`:
/// `ṅ = r (ẋ − mean ẋ − n mean(n (ẋ − mean ẋ)))`.
pub(super) fn group_norm_tangent<C: Calculus>(
    [x, tangent]: [C::Array<4>; 2],
    shift: Option<[C::Array<2>; 2]>,
    norm: &Normalization,
) -> C::Array<4> {
    let shifted = |x: C::Array<4>, shift: C::Array<2>| {
        let [batch, channels] = C::dims(&shift);
        C::add(x, C::reshape(shift, [batch, 1, 1, channels]))
    };
    let [x, tangent] = match shift {
        Some([shift, moving]) => [shifted(x, shift), shifted(tangent, moving)],
        None => [x, tangent],
    };
    let channels = norm.weight.dims()[0];
    let [weight, bias] = [&norm.weight, &norm.bias].map(|each| C::constant(each.clone().reshape([1, 1, 1, channels])));
    let centred = |x: C::Array<4>| sub::<C, 4>(x.clone(), C::group_mean(x, norm.groups));
    let (away, tangent) = (centred(x), centred(tangent));
    let variance = C::group_mean(C::mul(away.clone(), away.clone()), norm.groups);
    let inverse = C::rsqrt(C::affine(variance, 1.0, norm.eps));
    let normal = C::mul(away, inverse.clone());
    let along = C::mul(normal.clone(), C::group_mean(C::mul(normal.clone(), tangent.clone()), norm.groups));
    let tangent = C::mul(sub::<C, 4>(tangent, along), C::mul(inverse, weight.clone()));
    if norm.silu { C::mul(silu_slope::<C, 4>(C::add(C::mul(normal, weight), bias)), tangent) } else { tangent }
}

/// `(x s)′ = s + x s (1 − s)` with the sigmoid `s`.
pub(super) fn silu_slope<C: Calculus, const D: usize>(x: C::Array<D>) -> C::Array<D> {
    let gate = C::sigmoid(x.clone());
    C::add(gate.clone(), C::mul(C::mul(x, gate.clone()), C::affine(gate, -1.0, 1.0)))
}
