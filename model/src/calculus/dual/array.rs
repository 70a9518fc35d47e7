//! A value with its derivative.

use burn::tensor::Tensor;

use crate::calculus::arrays::ProjectsOnto;
use crate::calculus::{Arrays, Calculus};

/// A value and its derivative along the direction of differentiation.
pub struct DualArray<C: Arrays, const D: usize, T: Arrays = C> {
    /// The value.
    pub value: C::Array<D>,
    /// The derivative, of the value's shape; none if it is zero.
    pub tangent: Option<T::Array<D>>,
}

impl<C: Arrays, const D: usize, T: Arrays> Clone for DualArray<C, D, T> {
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
    pub(super) fn linear<const E: usize>(
        self,
        of_value: impl FnOnce(C::Array<D>) -> C::Array<E>,
        of_tangent: impl FnOnce(T::Array<D>) -> T::Array<E>,
    ) -> DualArray<C, E, T> {
        DualArray { value: of_value(self.value), tangent: self.tangent.map(of_tangent) }
    }

    /// A function of each entry, and its derivative in terms of entry and result.
    pub(super) fn entrywise(
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
