//! A solver of ordinary differential equations as a sampler.

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::sampler::{Sampler, Step};
use crate::solvers::{Brownian, OdeSolver, ProbabilityFlow};

/// A solver of ordinary differential equations on [`ProbabilityFlow`]: σ/α stands for time, and the linear part is gone.
#[derive(Clone, Copy, Debug)]
pub struct FlowSampler<S> {
    /// The method.
    pub solver: S,
}

impl<S: OdeSolver<D>, const D: usize> Sampler<D> for FlowSampler<S> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let (flow, process) = (ProbabilityFlow::new(score), score.process());
        let rescaled = x.div_scalar(process.mean_scale(step.from()));
        let rescaled = self.solver.step(&flow, rescaled, flow.ratio(step.from()), flow.ratio(step.to()));
        rescaled.mul_scalar(process.mean_scale(step.to()))
    }
}
