//! Solvers that know no network, put to work on the reverse family and on the probability flow.

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::backward_noise::BackwardNoise;
use crate::dynamics::{ProbabilityFlow, ReverseDynamics};
use crate::semi_linear::{SemiLinear, Step};
use crate::solver::{Brownian, OdeSolver, Solver};

/// A solver of stochastic equations on [`ReverseDynamics`], in the process's own time.
#[derive(Clone, Debug)]
pub struct InTime<S> {
    /// The method.
    pub solver: S,
    /// `σ̃`.
    pub backward_noise: BackwardNoise,
}

impl<S: Solver<D>, const D: usize> SemiLinear<D> for InTime<S> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let dynamics = ReverseDynamics::new(score, self.backward_noise.clone());
        self.solver.step(&dynamics, x, step.from(), step.to(), noise)
    }
}

/// A solver of ordinary differential equations on [`ProbabilityFlow`], where σ/α stands for time and nothing is left of the linear part.
#[derive(Clone, Copy, Debug)]
pub struct InRatio<S> {
    /// The method.
    pub solver: S,
}

impl<S: OdeSolver<D>, const D: usize> SemiLinear<D> for InRatio<S> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let (flow, process) = (ProbabilityFlow::new(score), score.process());
        let rescaled = x.div_scalar(process.mean_scale(step.from()));
        let rescaled = self.solver.step(&flow, rescaled, flow.ratio(step.from()), flow.ratio(step.to()));
        rescaled.mul_scalar(process.mean_scale(step.to()))
    }
}
