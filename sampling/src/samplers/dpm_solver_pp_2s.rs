//! DPM-Solver++(2S): the midpoint rule in λ for the data prediction (Lu et al. 2022b, algorithm 1 with r = ½).

use burn::tensor::Tensor;
use fokker_model::Score;

use super::level::Level;
use super::sampler::{Sampler, Step, denoised_at};
use crate::solvers::Brownian;
use crate::solvers::combine;

/// Two network calls per step, at its beginning and in its middle; it remembers nothing.
#[derive(Clone, Copy, Debug)]
pub struct DpmSolverPp2S;

impl<const D: usize> Sampler<D> for DpmSolverPp2S {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let process = score.process();
        let (t, s) = step.levels(process);
        let middle = Level::of_lambda(process, 0.5 * (t.lambda + s.lambda));
        // σ_u/σ_t x − α_u (e^{−h} − 1) x̂₀
        let advance = |u: Level, data: &Tensor<D>| {
            combine(&[(u.std / t.std, &x), (-u.mean_scale * (t.lambda - u.lambda).exp_m1(), data)])
        };
        let predicted = advance(middle, &denoised_at(score, &x, t.time));
        advance(s, &denoised_at(score, &predicted, middle.time))
    }
}
