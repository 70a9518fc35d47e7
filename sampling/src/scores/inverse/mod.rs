//! Linear inverse problems: data of which only `y = A x₀ + σ_y n` was seen.
//!
//! Both methods are scores, so every sampler can use them. [`Replacement`] corrects the predicted data where they were
//! measured; [`PosteriorGradient`] adds the gradient of the likelihood.

mod operator;
mod posterior_gradient;
mod replacement;

pub use operator::{AveragePool, LinearOperator, Mask};
pub use posterior_gradient::PosteriorGradient;
pub use replacement::Replacement;
