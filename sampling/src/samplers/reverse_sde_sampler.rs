//! A solver of stochastic equations as a sampler.

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::sampler::{Sampler, Step};
use crate::solvers::{BackwardNoise, Brownian, ReverseDynamics, SdeSolver};

/// A solver of stochastic equations on [`ReverseDynamics`], in the process's own time.
#[derive(Clone, Debug)]
pub struct ReverseSdeSampler<S> {
    /// The method.
    pub solver: S,
    /// `σ̃`.
    pub backward_noise: BackwardNoise,
}

impl<S: SdeSolver<D>, const D: usize> Sampler<D> for ReverseSdeSampler<S> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let dynamics = ReverseDynamics::new(score, self.backward_noise.clone());
        self.solver.step(&dynamics, x, step.from(), step.to(), noise)
    }
}
