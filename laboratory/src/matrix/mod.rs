//! Equations with matrix-valued noise: paths, the density in the plane, and every reverse [SDE tutorial, §2.3 and §2.4].
//!
//! ```text
//! dX = a(X, t) dt + L(X, t) dB       ∂p/∂t = −∇·(a p) + ½ Σ ∂ᵢ∂ⱼ ([L Lᵀ]ᵢⱼ p)          [SDE tutorial, eq. 2.3.1]
//! ```
//!
//! - [`Forward`]: a linear process, a = F x.
//! - [`Reverse`]: its reverse with any backward noise L̃(t), a matrix of its own [SDE tutorial, eq. 2.4.19].
//! - [`draw`], [`draw_exactly`]: many paths, by Euler–Maruyama, or by the exact law of each step.
//! - [`PlaneSolver`]: the density on a grid. The tensor ½ L Lᵀ is split into non-negative diffusions between cells at integer
//!   offsets ([`split`]), and each is solved on lines of cells like an equation in one dimension. So the density stays
//!   positive and keeps its mass, however the axes of the tensor lie.
//!
//! Drift and noise may depend on the place in any way ([`ItoEquation`]). A process and its reverse have noise that depends on time
//! alone.

mod equations;
mod paths;
mod solver;
mod tensor;

pub use equations::{Coefficients, Forward, ItoEquation, Law, MatrixEquation, MatrixScore, NoiseMatrix, Reverse};
pub(crate) use equations::{Normal, times};
pub use paths::{draw, draw_exactly, solution};
pub use solver::PlaneSolver;
pub use tensor::{Offset, split};
