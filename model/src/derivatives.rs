//! Exact derivatives of a score, in space and in time, without a tape.
//!
//! Everything here is forward mode over [`Dual`] arrays: a product `Jv` costs about two evaluations, a second
//! derivative about four. It works on every backend, with and without automatic differentiation; with it, the results
//! are differentiable in the parameters and in whatever else is tracked.

use burn::tensor::Tensor;

use crate::clock::Clock;
use crate::dual::{Dual, DualArray};
use crate::plain::Plain;
use crate::score::{Score, SmoothScore};

/// A score's value and derivatives along two directions.
#[derive(Clone, Debug)]
pub struct SecondDerivative<const D: usize> {
    /// `s`
    pub score: Tensor<D>,
    /// `J u`
    pub along_u: Tensor<D>,
    /// `J v`
    pub along_v: Tensor<D>,
    /// `D²s[u, v]`; its product with `v` is `u · ∇(vᵀJv)`.
    pub mixed: Tensor<D>,
}

/// A score with exact derivatives; every [`SmoothScore`] has them.
///
/// # Shapes
/// `x` and directions: `[batch, …]`; `t`: `batch` times; results are shaped like `x`.
pub trait Derivatives<const D: usize>: Score<D> {
    /// The expected noise, and its derivative along `v`.
    fn noise_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>);

    /// The score `s`, and its derivative `J v` along `v`.
    fn score_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>);

    /// The score `s`, and `∂ₜ s`.
    fn score_rate(&self, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<D>);

    /// The score with its first derivatives along `u` and `v`, and the mixed second one.
    fn score_second(&self, x: Tensor<D>, t: &[f64], u: Tensor<D>, v: Tensor<D>) -> SecondDerivative<D>;
}

impl<const D: usize, S: SmoothScore<D>> Derivatives<D> for S {
    fn noise_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        parts(self.noise_in::<Dual<Plain>>(DualArray::new(x, v), &Clock::still(t)))
    }

    fn score_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        parts(self.score_in::<Dual<Plain>>(DualArray::new(x, v), &Clock::still(t)))
    }

    fn score_rate(&self, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<D>) {
        let (device, dtype) = (x.device(), x.dtype());
        let elapsed =
            DualArray::new(Tensor::zeros([t.len()], (&device, dtype)), Tensor::ones([t.len()], (&device, dtype)));
        let x = DualArray { value: x, tangent: None };
        parts(self.score_in::<Dual<Plain>>(x, &Clock::running(t, elapsed)))
    }

    fn score_second(&self, x: Tensor<D>, t: &[f64], u: Tensor<D>, v: Tensor<D>) -> SecondDerivative<D> {
        let x =
            DualArray { value: DualArray::<Plain, D>::new(x, v), tangent: Some(DualArray { value: u, tangent: None }) };
        let score = self.score_in::<Dual<Dual<Plain>>>(x, &Clock::still(t));
        let (first, second) = (parts(score.value.clone()), parts(score.tangent_or_zeros()));
        SecondDerivative { score: first.0, along_v: first.1, along_u: second.0, mixed: second.1 }
    }
}

fn parts<const D: usize>(array: DualArray<Plain, D>) -> (Tensor<D>, Tensor<D>) {
    let tangent = array.tangent_or_zeros();
    (array.value, tangent)
}
