//! Samplers of processes with velocities (Dockhorn et al. 2022).
//!
//! A state is `(x, v)` along the first axis after the batch. With `D = Γβ` and any backward noise σ̃ the reverse equations are
//!
//! ```text
//! dx = β v/M dt,      dv = −β (x + Γ v/M + (1 + σ̃²) Γ s_v) dt + σ̃ √(2Γβ) dw̄,      t from T down to 0:
//! ```
//!
//! [SDE tutorial, eq. 2.4.19] with a matrix L that acts on velocities alone, so that of the score only s_v = −ε_v/l_vv is
//! needed. The walk begins with N(0, I) × N(0, M I) and ends with positions.

mod reverse;
mod splitting;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::{CriticallyDampedLangevin, Process};

pub use reverse::{PhaseFlow, PhaseReverse};
pub use splitting::SymmetricSplitting;

/// Why a walk cannot begin with data.
const NO_VELOCITIES: &str = "its states have velocities, which data have not";

/// The dynamics under a score.
///
/// # Panics
/// For a process without velocities; [`SamplerConfig::validate`](crate::SamplerConfig::validate) refuses it.
fn dynamics_of<const D: usize>(score: &dyn Score<D>) -> &CriticallyDampedLangevin {
    score.process().phase_space().expect("the process has velocities")
}

/// The score in the velocities, `∇_v log p_t(x, v)`, of a score whose noise has the halves `ε_x` and `ε_v`.
///
/// # Shapes
/// `z`: `[batch, 2n, …]` → `[batch, n, …]`
pub fn velocity_score<const D: usize>(score: &dyn Score<D>, z: &Tensor<D>, t: f64) -> Tensor<D> {
    let [_, _, deviation] = dynamics_of(score).kernel(t).factor;
    let [_, noise] = halves(score.noise(z.clone(), &vec![t; z.dims()[0]]));
    noise.mul_scalar(-1.0 / deviation)
}

/// The positions of a state; under a process without velocities the state itself.
///
/// # Shapes
/// `z`: `[batch, 2n, …]` → `[batch, n, …]`
pub fn positions<const D: usize>(process: &dyn Process, z: Tensor<D>) -> Tensor<D> {
    if process.phase_space().is_none() {
        return z;
    }
    let [x, _] = halves(z);
    x
}

/// A state of the stationary law from one of N(0, I).
pub(crate) fn stationary<const D: usize>(process: &CriticallyDampedLangevin, normal: Tensor<D>) -> Tensor<D> {
    let [x, v] = halves(normal);
    joined(x, v.mul_scalar(process.dynamics().mass().sqrt()))
}

fn halves<const D: usize>(z: Tensor<D>) -> [Tensor<D>; 2] {
    z.chunk(2, 1).try_into().expect("a state has two halves")
}

fn joined<const D: usize>(x: Tensor<D>, v: Tensor<D>) -> Tensor<D> {
    Tensor::cat(vec![x, v], 1)
}

/// The last step, from `t` to 0: velocities carry positions on, without noise.
fn finish<const D: usize>(score: &dyn Score<D>, z: Tensor<D>, t: f64) -> Tensor<D> {
    let dynamics = dynamics_of(score).dynamics();
    let [x, v] = halves(z);
    joined(x - v.clone().mul_scalar(t * dynamics.beta() / dynamics.mass()), v)
}
