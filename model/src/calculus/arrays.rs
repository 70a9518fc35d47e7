//! The arrays of a calculus, and what they have in common with those of another.

/// The arrays that a calculus computes with.
pub trait Arrays: 'static {
    /// An array of rank `D`.
    type Array<const D: usize>: Clone;
}

/// A calculus whose arrays hold an array of `T` and derivatives of it. Projecting keeps the array and drops the derivatives.
pub trait ProjectsOnto<T: Arrays>: Arrays {
    /// The array in `T`.
    fn project<const D: usize>(x: &Self::Array<D>) -> T::Array<D>;
}

impl<C: Arrays> ProjectsOnto<C> for C {
    fn project<const D: usize>(x: &C::Array<D>) -> C::Array<D> {
        x.clone()
    }
}
