//! DPM-Solver++(2S): the midpoint rule in λ for the data prediction (Lu et al. 2022b, algorithm 1 with r = ½).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Method, MethodInfo};
use crate::register_sampler;
use crate::sampler::{Level, Sampler, Step, denoised_at};
use crate::solvers::{Brownian, combine};

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

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    order: Some(2.0),
    calls_per_step: 2,
    steps: 15,
    encodes: Encodes::ToNoise,
    ..MethodInfo::new("dpm_solver_pp_2s", "DPM-Solver++ of second order, one step at a time.")
};

impl Method {
    /// [`DpmSolverPp2S`].
    pub const DPM_SOLVER_PP_2S: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(DpmSolverPp2S)
    }
}

register_sampler!(&INFO, &Kind);
