//! The law at the horizon.

use fokker_process::Process;

/// A law that sampling starts from.
pub trait Prior {
    /// `ln p` of a point at the horizon.
    fn log_density(&self, x: &[f64]) -> f64;
}

/// N(0, std²) for each coordinate: what samplers start from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianPrior {
    /// The standard deviation, in data units.
    pub std: f64,
}

impl GaussianPrior {
    /// The prior of a process.
    pub fn of(process: &dyn Process) -> Self {
        Self { std: process.prior_std() }
    }
}

impl Prior for GaussianPrior {
    fn log_density(&self, x: &[f64]) -> f64 {
        let square: f64 = x.iter().map(|x| (x / self.std).powi(2)).sum();
        -0.5 * square - x.len() as f64 * (self.std.ln() + 0.5 * std::f64::consts::TAU.ln())
    }
}

impl<F: Fn(&[f64]) -> f64> Prior for F {
    fn log_density(&self, x: &[f64]) -> f64 {
        self(x)
    }
}
