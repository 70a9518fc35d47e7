//! UniPC: a multistep predictor and, at no cost in network calls, a corrector (Zhao et al. 2023, algorithms 1 and 2).
//!
//! With the data prediction, `h = λ_s − λ_t`, `c = −h`, the predictions `m₀` (now), `m₁`, … at `λ_t + r_k h`, `r_k <
//! 0`, and `D_k = (m_k − m₀)/r_k`,
//!
//! ```text
//! predictor   x_s = σ_s/σ_t x − α_s (e^c − 1) m₀ − α_s B Σ ρ_k D_k
//! corrector   the same with m_s, the prediction at the predicted x_s, as one more node at r = 1.
//! ```
//!
//! The weights solve `Σ_k ρ_k r_k^{i−1} = i! φ_{i+1}(c) c/B`, with `B = c` (bh1) or `e^c − 1` (bh2) and `φ_{i+1} = (φ_i
//! − 1/i!)/c`. Two conventions of the authors' code are kept: the predictor of order 2 and the corrector of order 1
//! take ρ = ½. The state that is corrected at a step is the one that the next predictor starts from.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo};
use crate::options::{SamplerOption, SolverType};
use crate::register_sampler;
use crate::sampler::{Level, Sampler, Step, denoised_at};
use crate::solvers::{Brownian, combine};

/// UniPC, with what the steps before left.
#[derive(Clone, Debug)]
pub struct UniPc<const D: usize> {
    order: usize,
    solver_type: SolverType,
    lower_order_final: bool,
    /// λ and prediction, the newest first.
    history: Vec<(f64, Tensor<D>)>,
    /// The corrected state, its level, and the order of the step that left from it.
    last: Option<(Tensor<D>, Level, usize)>,
}

impl<const D: usize> UniPc<D> {
    /// UniPC of `order` 1 to 3: the predictor's; the corrector gives one more.
    pub fn new(order: usize, solver_type: SolverType, lower_order_final: bool) -> Self {
        Self { order, solver_type, lower_order_final, history: Vec::new(), last: None }
    }

    /// The step from `x` at `t` to `s` with `order` predictions of the history, and the one at `s` if there is one.
    fn advance(&self, x: &Tensor<D>, t: Level, s: Level, order: usize, at_end: Option<&Tensor<D>>) -> Tensor<D> {
        let c = t.lambda - s.lambda;
        // From pure noise, where c = −∞, the two types have the one limit.
        let scale = if self.solver_type == SolverType::Bh1 && c.is_finite() { c } else { c.exp_m1() };
        let now = &self.history[0].1;
        let first = combine(&[(s.std / t.std, x), (-s.mean_scale * c.exp_m1(), now)]);
        let mut nodes: Vec<(f64, &Tensor<D>)> =
            self.history[1..order].iter().map(|(lambda, m)| ((lambda - t.lambda) / -c, m)).collect();
        nodes.extend(at_end.map(|m| (1.0, m)));
        let weights = match (nodes.len(), order) {
            (0, _) => return first,
            (1, 1 | 2) => vec![0.5],
            _ => node_weights(&nodes.iter().map(|node| node.0).collect::<Vec<_>>(), c, scale),
        };
        nodes.iter().zip(weights).fold(first, |sum, ((r, m), weight)| {
            let change = (*m).clone() - now.clone();
            sum + change.mul_scalar(-s.mean_scale * scale * weight / r)
        })
    }
}

impl<const D: usize> Sampler<D> for UniPc<D> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        let prediction = denoised_at(score, &x, t.time);
        let corrected = match self.last.take() {
            Some((from, level, order)) => self.advance(&from, level, t, order, Some(&prediction)),
            None => x,
        };
        // The prediction in pure noise is at λ = −∞: no node for a polynomial in λ, once there is another one.
        self.history.retain(|(lambda, _)| lambda.is_finite());
        self.history.insert(0, (t.lambda, prediction));
        self.history.truncate(self.order);
        let allowed = if self.lower_order_final { self.order.min(step.remaining()) } else { self.order };
        let order = allowed.min(self.history.len());
        let next = self.advance(&corrected, t, s, order, None);
        self.last = Some((corrected, t, order));
        next
    }
}

/// ρ: the solution of the Vandermonde system.
fn node_weights(nodes: &[f64], c: f64, scale: f64) -> Vec<f64> {
    let count = nodes.len();
    let mut phi = c.exp_m1() / c - 1.0;
    let mut factorial = 1.0;
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(count);
    for i in 1..=count {
        let mut row: Vec<f64> = nodes.iter().map(|r| r.powi(i as i32 - 1)).collect();
        row.push(phi * factorial / scale);
        rows.push(row);
        factorial *= (i + 1) as f64;
        phi = phi / c - 1.0 / factorial;
    }
    solve(rows)
}

/// Gauss's elimination with pivots, for the few unknowns of a step; each row ends with its right side.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let count = rows.len();
    for column in 0..count {
        let pivot = (column..count).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, pivot.unwrap_or(column));
        let (head, tail) = rows.split_at_mut(column + 1);
        let lead = &head[column];
        for row in tail {
            let factor = row[column] / lead[column];
            row.iter_mut().zip(lead).for_each(|(value, lead)| *value -= factor * lead);
        }
    }
    let mut solution = vec![0.0; count];
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|column| rows[row][column] * solution[column]).sum();
        solution[row] = (rows[row][count] - known) / rows[row][row];
    }
    solution
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    order: Some(3.0),
    has_memory: true,
    options: &[SamplerOption::Grid, SamplerOption::Order, SamplerOption::SolverType, SamplerOption::LowerOrderFinal],
    leaves_pure_noise: true,
    encodes: Encodes::ToNoise,
    ..MethodInfo::new("unipc", "UniPC, predictor and corrector with memory.")
};

impl Method {
    /// [`UniPc`].
    pub const UNIPC: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(UniPc::new(
            config.order(),
            config.solver_type_or(SolverType::Bh2),
            config.lower_order_final.unwrap_or(true),
        ))
    }

    fn validate(&self, config: &SamplerConfig, _: &dyn Process) -> Result<(), SamplingError> {
        config.solver_type_or(SolverType::Bh2).validate(INFO.name, &[SolverType::Bh1, SolverType::Bh2])
    }
}

register_sampler!(&INFO, &Kind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        let rows = vec![vec![1.0, 1.0, 1.0, 2.0], vec![-1.0, -2.0, 1.0, 0.5], vec![1.0, 4.0, 1.0, -1.0]];
        let x = solve(rows.clone());
        for row in rows {
            let left: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((left - row[3]).abs() < 1e-14);
        }
    }
}
