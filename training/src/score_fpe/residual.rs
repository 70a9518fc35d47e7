//! The residual of the score Fokker–Planck equation [Lai 2023, eq. 6], and its product with a direction.

use burn::tensor::{Tensor, TensorData};
use fokker_model::divergence::{broadcast, inner_product};
use fokker_model::per_example::scale_examples;
use fokker_model::{Derivatives, Probe};

use super::differentiation::Differentiation;
use crate::loss::DivergenceEstimator;

/// The directions along which the divergence is taken.
#[derive(Clone, Debug)]
pub struct Directions<const D: usize> {
    /// Each like a batch.
    pub vectors: Vec<Tensor<D>>,
    /// The factor of their sum: 1 for axes, one over their number for probes.
    pub share: f64,
}

impl<const D: usize> Directions<D> {
    /// All axes: the divergence is exact.
    pub fn axes(like: &Tensor<D>) -> Self {
        let shape = like.dims();
        let dimension: usize = shape[1..].iter().product();
        let vectors = (0..dimension).map(|axis| {
            let mut values = vec![0.0f32; shape[0] * dimension];
            values.iter_mut().skip(axis).step_by(dimension).for_each(|value| *value = 1.0);
            let place = (&like.device().inner(), like.dtype());
            Tensor::from_data(TensorData::new(values, shape), place)
        });
        Self { vectors: vectors.collect(), share: 1.0 }
    }

    /// What a configuration asks for; `probe` draws probe `number` from a law.
    pub fn draw(trace: DivergenceEstimator, like: &Tensor<D>, probe: impl Fn(Probe, u64) -> Tensor<D>) -> Self {
        match trace {
            DivergenceEstimator::Exact => Self::axes(like),
            DivergenceEstimator::Hutchinson { probes, probe: law } => {
                Self::probes((0..probes as u64).map(|number| probe(law, number)).collect())
            }
        }
    }

    /// Each probe on its own, for as many independent estimates; all axes together.
    pub fn independent(self, trace: DivergenceEstimator) -> Vec<Self> {
        match trace {
            DivergenceEstimator::Exact => vec![self],
            DivergenceEstimator::Hutchinson { .. } => {
                self.vectors.into_iter().map(|probe| Self::probes(vec![probe])).collect()
            }
        }
    }

    /// The first direction and the others.
    fn split(&self) -> (Tensor<D>, &[Tensor<D>]) {
        let (first, others) = self.vectors.split_first().expect("there is a direction");
        (first.clone(), others)
    }

    /// Random probes (Hutchinson 1989; [Lai 2023, Appx. D.2]).
    pub fn probes(vectors: Vec<Tensor<D>>) -> Self {
        let share = 1.0 / vectors.len() as f64;
        Self { vectors, share }
    }
}

/// Factors of an equation at the times of a batch.
fn factors<const D: usize>(score: &dyn Derivatives<D>, t: &[f64]) -> [Vec<f64>; 2] {
    let process = score.process();
    let half_square = t.iter().map(|&t| 0.5 * process.diffusion_squared(t)).collect();
    let drift = t.iter().map(|&t| process.drift(t)).collect();
    [half_square, drift]
}

/// `M = ½ g² (div s + ‖s‖²) − f ⟨x, s⟩`, up to a constant in `x`: `[batch]`. The score and `Jv` along the first
/// direction are given.
fn potential<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    t: &[f64],
    directions: &Directions<D>,
    (value, product): (Tensor<D>, Tensor<D>),
) -> Tensor<1> {
    let [half_square, drift] = factors(score, t);
    let (first, others) = directions.split();
    let mut divergence = inner_product(product, first);
    for direction in others {
        let (_, product) = score.score_jvp(x.clone(), t, direction.clone());
        divergence = divergence + inner_product(product, direction.clone());
    }
    let inside = divergence.mul_scalar(directions.share) + inner_product(value.clone(), value.clone());
    scale_examples(inside, half_square.into_iter()) - scale_examples(inner_product(x, value), drift.into_iter())
}

/// What the derivatives of the score are multiplied by in those of `M`: `∂M/∂s = g² s − f x`, and for the product of the
/// Jacobian with each direction its share of `½ g²` times the direction.
fn slopes<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    t: &[f64],
    directions: &Directions<D>,
    value: Tensor<D>,
) -> (Tensor<D>, Vec<Tensor<D>>) {
    let [half_square, drift] = factors(score, t);
    let of_value =
        scale_examples(value, half_square.iter().map(|half| 2.0 * half)) - scale_examples(x, drift.into_iter());
    let of_product = |direction: &Tensor<D>| {
        scale_examples(direction.clone(), half_square.iter().map(|half| half * directions.share))
    };
    (of_value, directions.vectors.iter().map(of_product).collect())
}

/// The residual `ε = ∂ₜ s − ∇M`, not differentiable itself. The gradient in `x` is Burn's reverse mode, so `x` is on a
/// backend that has it, and the score's own parameters must not be under differentiation.
///
/// # Shapes
/// `x`: `[batch, …]`, one time for each example → like `x`
pub fn residual<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    t: &[f64],
    directions: &Directions<D>,
    differentiation: Differentiation,
) -> Tensor<D> {
    residual_for(score, x, t, directions, differentiation, &vec![1.0; t.len()])
}

/// [`residual`], with each example's potential `M` multiplied by `−weights[i]` before the backward pass and the gradient
/// divided by it again.
///
/// The penalty differentiates `Σ weights[i] ⟨ε, w⟩` afterwards ([`residual_along`]). There `D_w M` has in `J w` and
/// `D² s[w, v]` the derivatives that `M` has in `s` and `J v` [Lai 2023, Lemma 2]. With the same factor before the backward
/// pass, the gradients of the convolutions' inputs agree to the last bit, so that a [`Memo`](fokker_kernels::memo::Memo) with
/// gradients computes them once. Weights outside of [10⁻¹², 10¹²] count as 1.
pub(super) fn residual_for<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    t: &[f64],
    directions: &Directions<D>,
    differentiation: Differentiation,
    weights: &[f64],
) -> Tensor<D> {
    let x = x.inner();
    let tracked = x.clone().autodiff().require_grad();
    let (first, others) = directions.split();
    let (rate, value, product) = match differentiation {
        Differentiation::Exact => {
            let [value, product, rate] = score.score_jvp_and_rate(tracked.clone(), t, first);
            (rate, value, product)
        }
        Differentiation::FiniteDifference { .. } => {
            let (value, product) = score.score_jvp(tracked.clone(), t, first);
            (differentiation.rate(score, x.clone(), t).1, value, product)
        }
    };
    // Weights that would overflow or underflow in single precision are replaced by 1; the memo then misses, and nothing
    // else changes.
    let weights = weights.iter().map(|&weight| if (1e-12..1e12).contains(&weight.abs()) { -weight } else { 1.0 });
    let here = value.clone().inner();
    let (of_value, of_products) = slopes(score, x, t, directions, here.clone());
    let mut products = vec![product];
    products.extend(others.iter().map(|direction| score.score_jvp(tracked.clone(), t, direction.clone()).1));
    let terms = products.into_iter().zip(of_products).chain([(value, of_value)]);
    let weighted = terms.map(|(part, slope)| inner_product(part, scale_examples(slope, weights.clone())));
    let sum = weighted.reduce(|sum, term| sum + term).expect("there is a direction");
    let gradients = sum.sum().backward();
    let gradient = tracked.grad(&gradients).expect("the potential depends on x");
    let [_, drift] = factors(score, t);
    let of_potential = scale_examples(gradient, weights.map(f64::recip)) - scale_examples(here, drift.into_iter());
    rate.inner() - of_potential
}

/// `⟨ε, w⟩ = ⟨∂ₜ s, w⟩ − D_w M` [Lai 2023, Lemma 2] with
/// `D_w M = ½ g² (D_w div s + 2 ⟨s, J w⟩) − f (⟨w, s⟩ + ⟨x, J w⟩)`, and the score `s` itself; both differentiable in the
/// score's parameters.
///
/// # Shapes
/// `x`, `w`: `[batch, …]`, one time for each example → `[batch]`, and like `x`
pub fn residual_along<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    t: &[f64],
    w: Tensor<D>,
    directions: &Directions<D>,
    differentiation: Differentiation,
) -> (Tensor<1>, Tensor<D>) {
    let (first, others) = directions.split();
    if let Differentiation::FiniteDifference { space: Some(share), .. } = differentiation {
        let (value, rate) = differentiation.rate(score, x.clone(), t);
        let process = score.process();
        let steps: Vec<f64> = t.iter().map(|&t| share * process.std(t)).collect();
        let at = |sign: f64| {
            let moved = x.clone() + scale_examples(w.clone(), steps.iter().map(|step| sign * step));
            let along = score.score_jvp(moved.clone(), t, first.clone());
            potential(score, moved, t, directions, along)
        };
        let slope = scale_examples(at(1.0) - at(-1.0), steps.iter().map(|step| 0.5 / step));
        return (inner_product(rate, w) - slope, value);
    }
    let (along, rate) = match differentiation {
        Differentiation::Exact => score.score_second_and_rate(x.clone(), t, w.clone(), first.clone()),
        Differentiation::FiniteDifference { .. } => {
            let along = score.score_second(x.clone(), t, w.clone(), first.clone());
            (along, differentiation.rate(score, x.clone(), t).1)
        }
    };
    let mut mixed = vec![along.mixed];
    mixed.extend(others.iter().map(|direction| score.score_second(x.clone(), t, w.clone(), direction.clone()).mixed));
    let (value, [_, drift]) = (along.score, factors(score, t));
    let (of_value, of_products) = slopes(score, x, t, directions, value.clone());
    let terms = mixed.into_iter().zip(of_products).chain([(along.along_u, of_value)]);
    let slope = terms.map(|(part, slope)| inner_product(part, slope)).reduce(|sum, term| sum + term);
    let slope = slope.expect("there is a direction")
        - scale_examples(inner_product(w.clone(), value.clone()), drift.into_iter());
    (inner_product(rate, w) - slope, value)
}

/// `ε/‖ε‖` of each example, and `‖ε‖`.
pub(super) fn unit<const D: usize>(residual: Tensor<D>) -> (Tensor<D>, Tensor<1>) {
    let length = inner_product(residual.clone(), residual.clone()).sqrt();
    // Where the equation holds there is no direction, and no gradient either.
    let inverse = length.clone().add_scalar(f64::from(f32::MIN_POSITIVE)).recip();
    (residual * broadcast(inverse), length)
}
