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

mod array;
mod rules;

use std::marker::PhantomData;

use burn::tensor::{DType, Device, Tensor};
use fokker_kernels::ConvWeight;

use super::arrays::{Arrays, ProjectsOnto};
use super::fused_norm::{FusedNorm, coefficients_of_dual, fused_group_norm};
use super::plain::Tensors;
use super::{Calculus, Conv2dShape, Normalization};
pub use array::DualArray;
use rules::{group_norm_tangent, product, silu_slope, sub, sum};

/// Values of the calculus `C` with one tangent in the calculus `T`.
#[derive(Clone, Copy, Debug)]
pub struct Dual<C, T = C>(PhantomData<(C, T)>);

impl<C: Arrays, T: Arrays> Arrays for Dual<C, T> {
    type Array<const D: usize> = DualArray<C, D, T>;
}

impl<const TRACKED: bool, C, T> ProjectsOnto<Tensors<TRACKED>> for Dual<C, T>
where
    C: ProjectsOnto<Tensors<TRACKED>>,
    T: Arrays,
{
    fn project<const D: usize>(x: &DualArray<C, D, T>) -> Tensor<D> {
        <C as ProjectsOnto<Tensors<TRACKED>>>::project(&x.value)
    }
}

impl<C: FusedNorm, T: FusedNorm> FusedNorm for Dual<C, T> {
    const COEFFICIENTS: usize = coefficients_of_dual(C::COEFFICIENTS, T::COEFFICIENTS);

    fn coefficients<const D: usize>(x: DualArray<C, D, T>) -> Vec<Option<Tensor<D>>> {
        let tangent = x.tangent.map_or_else(|| vec![None; T::COEFFICIENTS], T::coefficients);
        C::coefficients(x.value).into_iter().chain(tangent).collect()
    }

    fn of_coefficients<const D: usize>(mut coefficients: Vec<Option<Tensor<D>>>) -> Option<DualArray<C, D, T>> {
        let tangent = coefficients.split_off(C::COEFFICIENTS);
        Some(DualArray { value: C::of_coefficients(coefficients)?, tangent: T::of_coefficients(tangent) })
    }
}

impl<C: Calculus + ProjectsOnto<T>, T: Calculus> Calculus for Dual<C, T> {
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
        if let Some(out) = fused_group_norm::<Self>(&x, shift.as_ref(), norm) {
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
