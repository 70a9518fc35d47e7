//! Explicit Runge–Kutta methods: their coefficients, and the one engine that runs them.
//!
//! ```text
//! k_i = drift(x + h Σ_{j<i} a_ij k_j, t0 + c_i h),      x' = x + h Σ b_i k_i
//! ```
//!
//! (Hairer, Nørsett & Wanner 1993, def. II.1.1). Fixed steps, adaptive steps and likelihoods share the engine: it takes the
//! length of the step from each example, and asks for a slope at a share `c_i` of the step.

use burn::tensor::Tensor;
use fokker_model::per_example::scale_examples;

use super::combination::combine;
use super::dynamics::Flow;
use super::solver::OdeSolver;

/// The coefficients of a method, which is an [`OdeSolver`] by them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tableau {
    /// The order of convergence.
    pub order: f64,
    /// `c`: where each slope is taken, as a share of the step. The first is 0.
    pub nodes: &'static [f64],
    /// `a`: the weights of the earlier slopes, a row for each slope.
    pub rows: &'static [&'static [f64]],
    /// `b`, times the denominator: the weights of all slopes in the result.
    pub weights: &'static [f64],
    /// The common denominator of the weights.
    pub denominator: f64,
    /// How the result is summed.
    pub summation: Summation,
}

/// The order in which the result is summed. It changes the rounding alone; each method keeps its own, so that a seed keeps
/// its samples to the last bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summation {
    /// `x + h (b₁ k₁ + b₂ k₂ + …)`
    SlopesFirst,
    /// `((x + h b₁ k₁) + h b₂ k₂) + …`
    FromState,
}

impl Tableau {
    /// A method by its order, nodes, rows and weights.
    pub const fn new(
        order: f64,
        nodes: &'static [f64],
        rows: &'static [&'static [f64]],
        weights: &'static [f64],
    ) -> Self {
        Self { order, nodes, rows, weights, denominator: 1.0, summation: Summation::SlopesFirst }
    }

    /// The same method with all weights divided by a number.
    #[must_use]
    pub const fn over(self, denominator: f64) -> Self {
        Self { denominator, ..self }
    }

    /// The same method with its result summed in another order.
    #[must_use]
    pub const fn summed(self, summation: Summation) -> Self {
        Self { summation, ..self }
    }

    /// Number of slopes in a step.
    pub const fn evaluations(&self) -> usize {
        self.nodes.len()
    }

    /// `b` of a slope.
    pub fn weight(&self, slope: usize) -> f64 {
        self.weights[slope] / self.denominator
    }

    /// All slopes of a step. `slope` takes a stage and its node; `first` is the slope at the beginning, if it is known.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `steps`: `batch` lengths → slopes like `x`
    pub(crate) fn slopes<const D: usize>(
        &self,
        x: &Tensor<D>,
        steps: &[f64],
        first: Option<Tensor<D>>,
        mut slope: impl FnMut(Tensor<D>, f64) -> Tensor<D>,
    ) -> Vec<Tensor<D>> {
        let mut slopes: Vec<Tensor<D>> = first.into_iter().collect();
        for (row, &node) in self.rows.iter().zip(self.nodes).skip(slopes.len()) {
            let stage = match row.is_empty() {
                true => x.clone(),
                false => x.clone() + scale_examples(weighted(row, &slopes), steps.iter().copied()),
            };
            slopes.push(slope(stage, node));
        }
        slopes
    }

    /// The state at the end of the step.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `steps`: `batch` lengths, slopes like `x` → the same
    pub(crate) fn advance<const D: usize>(&self, x: Tensor<D>, steps: &[f64], slopes: &[Tensor<D>]) -> Tensor<D> {
        match self.summation {
            Summation::SlopesFirst => {
                let weights: Vec<f64> = (0..self.weights.len()).map(|slope| self.weight(slope)).collect();
                x + scale_examples(weighted(&weights, slopes), steps.iter().copied())
            }
            Summation::FromState => slopes.iter().zip(self.weights).fold(x, |x, (slope, weight)| {
                x + scale_examples(slope.clone(), steps.iter().map(|step| step / self.denominator * weight))
            }),
        }
    }
}

impl<const D: usize> OdeSolver<D> for Tableau {
    fn step(&self, flow: &dyn Flow<D>, x: Tensor<D>, t0: f64, t1: f64) -> Tensor<D> {
        let steps = vec![t1 - t0; x.dims()[0]];
        // Written so that the node 1 is `t1` itself.
        let slope = |stage: Tensor<D>, node: f64| flow.drift(stage, (1.0 - node) * t0 + node * t1);
        let slopes = self.slopes(&x, &steps, None, slope);
        self.advance(x, &steps, &slopes)
    }
}

/// `Σ weight · slope`.
pub(crate) fn weighted<const D: usize>(weights: &[f64], slopes: &[Tensor<D>]) -> Tensor<D> {
    let terms: Vec<(f64, &Tensor<D>)> = weights.iter().copied().zip(slopes).collect();
    combine(&terms)
}

#[cfg(test)]
mod tests {
    use crate::solvers::{DORMAND_PRINCE, EULER, HEUN, RUNGE_KUTTA_4};

    /// Order conditions of quadrature, `Σ b c^k = 1/(k + 1)` below the order, and rows that sum to their nodes.
    #[test]
    fn coefficients_meet_the_conditions_of_their_order() {
        for tableau in [EULER, HEUN, RUNGE_KUTTA_4, DORMAND_PRINCE] {
            for (row, node) in tableau.rows.iter().zip(tableau.nodes) {
                assert!((row.iter().sum::<f64>() - node).abs() < 1e-14, "{tableau:?}");
            }
            for power in 0..tableau.order as i32 {
                let nodes = tableau.nodes.iter().enumerate();
                let sum: f64 = nodes.map(|(slope, node)| tableau.weight(slope) * node.powi(power)).sum();
                assert!((sum - 1.0 / f64::from(power + 1)).abs() < 1e-14, "{tableau:?} {power}: {sum}");
            }
        }
    }
}
