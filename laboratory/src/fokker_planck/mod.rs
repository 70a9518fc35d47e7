//! The density equation on grids.
//!
//! ```text
//! ∂p/∂t = −∇·J,      J = a p − ∇(D p),      D = σ² = ½ g²
//! ```
//!
//! ([Seo, eq. 1.5], [Lecture 6, eq. 1.2], [SDE tutorial, eq. 2.3.1], [Aamari 2025, Prop. 2.5], which writes σ² for D.)
//!
//! Finite volumes with exponentially fitted fluxes (Chang & Cooper 1970; Scharfetter & Gummel 1969): between two cell
//! centres the flux is that of the stationary problem with constant coefficients, in q = D p,
//!
//! ```text
//! J = [B(−w) q_left − B(w) q_right] / h,     w = ∫ a/D dx between the centres,     B(z) = z/(eᶻ − 1).
//! ```
//!
//! It vanishes exactly where q_right/q_left = e^w, so the discrete stationary law is the exact one at the centres. All
//! rates are positive: the semi-discrete equation is a Markov chain that jumps between neighbouring cells, no flux
//! leaves the box, and an implicit step of any size keeps mass and sign. In two dimensions the axes are swept one after
//! the other, which keeps the stationary law of every gradient drift and costs one banded solve per line; where the
//! axes do not mix, as in all linear processes, the sweeps commute and cost no accuracy at all.

mod backward_noise;
mod equation;
mod fitted;
mod interpolant;
mod scheme;
mod solver;
mod time_reversal;
mod transport;
mod tridiagonal;

pub use backward_noise::BackwardNoise;
pub use equation::{Custom, Equation, Forward, LangevinEquation, Reverse};
pub use fitted::{JumpRates, bernoulli};
pub use interpolant::{Carried, Direction, InterpolantEquation};
pub use scheme::Scheme;
pub use solver::Solver;
pub use time_reversal::TimeReversal;
pub use transport::{ProbabilityFlow, Transport, Velocity};
pub use tridiagonal::ChainSolver;
