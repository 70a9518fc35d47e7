//! What every sampler is: steps along falling times, from a score.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use super::level::Level;
use crate::solvers::Brownian;

/// Where a sampler is: a step of its grid.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The times of the grid, falling.
    pub times: &'a [f64],
    /// The step goes from `times[index]` to `times[index + 1]`.
    pub index: usize,
    /// Number of steps, the final denoising counted.
    pub total: usize,
}

impl Step<'_> {
    /// The time at the beginning.
    pub fn from(&self) -> f64 {
        self.times[self.index]
    }

    /// The time at the end.
    pub fn to(&self) -> f64 {
        self.times[self.index + 1]
    }

    /// Both levels.
    pub fn levels(&self, process: &dyn Process) -> (Level, Level) {
        (Level::at(process, self.from()), Level::at(process, self.to()))
    }

    /// Number of steps that are left, this one counted.
    pub fn remaining(&self) -> usize {
        self.total - self.index
    }
}

/// A method that turns noise into samples. It takes process and score, and may remember the steps before.
pub trait Sampler<const D: usize> {
    /// From `x` at the beginning of the step to its end.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D>;

    /// The last step, to the data themselves: the expected data given the state at `t` (Tweedie).
    fn finish(&mut self, score: &dyn Score<D>, x: Tensor<D>, t: f64, _noise: &mut dyn Brownian<D>) -> Tensor<D> {
        denoised_at(score, &x, t)
    }

    /// The share of proposals that were accepted, for methods that refuse some.
    fn acceptance(&self) -> Option<f64> {
        None
    }
}

/// The expected noise at one time for the whole batch.
pub(crate) fn noise_at<const D: usize>(score: &dyn Score<D>, x: &Tensor<D>, t: f64) -> Tensor<D> {
    score.noise(x.clone(), &vec![t; x.dims()[0]])
}

/// The expected data at one time for the whole batch.
pub(crate) fn denoised_at<const D: usize>(score: &dyn Score<D>, x: &Tensor<D>, t: f64) -> Tensor<D> {
    score.denoised(x.clone(), &vec![t; x.dims()[0]])
}

/// The score at one time for the whole batch.
pub(crate) fn score_at<const D: usize>(score: &dyn Score<D>, x: &Tensor<D>, t: f64) -> Tensor<D> {
    score.score(x.clone(), &vec![t; x.dims()[0]])
}
