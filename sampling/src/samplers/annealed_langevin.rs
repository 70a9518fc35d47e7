//! Langevin dynamics at falling noise levels.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use super::langevin::langevin_step;
use crate::config::SamplerConfig;
use crate::grid::TimeGrid;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise};
use crate::options::{LangevinConfig, SamplerOption};
use crate::register_sampler;
use crate::sampler::{Sampler, Step};
use crate::solvers::{Brownian, combine};

/// Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1): some steps at every noise level, the step size in
/// proportion to the variance of the noise.
///
/// From one level to the next `x` is brought to the new scale of the data, which is 1 for variance-exploding processes.
#[derive(Clone, Copy, Debug)]
pub struct AnnealedLangevin {
    /// `δ/σ²`, the same at all levels.
    pub step_size: f64,
    /// Steps at each level.
    pub steps_per_level: usize,
}

impl<const D: usize> Sampler<D> for AnnealedLangevin {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        // In pure noise there is no scale of data.
        let scale = if t.mean_scale == 0.0 { s.std / t.std } else { s.mean_scale / t.mean_scale };
        let x = combine(&[(scale, &x)]);
        let delta = self.step_size * s.std * s.std;
        (0..self.steps_per_level).fold(x, |x, _| langevin_step(score, x, s.time, delta, noise))
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Langevin,
    calls_per_step: 5,
    steps: 100,
    grid: &TimeGrid::LogSnr,
    noise: Noise::Always,
    options: &[SamplerOption::Grid, SamplerOption::Langevin],
    leaves_pure_noise: true,
    ..MethodInfo::new("annealed_langevin", "Langevin dynamics at falling noise levels (Song & Ermon 2019).")
};

impl Method {
    /// [`AnnealedLangevin`].
    pub const ANNEALED_LANGEVIN: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        let LangevinConfig { step_size, steps_per_level } = config.langevin();
        Box::new(AnnealedLangevin { step_size, steps_per_level })
    }

    fn score_calls(&self, config: &SamplerConfig, _: &dyn Process) -> Option<usize> {
        Some(config.steps() * config.langevin().steps_per_level + usize::from(config.denoise))
    }
}

register_sampler!(&INFO, &Kind);
