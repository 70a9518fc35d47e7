//! Exact derivatives of a score, in space and in time, without a tape.
//!
//! Everything here is forward mode over [`Dual`] arrays: a product `Jv` costs about two evaluations, a second
//! derivative about four. It works on every backend, with and without automatic differentiation; with it, the results
//! are differentiable in the parameters and in whatever else is tracked.

use burn::tensor::Tensor;

use crate::batch_times::BatchTimes;
use crate::calculus::Calculus;
use crate::calculus::dual::{Dual, DualArray};
use crate::calculus::plain::{Detached, Plain};
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

    /// The expected data, and their derivative along `v`.
    fn denoised_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>);

    /// The score `s`, and its derivative `J v` along `v`.
    fn score_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>);

    /// The score `s`, and `∂ₜ s`.
    fn score_rate(&self, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<D>);

    /// [`score_jvp`](Self::score_jvp) and then `∂ₜ s`, for three evaluations rather than four. The latter is a constant for
    /// Burn's reverse mode.
    fn score_jvp_and_rate(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> [Tensor<D>; 3];

    /// The score with its first derivatives along `u` and `v`, and the mixed second one.
    fn score_second(&self, x: Tensor<D>, t: &[f64], u: Tensor<D>, v: Tensor<D>) -> SecondDerivative<D>;

    /// [`score_second`](Self::score_second) and `∂ₜ s`, for five evaluations rather than six.
    fn score_second_and_rate(
        &self,
        x: Tensor<D>,
        t: &[f64],
        u: Tensor<D>,
        v: Tensor<D>,
    ) -> (SecondDerivative<D>, Tensor<D>);
}

impl<const D: usize, S: SmoothScore<D>> Derivatives<D> for S {
    fn noise_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        parts(self.noise_in::<Dual<Plain>>(DualArray::new(x, v), &BatchTimes::fixed(t)))
    }

    fn denoised_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        parts(self.denoised_in::<Dual<Plain>>(DualArray::new(x, v), &BatchTimes::fixed(t)))
    }

    fn score_jvp(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        parts(self.score_in::<Dual<Plain>>(DualArray::new(x, v), &BatchTimes::fixed(t)))
    }

    fn score_rate(&self, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<D>) {
        let clock = BatchTimes::differentiated(t, running::<Plain, Plain, D>(&x));
        parts(self.score_in::<Dual<Plain>>(DualArray::still(x), &clock))
    }

    fn score_jvp_and_rate(&self, x: Tensor<D>, t: &[f64], v: Tensor<D>) -> [Tensor<D>; 3] {
        let clock = BatchTimes::differentiated(t, running::<Dual<Plain>, Detached, D>(&x));
        let score = self.score_in::<Dual<Dual<Plain>, Detached>>(DualArray::still(DualArray::new(x, v)), &clock);
        let rate = score.tangent_or_zeros();
        let (score, product) = parts(score.value);
        [score, product, rate]
    }

    fn score_second(&self, x: Tensor<D>, t: &[f64], u: Tensor<D>, v: Tensor<D>) -> SecondDerivative<D> {
        second(self.score_in::<Dual<Dual<Plain>>>(along_both(x, u, v), &BatchTimes::fixed(t)))
    }

    fn score_second_and_rate(
        &self,
        x: Tensor<D>,
        t: &[f64],
        u: Tensor<D>,
        v: Tensor<D>,
    ) -> (SecondDerivative<D>, Tensor<D>) {
        let clock = BatchTimes::differentiated(t, running::<Dual<Dual<Plain>>, Plain, D>(&x));
        let x = DualArray::still(along_both(x, u, v));
        let score = self.score_in::<Dual<Dual<Dual<Plain>>, Plain>>(x, &clock);
        let rate = score.tangent_or_zeros();
        (second(score.value), rate)
    }
}

/// Zero, with a tangent of one in time.
fn running<C: Calculus, T: Calculus, const D: usize>(like: &Tensor<D>) -> DualArray<C, 1, T> {
    let (batch, place) = (like.dims()[0], (&like.device(), like.dtype()));
    DualArray::new(C::constant(Tensor::zeros([batch], place)), T::constant(Tensor::ones([batch], place)))
}

/// Moves along `v` in the inner calculus and along `u` in the outer one.
fn along_both<const D: usize>(x: Tensor<D>, u: Tensor<D>, v: Tensor<D>) -> DualArray<Dual<Plain>, D> {
    DualArray::new(DualArray::new(x, v), DualArray::still(u))
}

fn second<const D: usize>(score: DualArray<Dual<Plain>, D>) -> SecondDerivative<D> {
    let (along_u, mixed) = parts(score.tangent_or_zeros());
    let (score, along_v) = parts(score.value);
    SecondDerivative { score, along_u, along_v, mixed }
}

fn parts<const D: usize>(array: DualArray<Plain, D>) -> (Tensor<D>, Tensor<D>) {
    let tangent = array.tangent_or_zeros();
    (array.value, tangent)
}
