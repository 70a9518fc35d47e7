//! The variance of an ancestral step.

use fokker_process::Posterior;
use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// Variance of the reverse step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PosteriorVariance {
    /// That of `q(x_s | x_t, x₀)`, right if the data were one point: DDPM's `β̃`.
    Small,
    /// That of `q(x_t | x_s)`, right if the data were Gaussian with the process's own law: DDPM's `β`.
    #[default]
    Large,
    /// Between both, in the logarithm: 0 is small, 1 large (Nichol & Dhariwal 2021, eq. 15).
    Interpolated(f64),
}

impl PosteriorVariance {
    /// The standard deviation of the step.
    pub fn std(self, posterior: &Posterior) -> f64 {
        match self {
            Self::Small => posterior.std_small,
            Self::Large => posterior.std_large,
            Self::Interpolated(v) => posterior.std_small.powf(1.0 - v) * posterior.std_large.powf(v),
        }
    }

    /// Checks the number of a sampler's variance.
    ///
    /// # Errors
    /// A number outside of \[0, 1\], under `sampler.variance`.
    pub fn validate(self) -> Result<(), SamplingError> {
        match self {
            Self::Interpolated(v) if !(0.0..=1.0).contains(&v) => {
                let message = format!("{v} does not lie between small (0) and large (1)");
                Err(SamplingError::sampler("variance", message))
            }
            _ => Ok(()),
        }
    }
}
