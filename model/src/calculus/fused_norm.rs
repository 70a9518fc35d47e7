//! Group normalisation with all derivatives in one operation.
//!
//! The operation takes the tensors of an array as one list, its coefficients. Those of a dual array are the coefficients of
//! its value, followed by those of its tangent:
//!
//! | calculus | coefficients | order |
//! |---|---|---|
//! | `Plain` | 1 | value |
//! | `Dual<Plain>` | 1 + 1 = 2 | value, ∂v |
//! | `Dual<Dual<Plain>, Plain>` | 2 + 1 = 3 | value, ∂v, ∂t |
//! | `Dual<Dual<Plain>>` | 2 + 2 = 4 | value, ∂v, ∂w, ∂v∂w |
//! | `Dual<Dual<Dual<Plain>>, Plain>` | 4 + 1 = 5 | value, ∂v, ∂w, ∂v∂w, ∂t |
//!
//! `v` is the direction of the innermost dual, `w` that of the next one, `t` a direction with a first derivative alone.
//! Any other calculus has no coefficients, and normalises by its own operations. One more row is one more entry of
//! [`FUSED`] and a case in [`fokker_kernels::group_norm_derivatives`].

use burn::tensor::Tensor;

use super::arrays::Arrays;
use super::parameters::Normalization;

/// A calculus as the fused normalisation sees it. The module is private: users write networks over a
/// [`Calculus`](super::Calculus), and neither call this nor implement it.
pub trait FusedNorm: Arrays {
    /// How many coefficients an array has; 0 if the fused operation is not for it.
    const COEFFICIENTS: usize = 0;

    /// The coefficients of an array, none in the place of a derivative that is zero.
    fn coefficients<const D: usize>(_x: Self::Array<D>) -> Vec<Option<Tensor<D>>> {
        Vec::new()
    }

    /// The array with these coefficients; none without a value.
    fn of_coefficients<const D: usize>(_coefficients: Vec<Option<Tensor<D>>>) -> Option<Self::Array<D>> {
        None
    }

    /// The derivative alone of the normalisation along a direction, `[value, direction]` each; none if the calculus has
    /// no operation for it.
    fn group_norm_tangent(
        _x: [&Self::Array<4>; 2],
        _shift: Option<[&Self::Array<2>; 2]>,
        _norm: &Normalization,
    ) -> Option<Self::Array<4>> {
        None
    }
}

/// The coefficients of value and tangent for which the fused operation has an order.
const FUSED: [[usize; 2]; 4] = [[1, 1], [2, 1], [2, 2], [4, 1]];

/// How many coefficients a dual array has whose value and tangent have so many.
pub(super) const fn coefficients_of_dual(value: usize, tangent: usize) -> usize {
    let mut row = 0;
    while row < FUSED.len() {
        if FUSED[row][0] == value && FUSED[row][1] == tangent {
            return value + tangent;
        }
        row += 1;
    }
    0
}

/// The numbers of the coefficients that are not zero, in a result of `count` of them; `moves(k)` says whether coefficient `k`
/// of what is normalised is not zero. The mixed derivative needs both directions, moving or not.
fn needed(count: usize, moves: impl Fn(usize) -> bool) -> Vec<usize> {
    let mixed = count >= 4 && (moves(3) || moves(1) && moves(2));
    (0..count).filter(|&k| k == 0 || (k <= 3 && mixed) || moves(k)).collect()
}

/// The normalisation of `x + shift` with all derivatives in one operation, where there is one.
pub(super) fn fused_group_norm<C: FusedNorm>(
    x: &C::Array<4>,
    shift: Option<&C::Array<2>>,
    norm: &Normalization,
) -> Option<C::Array<4>> {
    if C::COEFFICIENTS == 0 {
        return None;
    }
    let (x, shift) = (C::coefficients(x.clone()), shift.map(|shift| C::coefficients(shift.clone())));
    let moves = |k: usize| x[k].is_some() || shift.as_ref().is_some_and(|shift| shift[k].is_some());
    let needed = needed(C::COEFFICIENTS, moves);
    let affine = [norm.weight.clone(), norm.bias.clone()];
    let (images, shifts) = (chosen(x, &needed), shift.map(|shift| chosen(shift, &needed)));
    let out = fokker_kernels::group_norm_derivatives(images, shifts, norm.groups, affine, norm.eps, norm.silu)?;
    let mut all = vec![None; C::COEFFICIENTS];
    for (k, out) in needed.into_iter().zip(out) {
        all[k] = Some(out);
    }
    C::of_coefficients(all)
}

/// Some of the coefficients, zeros written out.
fn chosen<const D: usize>(all: Vec<Option<Tensor<D>>>, numbers: &[usize]) -> Vec<Tensor<D>> {
    let value = all[0].clone().expect("an array has a value");
    numbers.iter().map(|&k| all[k].clone().unwrap_or_else(|| value.zeros_like())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_the_table() {
        let dual = coefficients_of_dual;
        assert_eq!([dual(1, 1), dual(2, 1), dual(2, 2), dual(4, 1)], [2, 3, 4, 5]);
        assert_eq!([dual(1, 0), dual(1, 2), dual(4, 4), dual(5, 1)], [0; 4], "no order for these");
    }

    #[test]
    fn derivatives_that_are_zero_are_left_out() {
        let needed = |count: usize, moving: &[usize]| needed(count, |k| moving.contains(&k));
        assert_eq!(needed(1, &[0]), [0]);
        assert_eq!(needed(3, &[0, 2]), [0, 2]);
        assert_eq!(needed(4, &[0, 2]), [0, 2]);
        assert_eq!(needed(4, &[0, 1, 2]), [0, 1, 2, 3], "two directions have a mixed derivative");
        assert_eq!(needed(5, &[0, 3]), [0, 1, 2, 3], "a mixed derivative needs both directions");
        assert_eq!(needed(5, &[0, 1, 4]), [0, 1, 4]);
    }
}
