//! Itô equations dX = a(X, t) dt + b(X, t) dB with diagonal, state-dependent noise ([SDE tutorial, §2], [Aamari 2025, §1]).
//!
//! A [`BrownianPath`] can be refined: the same path at a finer step. The methods ([`EulerMaruyama`], [`Milstein`],
//! [`Heun`]) take steps of an [`Ito`] equation along increments; the examples of the papers come with their laws.

mod brownian;
mod ensemble;
mod euler_maruyama;
mod examples;
mod heun;
mod integral;
mod ito;
mod milstein;

pub use brownian::BrownianPath;
pub use ensemble::{Ensemble, follow};
pub use euler_maruyama::EulerMaruyama;
pub use examples::{GeometricBrownian, LangevinPath, LinearPath, OrnsteinUhlenbeckPath, ReversePath, TimeVaryingPath};
pub use heun::Heun;
pub use integral::{IntegralOfPath, quadratic_variation};
pub use ito::{Ito, Method};
pub use milstein::Milstein;
