//! From a name to samples: the sampler of a configuration on its way.

use burn::tensor::{Device, Tensor};
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::registry;
use crate::sampler::Observe;
use crate::solvers::Brownian;
use crate::walk::{Drawn, Numbers, Walk};

impl SamplerConfig {
    /// Number of score calls for one batch; none if the sampler decides on the way, or is not registered.
    pub fn score_calls(&self, process: &dyn Process) -> Option<usize> {
        registry::kind(self.kind).ok()?.score_calls(self, process)
    }

    /// The walk under a process: everything but the sampler and the score.
    ///
    /// # Errors
    /// Settings that do not work, as [`SamplerConfig::validate`].
    pub fn walk_under(&self, process: &dyn Process) -> Result<Walk, SamplingError> {
        self.validate(process)?;
        let walk = Walk::of_times(self.times(process), process).denoising(self.denoise);
        Ok(match self.threshold {
            Some(threshold) => walk.within(threshold, self.range),
            None => walk,
        })
    }

    /// Draws the images number `first, first + 1, …` of `seed`.
    ///
    /// `shape[0]` is their number. `observe` is called with 0 and the initial state, then after every step with the
    /// number of steps done and the state.
    ///
    /// # Errors
    /// Settings that do not work, as [`SamplerConfig::validate`]; [`SamplingError::Stopped`] when `observe` breaks.
    pub fn sample<const D: usize>(
        &self,
        score: &dyn Score<D>,
        shape: [usize; D],
        seed: u64,
        first: u64,
        device: &Device,
        observe: Observe<D>,
    ) -> Result<Tensor<D>, SamplingError> {
        self.draw(score, shape, seed, first, device, observe).map(|drawn| drawn.samples)
    }

    /// [`SamplerConfig::sample`], with what it cost.
    ///
    /// # Errors
    /// As [`SamplerConfig::sample`].
    pub fn draw<const D: usize>(
        &self,
        score: &dyn Score<D>,
        shape: [usize; D],
        seed: u64,
        first: u64,
        device: &Device,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let walk = self.walk_under(score.process())?;
        let mut sampler = self.build::<D>(score.process())?;
        walk.draw(&mut *sampler, score, shape, Numbers { seed, first }, device, observe)
    }

    /// Walks from a given state at the first time of the grid, with given noise.
    ///
    /// # Shapes
    /// `x`: `[batch, …]` → the same
    ///
    /// # Errors
    /// As [`SamplerConfig::sample`].
    pub fn walk<const D: usize>(
        &self,
        score: &dyn Score<D>,
        x: Tensor<D>,
        noise: &mut dyn Brownian<D>,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let walk = self.walk_under(score.process())?;
        let mut sampler = self.build::<D>(score.process())?;
        walk.run(&mut *sampler, score, x, noise, observe)
    }
}
