//! A noise level: a time with α, σ and `λ = ln(α/σ)`, half of the log-SNR (Lu et al. 2022, eq. 2.6).

use fokker_process::Process;

/// A time with what the closed formulas need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The time.
    pub time: f64,
    /// α.
    pub mean_scale: f64,
    /// σ, in data units.
    pub std: f64,
    /// `λ = ln(α/σ)`.
    pub lambda: f64,
}

impl Level {
    /// The level of a time in (0, horizon].
    pub fn at(process: &dyn Process, time: f64) -> Self {
        let (mean_scale, std) = (process.mean_scale(time), process.std(time));
        Self { time, mean_scale, std, lambda: 0.5 * process.log_snr(time) }
    }

    /// The level with `ln(α/σ) = lambda`.
    pub fn of_lambda(process: &dyn Process, lambda: f64) -> Self {
        Self::at(process, process.time_of_log_snr(2.0 * lambda))
    }

    /// σ/α.
    pub fn ratio(&self) -> f64 {
        (-self.lambda).exp()
    }
}
