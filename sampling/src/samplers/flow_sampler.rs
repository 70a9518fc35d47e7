//! A solver of ordinary differential equations as a sampler.

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::sampler::{Sampler, Step};
use crate::solvers::{Brownian, OdeSolver, ProbabilityFlow};

/// A solver of ordinary differential equations on [`ProbabilityFlow`]: σ/α, or the share of the noise, stands for time, and the linear
/// part is gone.
#[derive(Clone, Copy, Debug)]
pub struct FlowSampler<S> {
    /// The method.
    pub solver: S,
}

impl<S: OdeSolver<D>, const D: usize> Sampler<D> for FlowSampler<S> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let flow = ProbabilityFlow::new(score);
        let rescaled = x.div_scalar(flow.scale(step.from()));
        let rescaled = self.solver.step(&flow, rescaled, flow.place(step.from()), flow.place(step.to()));
        rescaled.mul_scalar(flow.scale(step.to()))
    }
}
