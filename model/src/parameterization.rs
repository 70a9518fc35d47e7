//! What the network's output means: one table for noise, score, data, velocity and EDM's preconditioning.
//!
//! With `x_t = α x₀ + σ ε` and the raw output `F = network(c_in x_t, c_noise)`, every estimate is an affine function
//! of the noisy data and of `F`. With `s² = α² + σ²`, `q² = α² σ_d² + σ²` and `w = α σ′ − σ α′`:
//!
//! | output | target of `F` | estimate of ε | estimate of x₀ |
//! |---|---|---|---|
//! | `epsilon` (Ho et al. 2020; [SDE tutorial, eq. 4.2.57]) | `ε` | `F` | `x/α − σ/α F` |
//! | `score` [SDE tutorial, eq. 4.1.15] | `−ε/σ` | `−σ F` | `x/α + σ²/α F` |
//! | `x0` | `x₀` | `x/σ − α/σ F` | `F` |
//! | `v` (Salimans & Ho 2022) | `α ε − σ x₀` | `(σ x + α F)/s²` | `(α x − σ F)/s²` |
//! | `edm` (Karras et al. 2022, table 1) | `σ/(σ_d q) x₀ − α σ_d/q ε` | `σ/q² x − α σ_d/q F` | `α σ_d²/q² x + σ σ_d/q F` |
//! | `velocity` (Lipman et al. 2023, eq. 8) | `α′ x₀ + σ′ ε` | `(α F − α′ x)/w` | `(σ′ x − σ F)/w` |
//!
//! The score is always `−ε/σ`, and the velocity `α′ x₀ + σ′ ε`. Every entry is written without a difference that cancels, so
//! nothing is lost as `σ → 0`. The last four are finite at `α = 0` too, where pure noise says nothing of the data: there `epsilon`
//! and `score` have no estimate of `x₀`, and [`Parameterization::validate_under`] refuses them.

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
    /// The velocity `α ε − σ x₀` of a variance-preserving process in units of its angle.
    V,
    /// The mixture of data and noise that has unit variance (Karras et al. 2022).
    Edm,
    /// The velocity `α′ x₀ + σ′ ε` of the process in its time: flow matching.
    Velocity,
}

impl Output {
    /// Every output.
    pub const ALL: [Self; 6] = [Self::Epsilon, Self::Score, Self::X0, Self::V, Self::Edm, Self::Velocity];
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
    /// The step of the process's own chain of N, `N t/T − 1`; for chains alone.
    ChainStep,
    /// `1000 t/T`, of a network that takes the noisy data as they are, unscaled: how diffusers asks networks of flow matching.
    ScaledTime,
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
    /// `E[α′ x₀ + σ′ ε | x_t]`, the drift of the probability flow in the process's time
    Velocity,
}

/// `α` and `σ` at a time, with their derivatives.
struct Coefficients {
    mean_scale: TimeDual,
    std: TimeDual,
    mean_scale_derivative: TimeDual,
    std_derivative: TimeDual,
}

impl Coefficients {
    fn at(process: &dyn Process, t: f64) -> Self {
        Self {
            mean_scale: TimeDual::mean_scale(process, t),
            std: TimeDual::std(process, t),
            mean_scale_derivative: TimeDual::mean_scale_derivative(process, t),
            std_derivative: TimeDual::std_derivative(process, t),
        }
    }

    /// `w = α σ′ − σ α′`, above 0 as σ/α rises.
    fn turning(&self) -> TimeDual {
        self.mean_scale * self.std_derivative + -(self.std * self.mean_scale_derivative)
    }
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

    /// Checks that every estimate exists at all times of a process.
    ///
    /// # Errors
    /// An output or a conditioning that is infinite in pure noise; a velocity whose rate the process does not state; the step of
    /// a chain for a process that is none.
    pub fn validate_under(&self, process: &dyn Process) -> Result<(), ModelError> {
        let fail = |key: &str, message: String| Err(ModelError::config(format!("parameterization.{key}"), message));
        let name = process.name();
        if self.output == Output::Velocity && process.second_derivatives(0.5 * process.horizon()).is_none() {
            return fail("output", format!("{name} does not state how its velocity changes; use \"v\" or \"edm\""));
        }
        if self.conditioning == Conditioning::ChainStep && process.chain_steps().is_none() {
            return fail("conditioning", format!("{name} is no chain of steps; use \"timestep\""));
        }
        if !process.reaches_pure_noise() {
            return Ok(());
        }
        if matches!(self.output, Output::Epsilon | Output::Score) {
            let message = format!("{name} begins in pure noise, from which the noise alone says nothing of the data");
            return fail("output", format!("{message}; use \"velocity\", \"v\", \"x0\" or \"edm\""));
        }
        if matches!(self.conditioning, Conditioning::LogSigma | Conditioning::Sigma) {
            return fail("conditioning", format!("σ/α is infinite where {name} begins; use \"timestep\" or \"time\""));
        }
        Ok(())
    }

    /// `c_in`: the factor that brings the noisy data to unit variance, `1/√(α² σ_d² + σ²)` for EDM and `1/√(α² + σ²)`
    /// (1 for variance-preserving processes) for the others; 1 with [`Conditioning::ScaledTime`].
    pub fn input_scale(&self, process: &dyn Process, t: f64) -> TimeDual {
        let (mean_scale, std) = (TimeDual::mean_scale(process, t), TimeDual::std(process, t));
        match self.output {
            _ if self.conditioning == Conditioning::ScaledTime => TimeDual::constant(1.0),
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
            Conditioning::ChainStep => {
                let steps = process.chain_steps().map_or(f64::NAN, |steps| steps as f64);
                let rate = steps / process.horizon();
                TimeDual { value: rate * t - 1.0, derivative: rate }
            }
            Conditioning::ScaledTime => {
                let rate = 1000.0 / process.horizon();
                TimeDual { value: rate * t, derivative: rate }
            }
        }
    }

    /// An estimate in terms of `x_t` and `F`, with the factors' derivatives in time.
    pub fn estimate(&self, estimate: Estimate, process: &dyn Process, t: f64) -> Affine<TimeDual> {
        let at = Coefficients::at(process, t);
        match estimate {
            Estimate::Noise => self.noise_from(&at),
            Estimate::Denoised => self.denoised_from(&at),
            Estimate::Score => {
                let Affine { input, output } = self.noise_from(&at);
                Affine { input: -(input / at.std), output: -(output / at.std) }
            }
            Estimate::Velocity if self.output == Output::Velocity => {
                Affine { input: TimeDual::constant(0.0), output: TimeDual::constant(1.0) }
            }
            Estimate::Velocity => {
                let (noise, data) = (self.noise_from(&at), self.denoised_from(&at));
                let sum = |of_data: TimeDual, of_noise: TimeDual| {
                    at.mean_scale_derivative * of_data + at.std_derivative * of_noise
                };
                Affine { input: sum(data.input, noise.input), output: sum(data.output, noise.output) }
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

    fn noise_from(&self, at: &Coefficients) -> Affine<TimeDual> {
        let &Coefficients { mean_scale, std, mean_scale_derivative, .. } = at;
        let (input, output) = match self.output {
            Output::Epsilon => (TimeDual::constant(0.0), TimeDual::constant(1.0)),
            Output::Score => (TimeDual::constant(0.0), -std),
            Output::X0 => (std.recip(), -(mean_scale / std)),
            Output::V => {
                let square = mean_scale * mean_scale + std * std;
                (std / square, mean_scale / square)
            }
            Output::Edm => {
                let spread = self.edm_spread(mean_scale, std);
                (std / (spread * spread), -self.sigma_data * (mean_scale / spread))
            }
            Output::Velocity => (-(mean_scale_derivative / at.turning()), mean_scale / at.turning()),
        };
        Affine { input, output }
    }

    fn denoised_from(&self, at: &Coefficients) -> Affine<TimeDual> {
        let &Coefficients { mean_scale, std, std_derivative, .. } = at;
        let (input, output) = match self.output {
            Output::Epsilon => (mean_scale.recip(), -(std / mean_scale)),
            Output::Score => (mean_scale.recip(), std * std / mean_scale),
            Output::X0 => (TimeDual::constant(0.0), TimeDual::constant(1.0)),
            Output::V => {
                let square = mean_scale * mean_scale + std * std;
                (mean_scale / square, -(std / square))
            }
            Output::Edm => {
                let spread = self.edm_spread(mean_scale, std);
                let data = self.sigma_data;
                (data * data * (mean_scale / (spread * spread)), data * (std / spread))
            }
            Output::Velocity => (std_derivative / at.turning(), -(std / at.turning())),
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
                let spread = std.hypot(self.sigma_data * mean_scale);
                (std / (self.sigma_data * spread), -self.sigma_data * mean_scale / spread)
            }
            Output::Velocity => (process.mean_scale_derivative(t), process.std_derivative(t)),
        }
    }

    /// `q`.
    fn edm_spread(&self, mean_scale: TimeDual, std: TimeDual) -> TimeDual {
        (self.sigma_data * mean_scale).hypot(std)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fokker_process::ProcessConfig;

    /// With the true `F`, every estimate is exact: the table is consistent with itself.
    #[test]
    fn estimates_from_the_target_are_the_truth() {
        let processes: Vec<ProcessConfig> = ["vp", "ve", "sub_vp", "rve", "edm", "linear_path", "trigonometric_path"]
            .iter()
            .map(|kind| ProcessConfig::named(kind).unwrap())
            .collect();
        let (x0, eps) = (0.37, -1.21);
        for process in processes.iter().map(|config| config.build().unwrap()) {
            for output in Output::ALL {
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
                    let velocity = table.estimate(Estimate::Velocity, &*process, t).values();
                    let exact = process.mean_scale_derivative(t) * x0 + process.std_derivative(t) * eps;
                    // The velocity under the linear path is made of rates; ε of one that is not.
                    let gap = (value(velocity) - exact).abs();
                    let rates = process.mean_scale_derivative(t).abs() + process.std_derivative(t);
                    let allowed = 1e-14 * (terms(velocity) + rates * (1.0 + terms(noise) + terms(denoised)));
                    assert!(gap <= allowed, "{output:?} {process:?} {t}: {gap:e}");
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

    /// In pure noise, where α = 0: the noise is the state, the velocity is what the target says, and nothing is infinite.
    #[test]
    fn estimates_in_pure_noise_are_finite_and_true() {
        for process in
            ["linear_path", "trigonometric_path"].map(|kind| ProcessConfig::named(kind).unwrap().build().unwrap())
        {
            for output in [Output::X0, Output::V, Output::Edm, Output::Velocity] {
                let table = Parameterization { output, conditioning: Conditioning::Time, sigma_data: 0.5 };
                assert!(table.validate_under(&*process).is_ok());
                let (x0, eps) = (0.37, -1.21);
                let (of_data, of_noise) = table.target(&*process, 1.0);
                let raw = of_data * x0 + of_noise * eps;
                let value = |estimate| {
                    let affine = table.estimate(estimate, &*process, 1.0);
                    assert!(affine.input.derivative.is_finite() && affine.output.derivative.is_finite());
                    affine.input.value * eps + affine.output.value * raw
                };
                let velocity = process.mean_scale_derivative(1.0) * x0 + process.std_derivative(1.0) * eps;
                let pairs = [
                    (value(Estimate::Noise), eps),
                    (value(Estimate::Denoised), x0),
                    (value(Estimate::Score), -eps),
                    (value(Estimate::Velocity), velocity),
                ];
                assert!(pairs.iter().all(|(got, exact)| (got - exact).abs() < 1e-14), "{output:?}: {pairs:?}");
            }
        }
    }

    /// The table's derivatives in time, against differences.
    #[test]
    fn the_rates_of_a_velocity_are_its_derivatives() {
        for kind in ["linear_path", "trigonometric_path", "vp", "edm"] {
            let process = ProcessConfig::named(kind).unwrap().build().unwrap();
            let table = Parameterization { output: Output::Velocity, ..Parameterization::default() };
            for estimate in [Estimate::Noise, Estimate::Denoised, Estimate::Score] {
                let at = |t: f64| table.estimate(estimate, &*process, t);
                let (t, h) = (0.4 * process.horizon(), 1e-5);
                for part in [|affine: Affine<TimeDual>| affine.input, |affine: Affine<TimeDual>| affine.output] {
                    let slope = (part(at(t + h)).value - part(at(t - h)).value) / (2.0 * h);
                    let exact = part(at(t)).derivative;
                    // h² times a third derivative, and rounding over h.
                    assert!((slope - exact).abs() < 1e-7 * (1.0 + exact.abs()), "{kind} {estimate:?}: {slope} {exact}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_meaning_under_a_process_is_refused() {
        let refuse = |kind: &str, output, conditioning, key: &str| {
            let process = ProcessConfig::named(kind).unwrap().build().unwrap();
            let table = Parameterization { output, conditioning, sigma_data: 0.5 };
            let message = table.validate_under(&*process).unwrap_err().to_string();
            assert!(message.contains(&format!("parameterization.{key}")) && message.contains(kind), "{message}");
        };
        refuse("linear_path", Output::Epsilon, Conditioning::Time, "output");
        refuse("trigonometric_path", Output::Velocity, Conditioning::LogSigma, "conditioning");
        refuse("rve", Output::Velocity, Conditioning::Time, "output");
    }
}
