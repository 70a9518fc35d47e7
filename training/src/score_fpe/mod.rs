//! The score Fokker–Planck equation [Lai 2023]: how far a score is from being that of a diffused density.
//!
//! Under `dx = f(t) x dt + g(t) dw` the score of every density satisfies [Lai 2023, Cor. 1, eq. 5]
//!
//! ```text
//! ∂ₜ s = ∇M,     M = ½ g² (div s + ‖s‖²) − ⟨f x, s⟩ − div(f x),
//! ```
//!
//! the last term a constant in `x`. (For any drift and any noise there is `fokker_laboratory::score_fpe::ScoreEquation`.) What a learnt score leaves of it is the residual `ε_θ = ∂ₜ s_θ − ∇M` (eq. 6).
//!
//! - [`residual`] is the residual itself: `∂ₜ s` and the divergence in `M` by dual numbers, the gradient in `x` by one
//!   pass backwards over them.
//! - [`residual_along`] is its product `⟨ε_θ, w⟩ = ⟨∂ₜ s, w⟩ − D_w M` with a direction (Lemma 2): forward mode alone, so
//!   that Burn's reverse mode gives the gradient in θ.
//! - The gradient of `‖ε_θ‖` needs nothing twice backwards: it is that of `⟨ε_θ, w⟩` with the direction `w = ε_θ/‖ε_θ‖`
//!   held fixed. [`regularizer`] is the penalty of eq. 8 made of these two, and the projected one of eq. 14.
//! - [`ResidualsConfig`] reports `r_FP`, `r_DSM` and the curl of the score along `t`. The curl is what Prop. 1 speaks of. Both
//!   sides of Prop. 1 and 3, and the scores of Prop. 2, are evaluated by `fokker_laboratory::score_fpe`.

mod differentiation;
mod initial_value;
mod regularizer;
mod residual;
mod residuals;

pub use differentiation::Differentiation;
pub(crate) use initial_value::InitialValue;
pub use initial_value::initial_value;
pub use regularizer::{Estimator, Points, RegularizerConfig, RegularizerDraw, Unit, regularizer};
pub use residual::{Directions, residual, residual_along};
pub use residuals::{ResidualSums, Residuals, ResidualsConfig, curl, r_dsm, r_fp};
