//! What the network's output means: one table for noise, score, data, velocity and EDM's preconditioning.
//!
//! With `x_t = α x₀ + σ ε` and the raw output `F = network(c_in x_t, c_noise)`, every estimate is an affine function
//! of the noisy data and of `F`. With `σ̂ = σ/α`, `r² = σ̂² + σ_d²` and `s² = α² + σ²`:
//!
//! | output | target of `F` | estimate of ε | estimate of x₀ |
//! |---|---|---|---|
//! | `epsilon` (Ho et al. 2020; [SDE tutorial, eq. 4.2.57]) | `ε` | `F` | `x/α − σ/α F` |
//! | `score` [SDE tutorial, eq. 4.1.15] | `−ε/σ` | `−σ F` | `x/α + σ²/α F` |
//! | `x0` | `x₀` | `x/σ − α/σ F` | `F` |
//! | `v` (Salimans & Ho 2022) | `α ε − σ x₀` | `(σ x + α F)/s²` | `(α x − σ F)/s²` |
//! | `edm` (Karras et al. 2022, table 1) | `σ̂/(σ_d r) x₀ − σ_d/r ε` | `σ̂/(α r²) x − σ_d/r F` | `σ_d²/(α r²) x + σ̂ σ_d/r F` |
//!
//! The score is always `−ε/σ`. Every entry is written without a difference that cancels, so nothing is lost as
//! `σ → 0`.

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::time_dual::TimeDual;

/// What the raw output of the network estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Output {
    /// The noise ε.
    Epsilon,
    /// The score `∇ log p_t`.
    Score,
    /// The clean data.
    X0,
    /// The velocity `α ε − σ x₀`.
    V,
    /// The mixture of data and noise that has unit variance (Karras et al. 2022).
    Edm,
}

/// The number by which the network knows the noise level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Conditioning {
    /// The step of a chain of 1000: `1000 t/T − 1`.
    Timestep,
    /// `¼ ln(σ/α)` (Karras et al. 2022).
    LogSigma,
    /// `σ/α` (Song et al. 2021, VE networks with Fourier features).
    Sigma,
    /// `t/T`, for networks with Fourier features of their own scale.
    Time,
}

/// How a network's input is scaled and its output read.
///
/// ```
/// use fokker_model::{Output, Parameterization};
///
/// let edm = Parameterization { sigma_data: 1.0, ..Parameterization::default() };
/// let epsilon = Parameterization { output: Output::Epsilon, ..Parameterization::default() };
/// assert!(edm.validate().is_ok() && epsilon.validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameterization {
    /// What the raw output estimates.
    pub output: Output,
    /// How the noise level enters the network.
    pub conditioning: Conditioning,
    /// Standard deviation `σ_d` of the data, for EDM's preconditioning.
    #[serde(default = "default_sigma_data")]
    pub sigma_data: f64,
}

fn default_sigma_data() -> f64 {
    0.5
}

impl Default for Parameterization {
    /// EDM's preconditioning (Karras et al. 2022, table 1) for data of deviation ½, such as images in [−1, 1].
    fn default() -> Self {
        Self { output: Output::Edm, conditioning: Conditioning::LogSigma, sigma_data: default_sigma_data() }
    }
}

/// An affine function `input · x + output · F` of the noisy data and the raw output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine<T = f64> {
    /// Factor of `x_t`.
    pub input: T,
    /// Factor of `F`.
    pub output: T,
}

impl Affine<TimeDual> {
    /// The factors alone, without their derivatives.
    pub(crate) fn values(self) -> Affine {
        Affine { input: self.input.value, output: self.output.value }
    }
}

/// What is read off a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// `E[ε | x_t]`
    Noise,
    /// `∇ log p_t = −E[ε | x_t]/σ`
    Score,
    /// `E[x₀ | x_t]`
    Denoised,
}

impl Parameterization {
    /// Checks the numbers.
    ///
    /// # Errors
    /// `sigma_data` that is not positive.
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.sigma_data.is_finite() && self.sigma_data > 0.0 {
            return Ok(());
        }
        Err(ModelError::config("parameterization.sigma_data", format!("{} is not positive", self.sigma_data)))
    }

    /// `c_in`: the factor that brings the noisy data to unit variance, `1/√(α² σ_d² + σ²)` for EDM and `1/√(α² + σ²)`
    /// (1 for variance-preserving processes) for the others.
    pub fn input_scale(&self, process: &dyn Process, t: f64) -> TimeDual {
        let (mean_scale, std) = (TimeDual::mean_scale(process, t), TimeDual::std(process, t));
        match self.output {
            Output::Edm => (self.sigma_data * mean_scale).hypot(std).recip(),
            _ if process.is_variance_preserving() => TimeDual::constant(1.0),
            _ => mean_scale.hypot(std).recip(),
        }
    }

    /// `c_noise`: the number that conditions the network.
    pub fn noise_condition(&self, process: &dyn Process, t: f64) -> TimeDual {
        match self.conditioning {
            Conditioning::Timestep => {
                let rate = 1000.0 / process.horizon();
                TimeDual { value: rate * t - 1.0, derivative: rate }
            }
            Conditioning::LogSigma => -0.125 * TimeDual::log_snr(process, t),
            Conditioning::Sigma => TimeDual::std(process, t) / TimeDual::mean_scale(process, t),
            Conditioning::Time => {
                let rate = process.horizon().recip();
                TimeDual { value: rate * t, derivative: rate }
            }
        }
    }

    /// An estimate in terms of `x_t` and `F`, with the factors' derivatives in time.
    pub fn estimate(&self, estimate: Estimate, process: &dyn Process, t: f64) -> Affine<TimeDual> {
        let (mean_scale, std) = (TimeDual::mean_scale(process, t), TimeDual::std(process, t));
        match estimate {
            Estimate::Noise => self.noise_from(mean_scale, std),
            Estimate::Denoised => self.denoised_from(mean_scale, std),
            Estimate::Score => {
                let Affine { input, output } = self.noise_from(mean_scale, std);
                Affine { input: -(input / std), output: -(output / std) }
            }
        }
    }

    /// The noise `ε` in terms of `x_t` and `F`.
    pub fn noise(&self, process: &dyn Process, t: f64) -> Affine {
        self.estimate(Estimate::Noise, process, t).values()
    }

    /// The clean data `x₀` in terms of `x_t` and `F`: `c_skip` and `c_out`.
    pub fn denoised(&self, process: &dyn Process, t: f64) -> Affine {
        self.estimate(Estimate::Denoised, process, t).values()
    }

    fn noise_from(&self, mean_scale: TimeDual, std: TimeDual) -> Affine<TimeDual> {
        let (input, output) = match self.output {
            Output::Epsilon => (TimeDual::constant(0.0), TimeDual::constant(1.0)),
            Output::Score => (TimeDual::constant(0.0), -std),
            Output::X0 => (std.recip(), -(mean_scale / std)),
            Output::V => {
                let square = mean_scale * mean_scale + std * std;
                (std / square, mean_scale / square)
            }
            Output::Edm => {
                let (ratio, spread) = self.edm_spread(mean_scale, std);
                (ratio / (mean_scale * spread * spread), -self.sigma_data * spread.recip())
            }
        };
        Affine { input, output }
    }

    fn denoised_from(&self, mean_scale: TimeDual, std: TimeDual) -> Affine<TimeDual> {
        let (input, output) = match self.output {
            Output::Epsilon => (mean_scale.recip(), -(std / mean_scale)),
            Output::Score => (mean_scale.recip(), std * std / mean_scale),
            Output::X0 => (TimeDual::constant(0.0), TimeDual::constant(1.0)),
            Output::V => {
                let square = mean_scale * mean_scale + std * std;
                (mean_scale / square, -(std / square))
            }
            Output::Edm => {
                let (ratio, spread) = self.edm_spread(mean_scale, std);
                let data = self.sigma_data;
                (data * data * (mean_scale * spread * spread).recip(), data * (ratio / spread))
            }
        };
        Affine { input, output }
    }

    /// What `F` should be, as factors of `x₀` and `ε`.
    pub fn target(&self, process: &dyn Process, t: f64) -> (f64, f64) {
        let (mean_scale, std) = (process.mean_scale(t), process.std(t));
        match self.output {
            Output::Epsilon => (0.0, 1.0),
            Output::Score => (0.0, -1.0 / std),
            Output::X0 => (1.0, 0.0),
            Output::V => (-std, mean_scale),
            Output::Edm => {
                let ratio = std / mean_scale;
                let spread = ratio.hypot(self.sigma_data);
                (ratio / (self.sigma_data * spread), -self.sigma_data / spread)
            }
        }
    }

    /// `σ̂` and `r`.
    fn edm_spread(&self, mean_scale: TimeDual, std: TimeDual) -> (TimeDual, TimeDual) {
        let ratio = std / mean_scale;
        (ratio, ratio.hypot(TimeDual::constant(self.sigma_data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fokker_process::ProcessConfig;

    /// With the true `F`, every estimate is exact: the table is consistent with itself.
    #[test]
    fn estimates_from_the_target_are_the_truth() {
        let processes: Vec<ProcessConfig> =
            ["vp", "ve", "sub_vp", "rve", "edm"].iter().map(|kind| ProcessConfig::named(kind).unwrap()).collect();
        let (x0, eps) = (0.37, -1.21);
        for process in processes.iter().map(|config| config.build().unwrap()) {
            for output in [Output::Epsilon, Output::Score, Output::X0, Output::V, Output::Edm] {
                let table = Parameterization { output, conditioning: Conditioning::LogSigma, sigma_data: 0.5 };
                for fraction in [0.02, 0.3, 0.9] {
                    let t = fraction * process.horizon();
                    let (mean_scale, std) = (process.mean_scale(t), process.std(t));
                    let x = mean_scale * x0 + std * eps;
                    let (of_data, of_noise) = table.target(&*process, t);
                    let raw = of_data * x0 + of_noise * eps;
                    let value = |affine: Affine| affine.input * x + affine.output * raw;
                    // Rounding is relative to the terms that are summed, which grow like 1/σ and σ/α.
                    let terms = |affine: Affine| (affine.input * x).abs() + (affine.output * raw).abs();
                    let (noise, denoised) = (table.noise(&*process, t), table.denoised(&*process, t));
                    assert!((value(noise) - eps).abs() <= 1e-14 * (1.0 + terms(noise)), "{output:?} {process:?} {t}");
                    assert!((value(denoised) - x0).abs() <= 1e-14 * (1.0 + terms(denoised)), "{output:?} {t}");
                }
            }
        }
    }

    #[test]
    fn edm_input_and_target_have_unit_variance() {
        let process = ProcessConfig::named("vp").unwrap().build().unwrap();
        let table = Parameterization { output: Output::Edm, conditioning: Conditioning::LogSigma, sigma_data: 0.5 };
        for t in [0.01, 0.2, 0.7, 1.0] {
            let input = (process.mean_scale(t) * 0.5).hypot(process.std(t)) * table.input_scale(&*process, t).value;
            let (of_data, of_noise) = table.target(&*process, t);
            assert!((input - 1.0).abs() < 1e-14);
            assert!(((0.5 * of_data).hypot(of_noise) - 1.0).abs() < 1e-14);
        }
    }
}
