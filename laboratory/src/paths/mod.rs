//! Itô equations dX = a(X, t) dt + b(X, t) dB with diagonal, state-dependent noise ([SDE tutorial, §2], [Aamari 2025, §1]).
//!
//! A [`BrownianPath`] can be refined: the same path at a finer step. The methods ([`EulerMaruyama`], [`Milstein`],
//! [`Heun`]) take steps of an [`Ito`] equation along increments; the examples of the papers come with their laws.
//! [`ItoFormula`] and [`ito_integral`] evaluate the calculus along a path, [`RandomWalk`] is what Brownian motion is the
//! limit of.

mod brownian;
mod ensemble;
mod euler_maruyama;
mod examples;
mod heun;
mod integral;
mod ito;
mod ito_formula;
mod ito_integral;
mod milstein;
mod of_equation;
mod random_walk;
mod roughness;

pub use brownian::BrownianPath;
pub use ensemble::{Ensemble, follow};
pub use euler_maruyama::EulerMaruyama;
pub use examples::{GeometricBrownian, LangevinPath, LinearPath, OrnsteinUhlenbeckPath, ReversePath, TimeVaryingPath};
pub use heun::Heun;
pub use integral::{IntegralOfPath, quadratic_variation};
pub use ito::{Ito, Method};
pub use ito_formula::{ItoFormula, Observable};
pub use ito_integral::{covariation, integral_against, ito_integral, variance_of_sum};
pub use milstein::Milstein;
pub use of_equation::EquationPath;
pub use random_walk::{RandomWalk, WalkStep, maximum_of_signs};
pub use roughness::{first_variation, largest_increment, quantile_of_largest_increment};
