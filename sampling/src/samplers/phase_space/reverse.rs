//! The reverse equations by Euler–Maruyama, and without noise by Heun's method.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

use super::{NO_VELOCITIES, dynamics_of, finish, halves, joined, velocity_score};
use crate::config::SamplerConfig;
use crate::grid::TimeGrid;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Processes};
use crate::options::SamplerOption;
use crate::register_sampler;
use crate::sampler::{Sampler, Step};
use crate::solvers::{BackwardNoise, Brownian, Flow, HEUN, OdeSolver, Tableau};

/// The drift in forward time, with `factor` in front of Γ s_v: 1 for the probability flow, 1 + σ̃² for the reverse SDE.
fn drift<const D: usize>(score: &dyn Score<D>, z: Tensor<D>, t: f64, factor: f64) -> Tensor<D> {
    let dynamics = dynamics_of(score).dynamics();
    let (beta, mass, friction) = (dynamics.beta(), dynamics.mass(), dynamics.friction());
    let pull = velocity_score(score, &z, t).mul_scalar(-beta * friction * factor);
    let [x, v] = halves(z);
    let of_v = pull - x.mul_scalar(beta) - v.clone().mul_scalar(beta * friction / mass);
    joined(v.mul_scalar(beta / mass), of_v)
}

/// Euler–Maruyama on the reverse SDE of positions and velocities.
#[derive(Clone, Debug)]
pub struct PhaseReverse {
    /// `σ̃`.
    pub backward_noise: BackwardNoise,
}

impl<const D: usize> Sampler<D> for PhaseReverse {
    fn step(&mut self, score: &dyn Score<D>, z: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, h) = (step.from(), step.from() - step.to());
        let backward_noise = self.backward_noise.at(t);
        let dynamics = dynamics_of(score).dynamics();
        let next = z.clone() - drift(score, z, t, 1.0 + backward_noise.powi(2)).mul_scalar(h);
        if backward_noise == 0.0 {
            return next;
        }
        let [x, v] = halves(next);
        let kick = noise.increment(step.from(), step.to(), &v);
        let size = backward_noise * (2.0 * dynamics.friction() * dynamics.beta()).sqrt();
        joined(x, v + kick.mul_scalar(size))
    }

    fn finish(&mut self, score: &dyn Score<D>, z: Tensor<D>, t: f64, _: &mut dyn Brownian<D>) -> Tensor<D> {
        finish(score, z, t)
    }
}

/// A Runge–Kutta method on the probability flow of positions and velocities.
#[derive(Clone, Debug)]
pub struct PhaseFlow {
    /// The method.
    pub solver: Tableau,
}

/// The flow of a score.
struct OfScore<'a, const D: usize>(&'a dyn Score<D>);

impl<const D: usize> Flow<D> for OfScore<'_, D> {
    fn drift(&self, z: Tensor<D>, t: f64) -> Tensor<D> {
        drift(self.0, z, t, 1.0)
    }
}

impl<const D: usize> Sampler<D> for PhaseFlow {
    fn step(&mut self, score: &dyn Score<D>, z: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        self.solver.step(&OfScore(score), z, step.from(), step.to())
    }

    fn finish(&mut self, score: &dyn Score<D>, z: Tensor<D>, t: f64, _: &mut dyn Brownian<D>) -> Tensor<D> {
        finish(score, z, t)
    }
}

/// The row of [`PhaseReverse`].
static REVERSE: MethodInfo = MethodInfo {
    equation: Equation::Sde,
    order: Some(1.0),
    steps: 250,
    grid: &TimeGrid::Quadratic,
    processes: Processes::PhaseSpace,
    begins_in_noise: Some(NO_VELOCITIES),
    noise: Noise::Optional("0 and up"),
    options: &[SamplerOption::Grid, SamplerOption::BackwardNoise],
    ..MethodInfo::new("phase_reverse", "The reverse SDE of positions and velocities by Euler–Maruyama.")
};

/// The row of [`PhaseFlow`].
static FLOW: MethodInfo = MethodInfo {
    order: Some(2.0),
    calls_per_step: 2,
    steps: 100,
    grid: &TimeGrid::Quadratic,
    processes: Processes::PhaseSpace,
    begins_in_noise: Some(NO_VELOCITIES),
    ..MethodInfo::new("phase_flow", "The probability flow of positions and velocities by Heun's method.")
};

impl Method {
    /// [`PhaseReverse`].
    pub const PHASE_REVERSE: Self = Self::of(&REVERSE);
    /// [`PhaseFlow`] by Heun's method.
    pub const PHASE_FLOW: Self = Self::of(&FLOW);
}

/// Makes a [`PhaseReverse`] of a configuration.
struct ReverseKind;

impl SamplerKind for ReverseKind {
    fn build<const D: usize>(&self, config: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(PhaseReverse { backward_noise: config.backward_noise() })
    }

    fn score_calls(&self, config: &SamplerConfig, _: &dyn Process) -> Option<usize> {
        Some(config.steps())
    }
}

/// Makes a [`PhaseFlow`] of a configuration.
struct FlowKind;

impl SamplerKind for FlowKind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(PhaseFlow { solver: HEUN })
    }

    fn score_calls(&self, config: &SamplerConfig, _: &dyn Process) -> Option<usize> {
        Some(2 * config.steps())
    }
}

register_sampler!(&REVERSE, &ReverseKind);
register_sampler!(&FLOW, &FlowKind);
