//! From a score to samples.
//!
//! A [`Solver`] takes one step of any [`Dynamics`] and knows nothing of networks; [`ReverseDynamics`] is the family of
//! reverse processes with one knob. [`SamplerConfig`] puts a method, a [`TimeGrid`] and keyed noise together.

mod ancestral;
mod dynamics;
mod error;
mod euler_maruyama;
mod grid;
mod guidance;
mod heun;
mod noise;
mod picture;
mod sampler;
mod solver;

pub use ancestral::{PosteriorVariance, ancestral_step};
pub use dynamics::{Dynamics, ProbabilityFlow, ReverseDynamics};
pub use error::SamplingError;
pub use euler_maruyama::EulerMaruyama;
pub use grid::TimeGrid;
pub use guidance::ClassifierFree;
pub use heun::Heun;
pub use noise::ImageNoise;
pub use picture::Pictures;
pub use sampler::{Method, SamplerConfig};
pub use solver::{Brownian, Solver};
