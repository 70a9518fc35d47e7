//! From a score to samples.
//!
//! Two kinds of methods: a [`Solver`] takes one step of any [`Dynamics`] and knows nothing of networks; a
//! [`SemiLinear`] method takes the process and the score, and solves the linear part of the equation exactly.
//! [`ReverseDynamics`] is the family of reverse processes with one knob, [`ProbabilityFlow`] its deterministic member
//! without the linear part. [`Method`] is the registry of all names; [`SamplerConfig`] puts a method, a [`TimeGrid`]
//! and keyed noise together. [`likelihood`] walks the other way, from data to the prior.

#![forbid(unsafe_code)]

mod adaptive;
mod ancestral;
mod backward_noise;
mod combination;
mod config;
mod counted;
mod ddim;
mod dormand_prince;
mod dpm_solver;
mod dpm_solver_pp_2s;
mod dynamics;
mod edm_heun;
mod error;
mod euler;
mod euler_maruyama;
mod exponential_euler;
mod grid;
mod guidance;
mod heun;
pub mod inverse;
mod langevin;
pub mod likelihood;
mod method;
mod metropolis;
mod multistep;
mod noise;
mod options;
mod picture;
mod picture_format;
mod predictor_corrector;
mod reverse_diffusion;
mod runge_kutta_4;
mod sampler;
mod semi_linear;
mod shared;
mod solver;
mod sra;
mod stochastic_heun;
mod threshold;
mod unipc;
mod walk;

pub use adaptive::{StepStatistics, integrate};
pub use ancestral::{Ancestral, PosteriorVariance, ancestral_step};
pub use backward_noise::BackwardNoise;
pub use config::SamplerConfig;
pub use counted::{CallCounter, CountedScore};
pub use ddim::Ddim;
pub use dormand_prince::DormandPrince;
pub use dpm_solver::DpmSolver;
pub use dpm_solver_pp_2s::DpmSolverPp2S;
pub use dynamics::{Dynamics, Flow, ProbabilityFlow, ReverseDynamics};
pub use edm_heun::EdmHeun;
pub use error::SamplingError;
pub use euler::Euler;
pub use euler_maruyama::EulerMaruyama;
pub use exponential_euler::ExponentialEuler;
pub use grid::TimeGrid;
pub use guidance::ClassifierFree;
pub use heun::Heun;
pub use langevin::{AnnealedLangevin, Langevin, langevin_step};
pub use method::{Kind, Method, MethodInfo, Processes};
pub use metropolis::MetropolisLangevin;
pub use multistep::{Family, Multistep};
pub use noise::ImageNoise;
pub use options::{ChurnConfig, CorrectorConfig, CorrectorRule, LangevinConfig, SolverType, ToleranceConfig};
pub use picture::{LARGEST_GIF, Pictures, save_animation};
pub use picture_format::PictureFormat;
pub use predictor_corrector::PredictorCorrector;
pub use reverse_diffusion::ReverseDiffusion;
pub use runge_kutta_4::RungeKutta4;
pub use sampler::{Drawn, Observe};
pub use semi_linear::{Level, SemiLinear, Step};
pub use shared::Shared;
pub use solver::{Brownian, OdeSolver, Solver};
pub use sra::Sra;
pub use stochastic_heun::StochasticHeun;
pub use threshold::{DataRange, Threshold, Thresholded};
pub use unipc::UniPc;
pub use walk::{InRatio, InTime};
