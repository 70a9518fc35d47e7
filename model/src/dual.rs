//! Dual numbers: arrays that carry their derivative along, exactly.
//!
//! With `ε² = 0`, `f(x + ε ẋ) = f(x) + ε Df(x) ẋ`: evaluated on [`Dual`] arrays, a network gives its value and its
//! derivative along one direction in a single pass, without a tape (forward mode; Griewank & Walther 2008, ch. 3).
//! `Dual<Dual<Plain>>` has two independent directions and gives mixed second derivatives. Underneath lie the operations
//! of the inner calculus, so Burn's reverse mode gives the gradient of any of it in the parameters.
//!
//! A tangent that is known to be zero is left out, and costs nothing.

use std::marker::PhantomData;

use burn::tensor::{DType, Device, Tensor};

use crate::calculus::{Calculus, Conv2dShape, Normalization};

/// Values of the calculus `C` with one tangent.
#[derive(Clone, Copy, Debug)]
pub struct Dual<C>(PhantomData<C>);

/// A value and its derivative along the direction of differentiation.
pub struct DualArray<C: Calculus, const D: usize> {
    /// The value.
    pub value: C::Array<D>,
    /// The derivative, of the value's shape; none if it is zero.
    pub tangent: Option<C::Array<D>>,
}

impl<C: Calculus, const D: usize> Clone for DualArray<C, D> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), tangent: self.tangent.clone() }
    }
}

impl<C: Calculus, const D: usize> DualArray<C, D> {
    /// A value that moves along a direction.
    pub fn new(value: C::Array<D>, tangent: C::Array<D>) -> Self {
        Self { value, tangent: Some(tangent) }
    }

    /// The derivative, zeros written out.
    pub fn tangent_or_zeros(&self) -> C::Array<D> {
        self.tangent.clone().unwrap_or_else(|| zeros::<C, D>(&self.value, C::dims(&self.value)))
    }

    /// An operation that is linear in this array.
    fn linear<const E: usize>(self, operation: impl Fn(C::Array<D>) -> C::Array<E>) -> DualArray<C, E> {
        DualArray { value: operation(self.value), tangent: self.tangent.map(operation) }
    }

    /// A function of each entry, and its derivative in terms of entry and result.
    fn entrywise(
        self,
        function: impl Fn(C::Array<D>) -> C::Array<D>,
        derivative: impl Fn(C::Array<D>, C::Array<D>) -> C::Array<D>,
    ) -> Self {
        let value = function(self.value.clone());
        let tangent = self.tangent.map(|tangent| C::mul(derivative(self.value, value.clone()), tangent));
        Self { value, tangent }
    }
}

/// Zeros that meet `like`.
fn zeros<C: Calculus, const D: usize>(like: &C::Array<D>, shape: [usize; D]) -> C::Array<D> {
    let (device, dtype) = C::place(like);
    C::constant(Tensor::zeros(shape, (&device, dtype)))
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
fn product<C: Calculus, const D: usize>(
    x: DualArray<C, D>,
    y: DualArray<C, D>,
    operation: impl Fn(C::Array<D>, C::Array<D>) -> C::Array<D>,
) -> DualArray<C, D> {
    let left = x.tangent.map(|tangent| operation(tangent, y.value.clone()));
    let right = y.tangent.map(|tangent| operation(x.value.clone(), tangent));
    let value = operation(x.value, y.value);
    let tangent = sum::<C, D>(left, right, C::dims(&value));
    DualArray { value, tangent }
}

/// Group normalisation in the operations of the inner calculus. With the normalised `n = r (x − mean x)`:
/// `ṅ = r (ẋ − mean ẋ − n mean(n (ẋ − mean ẋ)))`.
fn group_norm_by_definition<C: Calculus>(
    x: DualArray<C, 4>,
    shift: Option<DualArray<C, 2>>,
    norm: &Normalization,
) -> DualArray<C, 4> {
    let channels = norm.weight.dims()[0];
    let x = match shift {
        Some(shift) => {
            let [batch, channels] = C::dims(&shift.value);
            Dual::<C>::add(x, Dual::<C>::reshape(shift, [batch, 1, 1, channels]))
        }
        None => x,
    };
    let [weight, bias] = [&norm.weight, &norm.bias].map(|each| C::constant(each.clone().reshape([1, 1, 1, channels])));
    let centred = |x: C::Array<4>| sub::<C, 4>(x.clone(), C::group_mean(x, norm.groups));
    let tangent = centred(x.tangent_or_zeros());
    let away = centred(x.value);
    let variance = C::group_mean(C::mul(away.clone(), away.clone()), norm.groups);
    let inverse = C::rsqrt(C::affine(variance, 1.0, norm.eps));
    let normal = C::mul(away, inverse.clone());
    let along = C::mul(normal.clone(), C::group_mean(C::mul(normal.clone(), tangent.clone()), norm.groups));
    let tangent = C::mul(sub::<C, 4>(tangent, along), C::mul(inverse, weight.clone()));
    let out = DualArray::new(C::add(C::mul(normal, weight), bias), tangent);
    if norm.silu { Dual::<C>::silu(out) } else { out }
}

impl<C: Calculus> Calculus for Dual<C> {
    type Array<const D: usize> = DualArray<C, D>;

    fn constant<const D: usize>(tensor: Tensor<D>) -> DualArray<C, D> {
        DualArray { value: C::constant(tensor), tangent: None }
    }

    fn place<const D: usize>(x: &DualArray<C, D>) -> (Device, DType) {
        C::place(&x.value)
    }

    fn dims<const D: usize>(x: &DualArray<C, D>) -> [usize; D] {
        C::dims(&x.value)
    }

    fn reshape<const D: usize, const E: usize>(x: DualArray<C, D>, shape: [usize; E]) -> DualArray<C, E> {
        x.linear(|x| C::reshape(x, shape))
    }

    fn swap_dims<const D: usize>(x: DualArray<C, D>, first: usize, second: usize) -> DualArray<C, D> {
        x.linear(|x| C::swap_dims(x, first, second))
    }

    fn expand<const D: usize>(x: DualArray<C, D>, shape: [usize; D]) -> DualArray<C, D> {
        x.linear(|x| C::expand(x, shape))
    }

    fn cat<const D: usize>(parts: Vec<DualArray<C, D>>, dim: usize) -> DualArray<C, D> {
        let moves = parts.iter().any(|part| part.tangent.is_some());
        let tangents = || parts.iter().map(DualArray::tangent_or_zeros).collect();
        let tangent = moves.then(|| C::cat(tangents(), dim));
        DualArray { value: C::cat(parts.into_iter().map(|part| part.value).collect(), dim), tangent }
    }

    fn cat_channels(first: DualArray<C, 4>, second: DualArray<C, 4>) -> DualArray<C, 4> {
        let moves = first.tangent.is_some() || second.tangent.is_some();
        let tangent = moves.then(|| C::cat_channels(first.tangent_or_zeros(), second.tangent_or_zeros()));
        DualArray { value: C::cat_channels(first.value, second.value), tangent }
    }

    fn narrow<const D: usize>(x: DualArray<C, D>, dim: usize, start: usize, length: usize) -> DualArray<C, D> {
        x.linear(|x| C::narrow(x, dim, start, length))
    }

    fn add<const D: usize>(x: DualArray<C, D>, y: DualArray<C, D>) -> DualArray<C, D> {
        let value = C::add(x.value, y.value);
        let tangent = sum::<C, D>(x.tangent, y.tangent, C::dims(&value));
        DualArray { value, tangent }
    }

    fn mul<const D: usize>(x: DualArray<C, D>, y: DualArray<C, D>) -> DualArray<C, D> {
        product(x, y, C::mul)
    }

    fn affine<const D: usize>(x: DualArray<C, D>, a: f64, b: f64) -> DualArray<C, D> {
        let tangent = x.tangent.map(|tangent| C::affine(tangent, a, 0.0));
        DualArray { value: C::affine(x.value, a, b), tangent }
    }

    fn ln<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.entrywise(C::ln, |x, _| C::recip(x))
    }

    fn recip<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.entrywise(C::recip, |_, y| C::affine(C::mul(y.clone(), y), -1.0, 0.0))
    }

    fn sin<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.entrywise(C::sin, |x, _| C::cos(x))
    }

    fn cos<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.entrywise(C::cos, |x, _| C::affine(C::sin(x), -1.0, 0.0))
    }

    fn rsqrt<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.entrywise(C::rsqrt, |_, y| C::affine(C::mul(C::mul(y.clone(), y.clone()), y), -0.5, 0.0))
    }

    fn sigmoid<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.entrywise(C::sigmoid, |_, y| C::mul(y.clone(), C::affine(y, -1.0, 1.0)))
    }

    /// `(x s)′ = s + x s (1 − s)` with the sigmoid `s`.
    fn silu<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        let Some(tangent) = x.tangent else { return DualArray { value: C::silu(x.value), tangent: None } };
        let gate = C::sigmoid(x.value.clone());
        let value = C::mul(x.value, gate.clone());
        let slope = C::add(gate.clone(), C::mul(value.clone(), C::affine(gate, -1.0, 1.0)));
        DualArray { value, tangent: Some(C::mul(slope, tangent)) }
    }

    /// `ṗ = p (ẋ − Σ p ẋ)`
    fn softmax<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        let value = C::softmax(x.value);
        let tangent = x.tangent.map(|tangent| {
            let weighted = C::mul(value.clone(), tangent);
            let mean = C::sum_last(weighted.clone());
            sub::<C, D>(weighted, C::mul(value.clone(), mean))
        });
        DualArray { value, tangent }
    }

    fn sum_last<const D: usize>(x: DualArray<C, D>) -> DualArray<C, D> {
        x.linear(C::sum_last)
    }

    fn matmul<const D: usize>(x: DualArray<C, D>, y: DualArray<C, D>) -> DualArray<C, D> {
        product(x, y, C::matmul)
    }

    fn linear<const D: usize>(x: DualArray<C, D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> DualArray<C, D> {
        let tangent = x.tangent.map(|tangent| C::linear(tangent, weight.clone(), None));
        DualArray { value: C::linear(x.value, weight, bias), tangent }
    }

    fn conv2d(x: DualArray<C, 4>, weight: Tensor<4>, bias: Option<Tensor<1>>, shape: Conv2dShape) -> DualArray<C, 4> {
        let tangent = x.tangent.map(|tangent| C::conv2d(tangent, weight.clone(), None, shape));
        DualArray { value: C::conv2d(x.value, weight, bias, shape), tangent }
    }

    fn conv2d_add(
        x: DualArray<C, 4>,
        weight: Tensor<4>,
        bias: Tensor<1>,
        residual: DualArray<C, 4>,
    ) -> DualArray<C, 4> {
        let shape = Conv2dShape::same(weight.dims()[2]);
        let tangent = match (x.tangent, residual.tangent) {
            (Some(x), Some(residual)) => Some(C::conv2d_add(x, weight.clone(), bias.zeros_like(), residual)),
            (Some(x), None) => Some(C::conv2d(x, weight.clone(), None, shape)),
            (None, residual) => residual,
        };
        DualArray { value: C::conv2d_add(x.value, weight, bias, residual.value), tangent }
    }

    fn group_mean(x: DualArray<C, 4>, groups: usize) -> DualArray<C, 4> {
        x.linear(|x| C::group_mean(x, groups))
    }

    fn group_norm(x: DualArray<C, 4>, shift: Option<DualArray<C, 2>>, norm: &Normalization) -> DualArray<C, 4> {
        if x.tangent.is_none() && shift.as_ref().is_none_or(|shift| shift.tangent.is_none()) {
            let shift = shift.map(|shift| shift.value);
            return DualArray { value: C::group_norm(x.value, shift, norm), tangent: None };
        }
        let tangents = (x.tangent_or_zeros(), shift.as_ref().map(DualArray::tangent_or_zeros));
        let shifts = shift.as_ref().map(|shift| &shift.value).zip(tangents.1.as_ref());
        match C::group_norm_tangent([&x.value, &tangents.0], shifts.map(<[_; 2]>::from), norm) {
            Some(tangent) => DualArray {
                value: C::group_norm(x.value, shift.map(|shift| shift.value), norm),
                tangent: Some(tangent),
            },
            None => group_norm_by_definition(x, shift, norm),
        }
    }

    fn group_norm_tangent(
        x: [&DualArray<C, 4>; 2],
        shift: Option<[&DualArray<C, 2>; 2]>,
        norm: &Normalization,
    ) -> Option<DualArray<C, 4>> {
        let shifts = shift.map(|shift| shift.map(|part| &part.value));
        let value = C::group_norm_tangent(x.map(|part| &part.value), shifts, norm)?;
        let moves = |part: &[bool]| part.contains(&true);
        let x_moves = moves(&x.map(|part| part.tangent.is_some()));
        if !x_moves && !shift.is_some_and(|shift| moves(&shift.map(|part| part.tangent.is_some()))) {
            return Some(DualArray { value, tangent: None });
        }
        let tangents = (x.map(DualArray::tangent_or_zeros), shift.map(|shift| shift.map(DualArray::tangent_or_zeros)));
        let [along, mixed] = &tangents.0;
        let shift = shift.zip(tangents.1.as_ref());
        let shift = shift.map(|(shift, [along, mixed])| [&shift[0].value, &shift[1].value, along, mixed]);
        let tangent = C::group_norm_second([&x[0].value, &x[1].value, along, mixed], shift, norm)?;
        Some(DualArray { value, tangent: Some(tangent) })
    }

    fn upsample_nearest(x: DualArray<C, 4>) -> DualArray<C, 4> {
        x.linear(C::upsample_nearest)
    }

    fn average_pool(x: DualArray<C, 4>) -> DualArray<C, 4> {
        x.linear(C::average_pool)
    }
}
