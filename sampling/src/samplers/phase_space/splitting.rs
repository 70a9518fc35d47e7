//! The symmetric splitting sampler ("SSCS", Dockhorn et al. 2022).

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use fokker_process::matrix::CriticallyDamped;

use super::{NO_VELOCITIES, dynamics_of, finish, halves, joined, velocity_score};
use crate::config::SamplerConfig;
use crate::grid::TimeGrid;
use crate::kind::SamplerKind;
use crate::method::{Equation, Method, MethodInfo, Noise, Processes};
use crate::register_sampler;
use crate::sampler::{Sampler, Step};
use crate::solvers::Brownian;

/// The reverse SDE in two parts. With the score −v/M of the stationary law it is linear,
///
/// ```text
/// A:  dx = −β v/M dτ,      dv = β x dτ − β Γ v/M dτ + √(2Γβ) dw,
/// ```
///
/// and solved exactly: it is the forward dynamics with the sign of v changed. The rest, `S: dv = 2Γβ (s_v + v/M) dτ`, is a step of
/// Euler's with the score at the middle of the step, between two halves of A.
#[derive(Clone, Copy, Debug)]
pub struct SymmetricSplitting;

impl<const D: usize> Sampler<D> for SymmetricSplitting {
    fn step(&mut self, score: &dyn Score<D>, z: Tensor<D>, step: &Step, noise: &mut dyn Brownian<D>) -> Tensor<D> {
        let (from, to) = (step.from(), step.to());
        let (middle, h) = (0.5 * (from + to), from - to);
        let dynamics = dynamics_of(score).dynamics();
        let z = linear(dynamics, z, (from, middle), noise);
        let score = velocity_score(score, &z, middle);
        let [x, v] = halves(z);
        let pull = score + v.clone().div_scalar(dynamics.mass());
        let v = v + pull.mul_scalar(2.0 * h * dynamics.friction() * dynamics.beta());
        linear(dynamics, joined(x, v), (middle, to), noise)
    }

    fn finish(&mut self, score: &dyn Score<D>, z: Tensor<D>, t: f64, _: &mut dyn Brownian<D>) -> Tensor<D> {
        finish(score, z, t)
    }
}

/// Part A over a time, exactly.
fn linear<const D: usize>(
    dynamics: &CriticallyDamped,
    z: Tensor<D>,
    (from, to): (f64, f64),
    noise: &mut dyn Brownian<D>,
) -> Tensor<D> {
    let pair = dynamics.pair(from - to);
    let (psi, q) = (pair.matrix, pair.covariance);
    let xx = q[(0, 0)].sqrt();
    let vx = -q[(0, 1)] / xx;
    let vv = (q[(1, 1)] - vx * vx).max(0.0).sqrt();
    let [of_x, of_v] = halves(noise.unit_increment(from, to, &z));
    let [x, v] = halves(z);
    let next_x = x.clone().mul_scalar(psi[(0, 0)]) - v.clone().mul_scalar(psi[(0, 1)]) + of_x.clone().mul_scalar(xx);
    let next_v = v.mul_scalar(psi[(1, 1)]) - x.mul_scalar(psi[(1, 0)]) + of_x.mul_scalar(vx) + of_v.mul_scalar(vv);
    joined(next_x, next_v)
}

/// Its row of the registry.
static INFO: MethodInfo = MethodInfo {
    aliases: &["symmetric_splitting"],
    equation: Equation::Sde,
    order: Some(1.0),
    steps: 100,
    grid: &TimeGrid::Quadratic,
    processes: Processes::PhaseSpace,
    begins_in_noise: Some(NO_VELOCITIES),
    noise: Noise::Always,
    ..MethodInfo::new("sscs", "The symmetric splitting of the reverse SDE of positions and velocities.")
};

impl Method {
    /// [`SymmetricSplitting`].
    pub const SSCS: Self = Self::of(&INFO);
}

/// Makes one of a configuration.
struct Kind;

impl SamplerKind for Kind {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(SymmetricSplitting)
    }

    fn score_calls(&self, config: &SamplerConfig, _: &dyn Process) -> Option<usize> {
        Some(config.steps())
    }
}

register_sampler!(&INFO, &Kind);
