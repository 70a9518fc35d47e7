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
mod error;
mod grid;
pub mod likelihood;
mod method;
mod noise;
mod options;
mod run;
mod samplers;
mod scores;
mod solvers;

pub use config::SamplerConfig;
pub use error::SamplingError;
pub use grid::TimeGrid;
pub use method::{Kind, Method, MethodInfo, Processes};
pub use noise::ImageNoise;
pub use options::{ChurnConfig, CorrectorConfig, CorrectorRule, LangevinConfig, SolverType};
pub use run::{Drawn, Observe};
pub use samplers::{
    Ancestral, AnnealedLangevin, Ddim, DpmSolver, DpmSolverPp2S, EdmHeun, ExponentialEuler, Family, FlowSampler,
    Langevin, Level, MetropolisLangevin, Multistep, PosteriorVariance, PredictorCorrector, ReverseDiffusion,
    ReverseSdeSampler, Sampler, Step, UniPc, ancestral_step, langevin_step,
};
pub use scores::{CallCounter, ClassifierFree, CountedScore, DataRange, Threshold, Thresholded, inverse};
pub use solvers::{
    BackwardNoise, Brownian, DORMAND_PRINCE, Dynamics, EULER, EulerMaruyama, Flow, HEUN, OdeSolver, ProbabilityFlow,
    RUNGE_KUTTA_4, ReverseDynamics, SdeSolver, Sra, StepStatistics, StochasticHeun, Summation, Tableau,
    ToleranceConfig, integrate,
};
