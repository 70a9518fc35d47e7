//! The score Fokker–Planck equation and what [Lai 2023] proves of it, as numbers.
//!
//! ```text
//! ∂ₜ s = ∇M        M = ½ g² (div s + ‖s‖²) − ⟨f, s⟩ − div f        ε = ∂ₜ s_θ − ∇M[s_θ]
//! ```
//!
//! | statement | here |
//! |---|---|
//! | equations (15)–(23): any drift F(x, t) and any noise G(x, t) | [`ScoreEquation`] |
//! | (5), (6) under a process, from the derivatives of a field | [`Jet`] |
//! | Prop. 1, inequality (7) | [`conservativity`] |
//! | Prop. 2, Lemma 3, (26), (27) | [`ReverseLaw`] |
//! | Prop. 3 | [`higher_order`] |
//!
//! A [`ScoreField`] is anything that has a score with its derivatives: the truth ([`TrueScore`]), the truth with a known error
//! ([`Disturbed`]), a trained network of another crate.

mod conservativity;
mod disturbed;
mod field;
mod general;
mod higher_order;
mod nodes;
mod reverse_law;
mod true_score;

pub use conservativity::{Conservativity, conservativity};
pub use disturbed::{Disturbance, Disturbed};
pub use field::{Jet, ScoreField};
pub use general::ScoreEquation;
pub use higher_order::{HigherOrder, higher_order};
pub use nodes::{Inequality, Span};
pub use reverse_law::{Agreement, ReverseHistory, ReverseLaw};
pub use true_score::TrueScore;
