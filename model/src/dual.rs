//! Dual numbers: arrays that carry their derivative along, exactly.
//!
//! With `ε² = 0`, `f(x + ε ẋ) = f(x) + ε Df(x) ẋ`: evaluated on [`Dual`] arrays, a network gives its value and its
//! derivative along one direction in a single pass, without a tape (forward mode; Griewank & Walther 2008, ch. 3).
//! `Dual<Dual<Plain>>` has two independent directions and gives mixed second derivatives. Underneath lie the operations
//! of the inner calculus, so Burn's reverse mode gives the gradient of any of it in the parameters.
//!
//! [`Dual<Dual<Plain>, Plain>`](Dual) has a third direction in which only the first derivative is kept: tangents may live
//! in a simpler calculus than values, one that values project onto. In [`Detached`](crate::Detached) they are constants of
//! Burn's reverse mode.
//!
//! A tangent that is known to be zero is left out, and costs nothing.

use std::marker::PhantomData;

use burn::tensor::{DType, Device, Tensor};
use fokker_kernels::ConvWeight;

use crate::calculus::{Calculus, Conv2dShape, Normalization};
use crate::plain::Tensors;

/// Values of the calculus `C` with one tangent in the calculus `T`.
#[derive(Clone, Copy, Debug)]
pub struct Dual<C, T = C>(PhantomData<(C, T)>);

/// A calculus whose arrays hold an array of `T` and derivatives of it. Projecting keeps the array and drops the derivatives.
pub trait ProjectsOnto<T: Calculus>: Calculus {
    /// The array in `T`.
    fn project<const D: usize>(x: &Self::Array<D>) -> T::Array<D>;
}

impl<C: Calculus> ProjectsOnto<C> for C {
    fn project<const D: usize>(x: &C::Array<D>) -> C::Array<D> {
        x.clone()
    }
}

impl<const TRACKED: bool, C, T> ProjectsOnto<Tensors<TRACKED>> for Dual<C, T>
where
    C: ProjectsOnto<T> + ProjectsOnto<Tensors<TRACKED>>,
    T: Calculus,
{
    fn project<const D: usize>(x: &DualArray<C, D, T>) -> Tensor<D> {
        <C as ProjectsOnto<Tensors<TRACKED>>>::project(&x.value)
    }
}

/// A value and its derivative along the direction of differentiation.
pub struct DualArray<C: Calculus, const D: usize, T: Calculus = C> {
    /// The value.
    pub value: C::Array<D>,
    /// The derivative, of the value's shape; none if it is zero.
    pub tangent: Option<T::Array<D>>,
}

impl<C: Calculus, const D: usize, T: Calculus> Clone for DualArray<C, D, T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), tangent: self.tangent.clone() }
    }
}

impl<C: Calculus, const D: usize, T: Calculus> DualArray<C, D, T> {
    /// A value that moves along a direction.
    pub fn new(value: C::Array<D>, tangent: T::Array<D>) -> Self {
        Self { value, tangent: Some(tangent) }
    }

    /// A value that does not move.
    pub fn still(value: C::Array<D>) -> Self {
        Self { value, tangent: None }
    }

    /// The derivative, zeros written out.
    pub fn tangent_or_zeros(&self) -> T::Array<D> {
        self.tangent.clone().unwrap_or_else(|| {
            let (device, dtype) = C::place(&self.value);
            T::constant(Tensor::zeros(C::dims(&self.value), (&device, dtype)))
        })
    }

    /// An operation that is linear in this array, in either calculus.
    fn linear<const E: usize>(
        self,
        of_value: impl FnOnce(C::Array<D>) -> C::Array<E>,
        of_tangent: impl FnOnce(T::Array<D>) -> T::Array<E>,
    ) -> DualArray<C, E, T> {
        DualArray { value: of_value(self.value), tangent: self.tangent.map(of_tangent) }
    }

    /// A function of each entry, and its derivative in terms of entry and result.
    fn entrywise(
        self,
        function: impl Fn(C::Array<D>) -> C::Array<D>,
        derivative: impl Fn(T::Array<D>, T::Array<D>) -> T::Array<D>,
    ) -> Self
    where
        C: ProjectsOnto<T>,
    {
        let value = function(self.value.clone());
        let tangent =
            self.tangent.map(|tangent| T::mul(derivative(C::project(&self.value), C::project(&value)), tangent));
        Self { value, tangent }
    }
}

fn sub<C: Calculus, const D: usize>(x: C::Array<D>, y: C::Array<D>) -> C::Array<D> {
    C::add(x, C::affine(y, -1.0, 0.0))
}

/// The sum of two tangents of a result of this shape; a single one may have to be repeated up to it.
fn sum<C: Calculus, const D: usize>(
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
fn product<C: ProjectsOnto<T>, T: Calculus, const D: usize>(
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
fn group_norm_tangent<C: Calculus>(
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
fn silu_slope<C: Calculus, const D: usize>(x: C::Array<D>) -> C::Array<D> {
    let gate = C::sigmoid(x.clone());
    C::add(gate.clone(), C::mul(C::mul(x, gate.clone()), C::affine(gate, -1.0, 1.0)))
}

/// Group normalisation with all derivatives in one operation, where there is one.
fn group_norm_of_coefficients<C: Calculus>(
    x: &C::Array<4>,
    shift: Option<&C::Array<2>>,
    norm: &Normalization,
) -> Option<C::Array<4>> {
    if C::COEFFICIENTS == 0 {
        return None;
    }
    let (x, shift) = (C::coefficients(x.clone()), shift.map(|shift| C::coefficients(shift.clone())));
    let moves = |k: usize| x[k].is_some() || shift.as_ref().is_some_and(|shift| shift[k].is_some());
    let last = C::COEFFICIENTS - 1;
    // The order of the coefficients, by their number:
    //   2: value, ∂v
    //   3: value, ∂v, ∂t
    //   4: value, ∂v, ∂w, ∂v∂w
    //   5: value, ∂v, ∂w, ∂v∂w, ∂t
    let mixed = last >= 3 && (moves(3) || moves(1) && moves(2));
    let kept: Vec<usize> = (0..=last)
        .filter(|&k| match k {
            0 => true,
            1..=3 if mixed => true,
            _ => moves(k),
        })
        .collect();
    fn chosen<const D: usize>(all: Vec<Option<Tensor<D>>>, kept: &[usize]) -> Vec<Tensor<D>> {
        let value = all[0].clone().expect("an array has a value");
        kept.iter().map(|&k| all[k].clone().unwrap_or_else(|| value.zeros_like())).collect()
    }
    let affine = [norm.weight.clone(), norm.bias.clone()];
    let (images, shifts) = (chosen(x, &kept), shift.map(|shift| chosen(shift, &kept)));
    let out = fokker_kernels::group_norm_derivatives(images, shifts, norm.groups, affine, norm.eps, norm.silu)?;
    let mut all = vec![None; C::COEFFICIENTS];
    for (k, out) in kept.into_iter().zip(out) {
        all[k] = Some(out);
    }
    C::of_coefficients(all)
}

impl<C: ProjectsOnto<T>, T: Calculus> Calculus for Dual<C, T> {
    type Array<const D: usize> = DualArray<C, D, T>;

    const COEFFICIENTS: usize = match (C::COEFFICIENTS, T::COEFFICIENTS) {
        (1, 1) => 2,
        (2, 1) => 3,
        (2, 2) => 4,
        (4, 1) => 5,
        _ => 0,
    };

    fn coefficients<const D: usize>(x: DualArray<C, D, T>) -> Vec<Option<Tensor<D>>> {
        let tangent = x.tangent.map_or_else(|| vec![None; T::COEFFICIENTS], T::coefficients);
        C::coefficients(x.value).into_iter().chain(tangent).collect()
    }

    fn of_coefficients<const D: usize>(mut coefficients: Vec<Option<Tensor<D>>>) -> Option<DualArray<C, D, T>> {
        let tangent = coefficients.split_off(C::COEFFICIENTS);
        Some(DualArray { value: C::of_coefficients(coefficients)?, tangent: T::of_coefficients(tangent) })
    }

    fn constant<const D: usize>(tensor: Tensor<D>) -> DualArray<C, D, T> {
        DualArray::still(C::constant(tensor))
    }

    fn place<const D: usize>(x: &DualArray<C, D, T>) -> (Device, DType) {
        C::place(&x.value)
    }

    fn dims<const D: usize>(x: &DualArray<C, D, T>) -> [usize; D] {
        C::dims(&x.value)
    }

    fn reshape<const D: usize, const E: usize>(x: DualArray<C, D, T>, shape: [usize; E]) -> DualArray<C, E, T> {
        x.linear(|x| C::reshape(x, shape), |x| T::reshape(x, shape))
    }

    fn swap_dims<const D: usize>(x: DualArray<C, D, T>, first: usize, second: usize) -> DualArray<C, D, T> {
        x.linear(|x| C::swap_dims(x, first, second), |x| T::swap_dims(x, first, second))
    }

    fn expand<const D: usize>(x: DualArray<C, D, T>, shape: [usize; D]) -> DualArray<C, D, T> {
        x.linear(|x| C::expand(x, shape), |x| T::expand(x, shape))
    }

    fn cat<const D: usize>(parts: Vec<DualArray<C, D, T>>, dim: usize) -> DualArray<C, D, T> {
        let moves = parts.iter().any(|part| part.tangent.is_some());
        let tangents = || parts.iter().map(DualArray::tangent_or_zeros).collect();
        let tangent = moves.then(|| T::cat(tangents(), dim));
        DualArray { value: C::cat(parts.into_iter().map(|part| part.value).collect(), dim), tangent }
    }

    fn cat_channels(first: DualArray<C, 4, T>, second: DualArray<C, 4, T>) -> DualArray<C, 4, T> {
        let moves = first.tangent.is_some() || second.tangent.is_some();
        let tangent = moves.then(|| T::cat_channels(first.tangent_or_zeros(), second.tangent_or_zeros()));
        DualArray { value: C::cat_channels(first.value, second.value), tangent }
    }

    fn narrow<const D: usize>(x: DualArray<C, D, T>, dim: usize, start: usize, length: usize) -> DualArray<C, D, T> {
        x.linear(|x| C::narrow(x, dim, start, length), |x| T::narrow(x, dim, start, length))
    }

    fn add<const D: usize>(x: DualArray<C, D, T>, y: DualArray<C, D, T>) -> DualArray<C, D, T> {
        let value = C::add(x.value, y.value);
        let tangent = sum::<T, D>(x.tangent, y.tangent, C::dims(&value));
        DualArray { value, tangent }
    }

    fn mul<const D: usize>(x: DualArray<C, D, T>, y: DualArray<C, D, T>) -> DualArray<C, D, T> {
        product(x, y, C::mul, T::mul)
    }

    fn affine<const D: usize>(x: DualArray<C, D, T>, a: f64, b: f64) -> DualArray<C, D, T> {
        x.linear(|x| C::affine(x, a, b), |x| T::affine(x, a, 0.0))
    }

    fn ln<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::ln, |x, _| T::recip(x))
    }

    fn recip<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::recip, |_, y| T::affine(T::mul(y.clone(), y), -1.0, 0.0))
    }

    fn sin<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::sin, |x, _| T::cos(x))
    }

    fn cos<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::cos, |x, _| T::affine(T::sin(x), -1.0, 0.0))
    }

    fn rsqrt<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::rsqrt, |_, y| T::affine(T::mul(T::mul(y.clone(), y.clone()), y), -0.5, 0.0))
    }

    fn sigmoid<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::sigmoid, |_, y| T::mul(y.clone(), T::affine(y, -1.0, 1.0)))
    }

    fn silu<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.entrywise(C::silu, |x, _| silu_slope::<T, D>(x))
    }

    /// `ṗ = p (ẋ − Σ p ẋ)`
    fn softmax<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        let value = C::softmax(x.value);
        let tangent = x.tangent.map(|tangent| {
            let share = C::project(&value);
            let weighted = T::mul(share.clone(), tangent);
            let mean = T::sum_last(weighted.clone());
            sub::<T, D>(weighted, T::mul(share, mean))
        });
        DualArray { value, tangent }
    }

    fn sum_last<const D: usize>(x: DualArray<C, D, T>) -> DualArray<C, D, T> {
        x.linear(C::sum_last, T::sum_last)
    }

    fn matmul<const D: usize>(x: DualArray<C, D, T>, y: DualArray<C, D, T>) -> DualArray<C, D, T> {
        product(x, y, C::matmul, T::matmul)
    }

    fn linear<const D: usize>(x: DualArray<C, D, T>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> DualArray<C, D, T> {
        let tangent = x.tangent.map(|tangent| T::linear(tangent, weight.clone(), None));
        DualArray { value: C::linear(x.value, weight, bias), tangent }
    }

    fn conv2d(
        x: DualArray<C, 4, T>,
        weight: ConvWeight,
        bias: Option<Tensor<1>>,
        shape: Conv2dShape,
    ) -> DualArray<C, 4, T> {
        let tangent = x.tangent.map(|tangent| T::conv2d(tangent, weight.clone(), None, shape));
        DualArray { value: C::conv2d(x.value, weight, bias, shape), tangent }
    }

    fn conv2d_add(
        x: DualArray<C, 4, T>,
        weight: ConvWeight,
        bias: Tensor<1>,
        residual: DualArray<C, 4, T>,
    ) -> DualArray<C, 4, T> {
        let shape = Conv2dShape::same(weight.dims()[2]);
        let tangent = match (x.tangent, residual.tangent) {
            (Some(x), Some(residual)) => Some(T::conv2d_add(x, weight.clone(), bias.zeros_like(), residual)),
            (Some(x), None) => Some(T::conv2d(x, weight.clone(), None, shape)),
            (None, residual) => residual,
        };
        DualArray { value: C::conv2d_add(x.value, weight, bias, residual.value), tangent }
    }

    fn conv_transpose2d(
        x: DualArray<C, 4, T>,
        weight: ConvWeight,
        bias: Option<Tensor<1>>,
        stride: usize,
        size: [usize; 2],
    ) -> DualArray<C, 4, T> {
        let tangent = x.tangent.map(|tangent| T::conv_transpose2d(tangent, weight.clone(), None, stride, size));
        DualArray { value: C::conv_transpose2d(x.value, weight, bias, stride, size), tangent }
    }

    fn group_mean(x: DualArray<C, 4, T>, groups: usize) -> DualArray<C, 4, T> {
        x.linear(|x| C::group_mean(x, groups), |x| T::group_mean(x, groups))
    }

    fn group_norm(
        x: DualArray<C, 4, T>,
        shift: Option<DualArray<C, 2, T>>,
        norm: &Normalization,
    ) -> DualArray<C, 4, T> {
        if let Some(out) = group_norm_of_coefficients::<Self>(&x, shift.as_ref(), norm) {
            return out;
        }
        let moves = x.tangent.is_some() || shift.as_ref().is_some_and(|shift| shift.tangent.is_some());
        let tangent = moves.then(|| {
            let parts = [C::project(&x.value), x.tangent_or_zeros()];
            let shifts = shift.as_ref().map(|shift| [C::project(&shift.value), shift.tangent_or_zeros()]);
            let fused = T::group_norm_tangent(parts.each_ref(), shifts.as_ref().map(<[_; 2]>::each_ref), norm);
            fused.unwrap_or_else(|| group_norm_tangent::<T>(parts, shifts, norm))
        });
        DualArray { value: C::group_norm(x.value, shift.map(|shift| shift.value), norm), tangent }
    }

    fn upsample_nearest(x: DualArray<C, 4, T>) -> DualArray<C, 4, T> {
        x.linear(C::upsample_nearest, T::upsample_nearest)
    }

    fn average_pool(x: DualArray<C, 4, T>) -> DualArray<C, 4, T> {
        x.linear(C::average_pool, T::average_pool)
    }
}
