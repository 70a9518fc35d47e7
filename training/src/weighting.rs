//! Weights `w(t)` of the denoising loss, all stated for the error in the noise: `w(t) ‖ε_θ − ε‖²`.
//!
//! | name | on ε | elsewhere |
//! |---|---|---|
//! | `epsilon` | 1 | Ho et al. 2020, eq. 14; [SDE tutorial, eq. 4.2.57] |
//! | `sigma2` | 1 | `σ² ‖s_θ − s‖²`, [SDE tutorial, eq. 4.2.57]: the same as `epsilon`, since `s = −ε/σ` |
//! | `likelihood` | `g²/σ²` | `g² ‖s_θ − s‖²`, Song et al. 2021b; [Lai 2023, sec. 2] |
//! | `edm` | `(σ̂² + σ_d²)/σ_d²` | `(σ̂² + σ_d²)/(σ̂ σ_d)² ‖D − x₀‖²`, Karras et al. 2022 |
//! | `velocity` | `(g²/2σ)²` | `‖u_θ − (α′ x₀ + σ′ ε)‖²`, Lipman et al. 2023, eq. 9 |
//! | `min_snr` | `min(SNR, γ)/SNR` | `min(SNR, γ) ‖x̂₀ − x₀‖²`, Hang et al. 2023 |

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::error::TrainingError;

/// How the errors at different noise levels are weighed against each other.
///
/// ```
/// use fokker_process::{Process, Vp};
/// use fokker_training::Weighting;
///
/// let (process, t) = (Vp::default(), 0.3);
/// assert_eq!(Weighting::Epsilon.on_noise(&process, t), 1.0);
/// // The weight that bounds the likelihood is g²/σ² on the noise.
/// let expected = process.diffusion_squared(t) / process.std(t).powi(2);
/// assert!((Weighting::Likelihood.on_noise(&process, t) / expected - 1.0).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Weighting {
    /// Mean squared error of the noise.
    Epsilon,
    /// `σ²` times the error of the score, the same as [`Weighting::Epsilon`].
    Sigma2,
    /// `g²` times the error of the score, the weight that bounds the likelihood.
    Likelihood,
    /// Unit weight in EDM's own output.
    Edm {
        /// Standard deviation `σ_d` of the data.
        #[serde(default = "half")]
        sigma_data: f64,
    },
    /// Unit weight in the velocity: flow matching.
    Velocity,
    /// Clipped signal-to-noise ratio.
    MinSnr {
        /// The largest weight, `γ`.
        #[serde(default = "five")]
        gamma: f64,
    },
}

fn half() -> f64 {
    0.5
}

fn five() -> f64 {
    5.0
}

impl Default for Weighting {
    /// Unit weight in EDM's own output, for data of deviation ½.
    fn default() -> Self {
        Self::Edm { sigma_data: half() }
    }
}

impl Weighting {
    /// One of each kind, with the default numbers; [`Weighting::Sigma2`] is the first under another name.
    pub const KINDS: [Self; 4] =
        [Self::Likelihood, Self::Epsilon, Self::Edm { sigma_data: 0.5 }, Self::MinSnr { gamma: 5.0 }];

    /// The name in configurations.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Epsilon => "epsilon",
            Self::Sigma2 => "sigma2",
            Self::Likelihood => "likelihood",
            Self::Edm { .. } => "edm",
            Self::Velocity => "velocity",
            Self::MinSnr { .. } => "min_snr",
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// A number that is not positive.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let (key, value) = match *self {
            Self::Edm { sigma_data } => ("objective.weighting.sigma_data", sigma_data),
            Self::MinSnr { gamma } => ("objective.weighting.gamma", gamma),
            _ => return Ok(()),
        };
        if value.is_finite() && value > 0.0 {
            return Ok(());
        }
        Err(TrainingError::config(key, format!("{value} is not positive")))
    }

    /// `w(t)`; infinite in pure noise for all but the first two and `min_snr`, where errors in the noise are 0.
    pub fn on_noise(&self, process: &dyn Process, t: f64) -> f64 {
        match *self {
            Self::Epsilon | Self::Sigma2 => 1.0,
            Self::Likelihood => process.diffusion_squared(t) / process.std(t).powi(2),
            Self::Edm { sigma_data } => 1.0 + (-process.log_snr(t)).exp() / sigma_data.powi(2),
            // An error e in ε is one of −σ/α e in x₀, so of (σ′ − α′σ/α) e = g²/2σ e in the velocity.
            Self::Velocity => (0.5 * process.diffusion_squared(t) / process.std(t)).powi(2),
            Self::MinSnr { gamma } => {
                let snr = process.log_snr(t).exp();
                snr.min(gamma) / snr
            }
        }
    }
}
