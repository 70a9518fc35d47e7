//! The activation `x / (1 + e^{−x})`.

mod cube;

use burn::tensor::{Tensor, activation};

/// `x / (1 + e^{−x})`: one kernel on a GPU, and one backward; elsewhere Burn's operations.
///
/// # Shapes
/// Any → the same
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    cube::silu(&x).unwrap_or_else(|| activation::silu(x))
}
