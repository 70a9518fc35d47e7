//! Laws in closed form, scores, and how far two flows drift apart.

mod any_noise;
mod benes;
mod bound;
mod denoising_loss;
mod exact;
mod gauss_hermite;
mod interpolated;
mod kl_trace;
mod kullback_leibler;
mod learned;
mod line_mixture;
mod perturbed;
mod score;
mod sinh_image;
mod variational;

pub use any_noise::{NoiseLaw, NoisyMixture};
pub use benes::Benes;
pub use bound::{KlRow, ReverseError, ReverseErrorKeys};
pub use denoising_loss::DenoisingLoss;
pub use exact::Exact;
pub use gauss_hermite::GaussHermite;
pub use interpolated::Interpolated;
pub use kl_trace::{Coefficient, KlTrace};
pub use kullback_leibler::{flow_rate, kullback_leibler, log_slope};
pub use learned::{LearnedScore, LearningConfig};
pub use line_mixture::{LineMixture, LineMixtureConfig};
pub use perturbed::Perturbed;
pub use score::Score;
pub use sinh_image::SinhImage;
pub use variational::{ApproximatePosterior, LinearDecoder};
