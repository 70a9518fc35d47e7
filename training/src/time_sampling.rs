//! Which diffusion times are trained on, and with what weight.

use fokker_process::Process;
use fokker_random::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::error::TrainingError;

/// The law of the diffusion time.
///
/// ```
/// use fokker_process::{Process, Vp};
/// use fokker_training::TimeSampling;
///
/// let process = Vp::default();
/// // The median of times that are even in the log-SNR is in the middle of the log-SNR.
/// let draw = TimeSampling::Importance.at_quantile(&process, 0.5);
/// let middle = 0.5 * (process.log_snr(process.min_time()) + process.log_snr(process.horizon()));
/// assert!((process.log_snr(draw.t) - middle).abs() < 1e-9);
/// assert_eq!(TimeSampling::Uniform.at_quantile(&process, 0.5).importance, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
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
    /// `ln(t/(T − t)) ~ N(mean, std²)`, cut off at the smallest time; the density is part of the objective (Esser et al. 2024, eq. 19).
    /// Under the linear path it is [`TimeSampling::LogNormal`], since σ/α is t/(1 − t) there.
    LogitNormal {
        /// Mean of the logit; above 0 for more times of strong noise.
        #[serde(default)]
        mean: f64,
        /// Standard deviation of the logit.
        #[serde(default = "one")]
        std: f64,
    },
}

fn one() -> f64 {
    1.0
}

fn default_mean() -> f64 {
    -1.2
}

fn default_std() -> f64 {
    1.2
}

impl Default for TimeSampling {
    /// EDM's law (Karras et al. 2022, table 1): `ln(σ/α) ~ N(−1.2, 1.2²)`.
    fn default() -> Self {
        Self::LogNormal { mean: default_mean(), std: default_std() }
    }
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
    /// One of each kind, with the default numbers.
    pub const KINDS: [Self; 3] = [Self::Uniform, Self::Importance, Self::LogNormal { mean: -1.2, std: 1.2 }];

    /// The name in configurations.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Importance => "importance",
            Self::LogNormal { .. } => "log_normal",
            Self::LogitNormal { .. } => "logit_normal",
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// A mean that is not finite, or a standard deviation that is not positive.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let (Self::LogNormal { mean, std } | Self::LogitNormal { mean, std }) = *self else { return Ok(()) };
        if !mean.is_finite() {
            return Err(TrainingError::config("objective.time.mean", format!("{mean} is not finite")));
        }
        if !(std.is_finite() && std > 0.0) {
            return Err(TrainingError::config("objective.time.std", format!("{std} is not positive")));
        }
        Ok(())
    }

    /// `count` times: at quantiles that are spread evenly and shifted together, or each at a quantile of its own. Evenly spread ones
    /// are in an order in which the first few are spread as well.
    pub fn draw(&self, process: &dyn Process, rng: &mut Rng, count: usize, stratified: bool) -> Vec<TimeDraw> {
        let shift: f64 = rng.random();
        let stride = stride(count);
        (0..count)
            .map(|example| {
                let quantile = match stratified {
                    true => (shift + (example * stride % count) as f64 / count as f64).fract(),
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
            Self::LogitNormal { mean, std } => {
                let normal = Normal::new(mean, std).expect("validated to be finite and positive");
                let below = normal.cdf((first / (last - first)).ln());
                let logit = normal.inverse_cdf(below + u * (1.0 - below));
                TimeDraw { t: (last / (1.0 + (-logit).exp())).max(first), importance: 1.0 }
            }
        }
    }
}

/// A number without a common divisor with `count`, close to `count` over the golden ratio: its first multiples modulo `count` are far
/// apart.
fn stride(count: usize) -> usize {
    let coprime = |stride: usize| {
        let (mut a, mut b) = (count, stride);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a == 1
    };
    let wanted = (count as f64 * 0.618_033_988_75).round() as usize;
    (wanted.max(1)..).find(|&stride| coprime(stride)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use fokker_process::ProcessConfig;
    use fokker_random::{Stream, rng};

    use super::*;

    /// Under the linear path σ/α = t/(1 − t), so that the two laws are one; the median is where the logit has its mean.
    #[test]
    fn logit_normal_times_of_the_linear_path_are_log_normal() {
        let process = ProcessConfig::named("linear_path").unwrap().build().unwrap();
        let (mean, std) = (0.3, 0.9);
        for u in [0.0, 0.02, 0.4, 0.77, 0.999] {
            let logit = TimeSampling::LogitNormal { mean, std }.at_quantile(&*process, u);
            let ratio = TimeSampling::LogNormal { mean, std }.at_quantile(&*process, u);
            assert!((logit.t - ratio.t).abs() < 1e-12 && logit.importance == 1.0, "{u}: {logit:?} {ratio:?}");
        }
        let median = TimeSampling::LogitNormal { mean, std }.at_quantile(&*process, 0.5).t;
        assert!((median - 1.0 / (1.0 + f64::exp(-mean))).abs() < 1e-6, "{median}");
    }

    /// All quantiles of a batch, one in each of `count` parts; and the first few, one in each of fewer parts but for neighbours.
    #[test]
    fn even_times_are_spread_in_whole_and_in_part() {
        let process =
            serde_json::from_str::<ProcessConfig>(r#"{ "kind": "ve", "min_time": 1e-5 }"#).unwrap().build().unwrap();
        for count in [1, 2, 3, 4, 6, 16, 97, 128] {
            let mut rng = rng(1, Stream::Test, count as u64);
            let draws = TimeSampling::Uniform.draw(&*process, &mut rng, count, true);
            let parts = |first: usize, parts: usize| {
                let mut parts: Vec<usize> =
                    draws[..first].iter().map(|draw| (draw.t * parts as f64).floor() as usize).collect();
                parts.sort_unstable();
                parts.dedup();
                parts.len()
            };
            assert_eq!(parts(count, count), count);
            for first in 1..=count {
                let mut times: Vec<f64> = draws[..first].iter().map(|draw| draw.t).collect();
                times.sort_by(f64::total_cmp);
                let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
                let largest = gaps.chain([1.0 - times[first - 1] + times[0]]).fold(0.0, f64::max);
                // Evenly spread it would be 1/first.
                assert!(largest <= 2.7 / first as f64, "{first} of {count}: {largest}");
            }
        }
    }
}
