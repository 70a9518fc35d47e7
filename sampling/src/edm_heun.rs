//! The stochastic sampler of Karras et al. 2022 (algorithm 2): a little noise is added, then Heun's step goes further.
//!
//! In `x/α` over `σ̂ = σ/α`, so for every process. Where the noise lies between the bounds, a step from `σ̂` first goes
//! up to `σ̂ (1 + γ)`, `γ = min(amount/steps, √2 − 1)`, with fresh noise of deviation `noise √(σ̂(1+γ)² − σ̂²)`. It
//! never goes above the noise of the horizon, where the score is not known.

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::dynamics::ProbabilityFlow;
use crate::heun::Heun;
use crate::options::ChurnConfig;
use crate::semi_linear::{SemiLinear, Step};
use crate::solver::{Brownian, Solver};

/// Heun's method on the probability flow, with churn.
#[derive(Clone, Copy, Debug)]
pub struct EdmHeun {
    /// How much noise is added and where.
    pub churn: ChurnConfig,
}

impl<const D: usize> SemiLinear<D> for EdmHeun {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (flow, process) = (ProbabilityFlow::new(score), score.process());
        let (ratio, next) = (flow.ratio(step.from()), flow.ratio(step.to()));
        let within = (self.churn.min..=self.churn.max).contains(&ratio);
        let wanted = if within { (self.churn.amount / step.total as f64).min(2f64.sqrt() - 1.0) } else { 0.0 };
        let raised = (ratio * (1.0 + wanted)).min(flow.ratio(process.horizon())).max(ratio);
        let mut rescaled = x.div_scalar(process.mean_scale(step.from()));
        if raised > ratio {
            let std = self.churn.noise * ((raised - ratio) * (raised + ratio)).sqrt();
            rescaled = rescaled.clone() + noise.normal(&rescaled).mul_scalar(std);
        }
        Heun.step(&flow, rescaled, raised, next, noise).mul_scalar(process.mean_scale(step.to()))
    }
}
