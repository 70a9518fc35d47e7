//! The stochastic sampler of Karras et al. 2022 (algorithm 2): a little noise is added, then Heun's step goes further.
//!
//! In the coordinates of [`ProbabilityFlow`], so for every process. With `σ̂ = σ/α`, where the noise lies between the bounds, a step from `σ̂` first goes
//! up to `σ̂ (1 + γ)`, `γ = min(amount/N, √2 − 1)`, with fresh noise of deviation `noise √((1+γ)² − 1) σ̂`. It
//! never goes above the noise of the horizon, where the score is not known. `N` counts all steps, the last one to the data
//! themselves among them, which has churn like the others and is Euler's: its result is the expected data.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::kind::SamplerKind;
use crate::method::{Encodes, Equation, Method, MethodInfo, Noise};
use crate::options::{ChurnConfig, SamplerOption};
use crate::register_sampler;
use crate::sampler::{Sampler, Step, denoised_at};
use crate::solvers::{Brownian, Coordinates, HEUN, OdeSolver, ProbabilityFlow, ratio};

/// Heun's method on the probability flow, with churn.
#[derive(Clone, Copy, Debug)]
pub struct EdmHeun {
    /// How much noise is added and where.
    pub churn: ChurnConfig,
    /// `N`, the number of steps, the final denoising counted.
    pub steps: usize,
}

impl EdmHeun {
    /// The state with the noise that is added before a step, divided by its scale, and its place.
    fn churned<const D: usize>(
        &self,
        flow: &ProbabilityFlow<D>,
        x: Tensor<D>,
        t: f64,
        noise: &mut dyn Brownian<D>,
    ) -> (Tensor<D>, f64) {
        let process = flow.score().process();
        let level = ratio(process, t);
        let within = (self.churn.min..=self.churn.max).contains(&level);
        let wanted = if within { (self.churn.amount / self.steps as f64).min(2f64.sqrt() - 1.0) } else { 0.0 };
        let raised = (level * (1.0 + wanted)).min(ratio(process, process.horizon())).max(level);
        if raised == level {
            return (x.div_scalar(flow.scale(t)), flow.place(t));
        }
        let place = flow.coordinates().of_ratio(raised);
        let std = self.churn.noise * ((raised - level) * (raised + level)).sqrt();
        let rescaled = x.div_scalar(process.mean_scale(t));
        let added = noise.normal(&rescaled).mul_scalar(std);
        // From x/α to the flow's own coordinates, in which α is divided by the scale.
        let t = flow.time(place);
        let share = if flow.coordinates() == Coordinates::Ratio { 1.0 } else { process.mean_scale(t) / flow.scale(t) };
        ((rescaled + added).mul_scalar(share), place)
    }
}

impl<const D: usize> Sampler<D> for EdmHeun {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let flow = ProbabilityFlow::new(score);
        let (rescaled, raised) = self.churned(&flow, x, step.from(), noise);
        HEUN.step(&flow, rescaled, raised, flow.place(step.to())).mul_scalar(flow.scale(step.to()))
    }

    fn finish(&mut self, score: &dyn Score<D>, x: Tensor<D>, t: f64, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let flow = ProbabilityFlow::new(score);
        let (rescaled, raised) = self.churned(&flow, x, t, noise);
        let t = flow.time(raised);
        denoised_at(score, &rescaled.mul_scalar(flow.scale(t)), t)
    }
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["edm"],
    equation: Equation::Sde,
    order: Some(2.0),
    calls_per_step: HEUN.evaluations(),
    noise: Noise::Optional("if churned"),
    options: &[SamplerOption::Grid, SamplerOption::Churn],
    leaves_pure_noise: true,
    encodes: Encodes::ToPureNoise,
    ..MethodInfo::new("edm_heun", "Heun's method with churn (Karras et al. 2022, algorithm 2).")
};

impl Method {
    /// [`EdmHeun`].
    pub const EDM_HEUN: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(EdmHeun { churn: config.churn(), steps: config.steps() + usize::from(config.denoise) })
    }
}

register_sampler!(&INFO, &Kind);
