//! Equations, and numerical methods that walk them. Nothing here knows a network or a sampler.
//!
//! [`Dynamics`] is a stochastic equation, [`Flow`] an ordinary one. A [`SdeSolver`] takes one step of the first and an
//! [`OdeSolver`] one of the second. [`ReverseDynamics`] is the family of reverse processes with one knob,
//! [`ProbabilityFlow`] its deterministic member without the linear part.

pub(crate) mod adaptive;
mod backward_noise;
mod combination;
mod coordinates;
mod dormand_prince;
mod dynamics;
mod euler;
mod euler_maruyama;
mod heun;
mod runge_kutta_4;
mod slopes;
mod solver;
mod sra;
mod stochastic_heun;
mod tableau;
mod tolerance;

pub use adaptive::{StepStatistics, integrate};
pub use backward_noise::BackwardNoise;
pub(crate) use combination::combine;
pub use coordinates::Coordinates;
pub(crate) use coordinates::ratio;
pub use dormand_prince::DORMAND_PRINCE;
pub use dynamics::{Dynamics, Flow, ProbabilityFlow, ReverseDynamics};
pub use euler::EULER;
pub use euler_maruyama::EulerMaruyama;
pub use heun::HEUN;
pub use runge_kutta_4::RUNGE_KUTTA_4;
pub(crate) use slopes::Slopes;
pub use solver::{Brownian, OdeSolver, SdeSolver};
pub use sra::Sra;
pub use stochastic_heun::StochasticHeun;
pub use tableau::{Summation, Tableau};
pub use tolerance::ToleranceConfig;
