//! From a score to samples.
//!
//! A [`SdeSolver`] takes one step of any [`Dynamics`], an [`OdeSolver`] one of any [`Flow`]; both know nothing of
//! networks. A [`Sampler`] takes process and score. [`ReverseSdeSampler`] and [`FlowSampler`] make samplers of solvers, on
//! [`ReverseDynamics`], the family of reverse processes with one knob, and on [`ProbabilityFlow`], its deterministic member
//! without the linear part. [`Method`] is the registry of all names; [`SamplerConfig`] puts a method, a [`TimeGrid`] and
//! keyed noise together. Guidance, thresholds and [`inverse`] problems are scores around scores. [`likelihood`] walks the
//! other way, from data to the prior.

#![forbid(unsafe_code)]

mod config;
mod encode;
mod error;
mod grid;
mod interpolants;
mod interpolation;
mod kind;
pub mod likelihood;
mod method;
mod noise;
mod options;
mod registry;
mod run;
mod sampler;
mod samplers;
mod scores;
mod solvers;
mod start;
mod validate;
mod walk;

/// What [`register_sampler`] expands to.
#[doc(hidden)]
pub use inventory;

pub use config::SamplerConfig;
pub use error::SamplingError;
pub use grid::TimeGrid;
pub use interpolants::{Bridge, BridgeDynamics, walk_dynamics, walk_flow};
pub use interpolation::{angle, slerp};
pub use kind::SamplerKind;
pub use method::{Encodes, Equation, Method, MethodInfo, Noise, Processes, Schedule};
pub use noise::ImageNoise;
pub use options::{
    ChurnConfig, CorrectorConfig, CorrectorRule, LangevinConfig, PosteriorVariance, SamplerOption, SolverType,
};
pub use registry::Registration;
pub use sampler::{Diagnostics, Level, Observe, Sampler, Step, denoised_at, noise_at, score_at};
pub use samplers::{
    Ancestral, AnnealedLangevin, Ddim, DormandPrince, DpmSolver, DpmSolverPp2S, EdmHeun, ExponentialEuler, FlowSampler,
    FromPureNoise, Langevin, MetropolisLangevin, Multistep, MultistepFamily, PhaseFlow, PhaseReverse,
    PredictorCorrector, ReverseDiffusion, ReverseSdeSampler, SymmetricSplitting, UniPc, ancestral_step, langevin_step,
    positions, velocity_score,
};
pub use scores::{
    CallCounter, CountedScore, DataRange, Guidance, GuidanceMethod, Guided, Projection, Threshold, Thresholded, inverse,
};
pub use solvers::{
    BackwardNoise, Brownian, Coordinates, DORMAND_PRINCE, Dynamics, EULER, EulerMaruyama, Flow, HEUN, OdeSolver,
    ProbabilityFlow, RUNGE_KUTTA_4, ReverseDynamics, SdeSolver, Sra, StepStatistics, StochasticHeun, Summation,
    Tableau, ToleranceConfig, integrate,
};
pub use walk::{Drawn, Numbers, Walk};
