//! Integrals over the time of a process.

use fokker_process::Process;

use crate::grid::GAUSS;
use crate::{LaboratoryError, check};

/// From one time to another, in panels of equal width in the log-SNR. Three Gauss points in each: order 6.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Where the integral begins.
    pub from: f64,
    /// Where it ends, before or after.
    pub to: f64,
    /// Number of panels.
    pub panels: usize,
}

/// A panel: its Gauss points as times and signed weights dt, and its end.
pub(super) struct Panel {
    pub nodes: [(f64, f64); 3],
    pub end: f64,
}

impl Span {
    /// Checks the times and the number.
    ///
    /// # Errors
    /// Times that are not above 0 or are the same; no panels, or too many.
    pub fn check(&self, process: &dyn Process) -> Result<(), LaboratoryError> {
        check::within("from", self.from, process.min_time()..=process.horizon())?;
        check::within("to", self.to, process.min_time()..=process.horizon())?;
        if self.from == self.to {
            return Err(LaboratoryError::value("to", self.to, "another time than from"));
        }
        check::count("panels", self.panels, 1..=100_000)
    }

    pub(super) fn panels(&self, process: &dyn Process) -> Vec<Panel> {
        let (first, last) = (process.log_snr(self.from), process.log_snr(self.to));
        let width = (last - first) / self.panels as f64;
        let panel = |k: usize| {
            let middle = first + (k as f64 + 0.5) * width;
            // (ln SNR)′ = −g²/σ².
            let nodes = GAUSS.map(|(place, weight)| {
                let t = process.time_of_log_snr(middle + place * width);
                (t, -weight * width * process.std(t).powi(2) / process.diffusion_squared(t))
            });
            let end = if k + 1 == self.panels { self.to } else { process.time_of_log_snr(middle + 0.5 * width) };
            Panel { nodes, end }
        };
        (0..self.panels).map(panel).collect()
    }
}

/// Both sides of an inequality at one time, for each point.
#[derive(Clone, Debug, PartialEq)]
pub struct Inequality {
    /// The time.
    pub t: f64,
    /// The left sides.
    pub left: Vec<f64>,
    /// The right sides.
    pub right: Vec<f64>,
}

impl Inequality {
    /// The means over the points.
    pub fn means(&self) -> (f64, f64) {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        (mean(&self.left), mean(&self.right))
    }

    /// The least gap, right less left, over the points.
    pub fn least_gap(&self) -> f64 {
        self.left.iter().zip(&self.right).map(|(left, right)| right - left).fold(f64::INFINITY, f64::min)
    }
}
