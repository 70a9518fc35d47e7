//! Reverse diffusion sampling (Song et al. 2021, eq. 46): the reverse SDE, discretised the way the forward chain is.
//!
//! With the chain's step `x_t = a x_s + √v z` the reverse step is
//!
//! ```text
//! x_s = (2 − a) x_t + v ∇ln p_t(x_t) + √v z,
//! ```
//!
//! that is `(2 − √(1−β)) x + β s + √β z` for VP and `x + (σ_t² − σ_s²) s + √(σ_t² − σ_s²) z` for VE, where it is the
//! ancestral step with large variance ([SDE tutorial, eq. 4.2.10], corrected).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::grid::TimeGrid;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Processes};
use crate::register_sampler;
use crate::sampler::{Sampler, Step, score_at};
use crate::solvers::{Brownian, combine};

/// The reverse diffusion updates.
#[derive(Clone, Copy, Debug)]
pub struct ReverseDiffusion;

impl<const D: usize> Sampler<D> for ReverseDiffusion {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = (step.from(), step.to());
        let forward = score.process().transition(s, t);
        let gradient = score_at(score, &x, t);
        let z = noise.unit_increment(t, s, &x);
        combine(&[(2.0 - forward.scale, &x), (forward.std.powi(2), &gradient), (forward.std, &z)])
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    equation: Equation::Sde,
    order: Some(1.0),
    strong_order: Some(1.0),
    steps: 200,
    grid: &TimeGrid::Quadratic,
    processes: Processes::Chains,
    noise: Noise::Always,
    ..MethodInfo::new("reverse_diffusion", "The reverse SDE discretised like the forward chain (Song et al. 2021).")
};

impl Method {
    /// [`ReverseDiffusion`].
    pub const REVERSE_DIFFUSION: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(ReverseDiffusion)
    }
}

register_sampler!(&INFO, &Kind);
