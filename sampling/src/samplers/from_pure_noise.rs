//! The first step from pure noise, for samplers whose own step has no value there.
//!
//! Where `α_t = 0` the state is noise alone, `λ = −∞` and the rates of the process are infinite. Given the expected data, which do not
//! depend on the state there, every member of the reverse family [Aamari 2025, Thm 2.10] has its step in closed form:
//!
//! ```text
//! x_s = α_s E[x₀] + σ_s n,      n = x_t/σ_t without backward noise, else new.
//! ```
//!
//! Without backward noise it is DDIM's step (Song et al. 2020, eq. 12), the limit of every exponential method. With it the old
//! noise is forgotten, since its share is `exp(−σ̃² (λ_s − λ_t)/2)`. Both have a local error of second order in the step, like
//! the first steps of methods with memory.

use burn::tensor::Tensor;
use fokker_model::Score;

use crate::sampler::{Diagnostics, Observe, Sampler, Step, denoised_at};
use crate::solvers::{Brownian, combine};

/// A sampler that leaves pure noise by the closed step, and goes on by another sampler's.
pub struct FromPureNoise<const D: usize> {
    /// The sampler.
    pub sampler: Box<dyn Sampler<D>>,
    /// Whether the closed step draws its noise anew: where the reverse process has noise.
    pub draws: bool,
}

impl<const D: usize> Sampler<D> for FromPureNoise<D> {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        if t.mean_scale != 0.0 {
            return self.sampler.step(score, x, step, noise);
        }
        let data = denoised_at(score, &x, t.time);
        match self.draws {
            true => combine(&[(s.mean_scale, &data), (s.std, &noise.unit_increment(t.time, s.time, &x))]),
            false => combine(&[(s.mean_scale, &data), (s.std / t.std, &x)]),
        }
    }

    fn finish(&mut self, score: &dyn Score<D>, x: Tensor<D>, t: f64, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        self.sampler.finish(score, x, t, noise)
    }

    fn walk(
        &mut self,
        score: &dyn Score<D>,
        x: Tensor<D>,
        first: Step,
        noise: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Option<Tensor<D>> {
        if score.process().mean_scale(first.from()) != 0.0 || first.times.len() < 2 {
            return self.sampler.walk(score, x, first, noise, observe);
        }
        let x = self.step(score, x, &first, noise);
        if observe(first.index + 1, &x).is_break() {
            return None;
        }
        self.sampler.walk(score, x, Step { index: first.index + 1, ..first }, noise, observe)
    }

    fn diagnostics(&self) -> Diagnostics {
        self.sampler.diagnostics()
    }
}
