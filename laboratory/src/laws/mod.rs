//! Laws in closed form, scores, and how far two flows drift apart.

mod bound;
mod exact;
mod interpolated;
mod kullback_leibler;
mod learned;
mod line_mixture;
mod perturbed;
mod score;

pub use bound::{KlRow, ReverseError, ReverseErrorKeys};
pub use exact::Exact;
pub use interpolated::Interpolated;
pub use kullback_leibler::{flow_rate, kullback_leibler, log_slope};
pub use learned::{LearnedScore, LearningConfig};
pub use line_mixture::{LineMixture, LineMixtureConfig};
pub use perturbed::Perturbed;
pub use score::Score;
