//! Which diffusion times are trained on, and with what weight.

use fokker_process::Process;
use fokker_random::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::error::TrainingError;

/// The law of the diffusion time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeSampling {
    /// Uniform on [min_time, horizon].
    Uniform,
    /// With density proportional to `g²/σ²`, and reweighted so that the expected loss is that of
    /// [`TimeSampling::Uniform`]: far less variance under the likelihood weighting (Song et al. 2021b, sec. 5.1).
    /// Since `d(log SNR)/dt = −g²/σ²`, that is a uniform log-SNR.
    Importance,
    /// `ln(σ/α) ~ N(mean, std²)`, cut off to the process's range; the density is part of the objective (Karras et al.
    /// 2022, table 1).
    LogNormal {
        /// Mean of `ln(σ/α)`.
        #[serde(default = "default_mean")]
        mean: f64,
        /// Standard deviation of `ln(σ/α)`.
        #[serde(default = "default_std")]
        std: f64,
    },
}

fn default_mean() -> f64 {
    -1.2
}

fn default_std() -> f64 {
    1.2
}

/// A diffusion time and the factor that makes up for how it was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeDraw {
    /// The time.
    pub t: f64,
    /// Density of the uniform law over density of the law it was drawn from; 1 if the law is part of the objective.
    pub importance: f64,
}

impl TimeSampling {
    /// Checks the numbers.
    ///
    /// # Errors
    /// A mean that is not finite, or a standard deviation that is not positive.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let Self::LogNormal { mean, std } = *self else { return Ok(()) };
        if !mean.is_finite() {
            return Err(TrainingError::config("objective.time.mean", format!("{mean} is not finite")));
        }
        if !(std.is_finite() && std > 0.0) {
            return Err(TrainingError::config("objective.time.std", format!("{std} is not positive")));
        }
        Ok(())
    }

    /// `count` times: at quantiles that are spread evenly and shifted together, or each at a quantile of its own.
    pub fn draw(&self, process: &dyn Process, rng: &mut Rng, count: usize, stratified: bool) -> Vec<TimeDraw> {
        let shift: f64 = rng.random();
        (0..count)
            .map(|example| {
                let quantile = match stratified {
                    true => (shift + example as f64 / count as f64).fract(),
                    false => rng.random(),
                };
                self.at_quantile(process, quantile)
            })
            .collect()
    }

    /// The time at quantile `u` in [0, 1) of the law.
    pub fn at_quantile(&self, process: &dyn Process, u: f64) -> TimeDraw {
        let (first, last) = (process.min_time(), process.horizon());
        match *self {
            Self::Uniform => TimeDraw { t: first + u * (last - first), importance: 1.0 },
            Self::Importance => {
                let (high, low) = (process.log_snr(first), process.log_snr(last));
                let t = process.time_of_log_snr(high + u * (low - high)).clamp(first, last);
                let density = process.diffusion_squared(t) / process.std(t).powi(2) / (high - low);
                TimeDraw { t, importance: 1.0 / (density * (last - first)) }
            }
            Self::LogNormal { mean, std } => {
                // Quantiles of the normal law between those of the two ends of the process's range.
                let normal = Normal::new(mean, std).expect("validated to be finite and positive");
                let end = |t: f64| normal.cdf(-0.5 * process.log_snr(t));
                let ln_ratio = normal.inverse_cdf(end(first) + u * (end(last) - end(first)));
                TimeDraw { t: process.time_of_log_snr(-2.0 * ln_ratio).clamp(first, last), importance: 1.0 }
            }
        }
    }
}
