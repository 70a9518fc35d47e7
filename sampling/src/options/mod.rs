//! The options of samplers, and their keys in configurations.

mod churn;
mod corrector;
mod key;
mod langevin;
mod posterior_variance;
mod solver_type;

pub use churn::ChurnConfig;
pub use corrector::{CorrectorConfig, CorrectorRule};
pub use key::SamplerOption;
pub use langevin::LangevinConfig;
pub use posterior_variance::PosteriorVariance;
pub use solver_type::SolverType;

/// Whether a number is finite and above 0.
fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
