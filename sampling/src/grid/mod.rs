//! Times at which a sampler stops on its way from the horizon to the smallest time.
//!
//! A continuous grid of `n` steps has `n + 1` times, from the horizon to the smallest time. A discrete one names the
//! `n` steps of a chain at which the network is asked, which is what other libraries count: with the final denoising
//! step, `n` points are `n` network calls for a method with one call per step.

mod points;
#[cfg(test)]
mod tests;
mod validate;

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::solvers::{Coordinates, ratio};

/// The most steps that a grid can have.
pub const MOST_STEPS: usize = 1 << 22;

/// How the steps are spread.
///
/// ```
/// use fokker_process::{Process, Vp};
/// use fokker_sampling::TimeGrid;
///
/// let process = Vp::default();
/// let times = TimeGrid::Karras { rho: 7.0 }.times(&process, 10);
/// assert_eq!((times.len(), times[0], times[10]), (11, process.horizon(), process.min_time()));
/// assert!(times.is_sorted_by(|a, b| a > b));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TimeGrid {
    /// Equal steps in `t`.
    Uniform,
    /// Equal steps in `√t` (Song et al. 2020, "quadratic").
    Quadratic,
    /// Equal steps in `log SNR` (Lu et al. 2022); not from pure noise, where it is −∞.
    LogSnr,
    /// Equal steps in `(σ/α)^{1/ρ}` (Karras et al. 2022, eq. 5); from pure noise, in that power of the share of the noise, the
    /// variable of [`Coordinates`].
    Karras {
        /// The exponent; larger spends more steps at low noise.
        #[serde(default = "default_rho")]
        rho: f64,
    },
    /// Every `⌊N/n⌋`-th step of a chain from its first one on (Lin et al. 2023, table 2, "leading").
    Leading {
        /// Steps `N` of the chain; knot `k` is the time `(k + 1)/N` of the horizon.
        #[serde(default = "default_train_steps")]
        train_steps: usize,
        /// Added to every step.
        #[serde(default)]
        offset: usize,
        /// Whether the smallest point is used. DPM-Solver's schedules take one point more and leave it out.
        #[serde(default = "yes")]
        endpoint: bool,
    },
    /// Every `N/n`-th step of a chain from its last one back ("trailing").
    Trailing {
        /// As above.
        #[serde(default = "default_train_steps")]
        train_steps: usize,
    },
    /// Steps of a chain, evenly from the last to the first ("linspace").
    Linspace {
        /// As above.
        #[serde(default = "default_train_steps")]
        train_steps: usize,
        /// As above.
        #[serde(default = "yes")]
        endpoint: bool,
    },
    /// These times, falling.
    Times {
        /// In (0, horizon].
        values: Vec<f64>,
    },
    /// The times of these noise levels σ/α, falling: any schedule of any library.
    NoiseLevels {
        /// Above 0, at most that of the horizon.
        values: Vec<f64>,
    },
}

fn default_rho() -> f64 {
    7.0
}

fn default_train_steps() -> usize {
    1000
}

fn yes() -> bool {
    true
}

impl TimeGrid {
    /// Whether the number of steps is that of the points, so that there is one interval less.
    pub fn counts_points(&self) -> bool {
        !matches!(self, Self::Uniform | Self::Quadratic | Self::LogSnr | Self::Karras { .. })
    }

    /// Number of intervals for a number of steps.
    pub fn intervals(&self, steps: usize) -> usize {
        match self {
            Self::Times { values } | Self::NoiseLevels { values } => values.len().saturating_sub(1),
            _ if self.counts_points() => steps.saturating_sub(1),
            _ => steps,
        }
    }

    /// Strictly decreasing times: `steps + 1` from the process's horizon to its smallest time, or the points of a
    /// discrete grid. A grid that [`TimeGrid::validate`] refuses has other times, or none.
    pub fn times(&self, process: &dyn Process, steps: usize) -> Vec<f64> {
        if self.counts_points() {
            return self.points(process, steps);
        }
        self.continuous(process, steps, |k| k as f64, steps)
    }

    /// The last share of the way to the data: from the time at that share before the end, in steps of at most the grid's own
    /// length. It has the points of the grid where the share is a whole number of steps. A discrete grid has its last points, to the
    /// nearest whole number and at least one.
    ///
    /// ```
    /// use fokker_process::Vp;
    /// use fokker_sampling::TimeGrid;
    ///
    /// let (process, grid) = (Vp::default(), TimeGrid::Karras { rho: 7.0 });
    /// assert_eq!(grid.last_times(&process, 20, 0.5), grid.times(&process, 20)[10..]);
    /// // The time that a share begins with does not depend on the number of steps.
    /// let begins = |steps: usize| grid.last_times(&process, steps, 0.33)[0];
    /// assert!((begins(20) - begins(100)).abs() < 1e-12);
    /// ```
    pub fn last_times(&self, process: &dyn Process, steps: usize, share: f64) -> Vec<f64> {
        let wanted = share * steps as f64;
        if self.counts_points() {
            let times = self.times(process, steps);
            let count = (share * times.len() as f64).round().clamp(1.0, times.len() as f64) as usize;
            return times[times.len() - count..].to_vec();
        }
        // A share that was meant as a whole number of steps is one.
        let whole = (wanted - wanted.round()).abs() < 1e-9 * steps as f64;
        let wanted = if whole { wanted.round() } else { wanted };
        if wanted == 0.0 {
            return vec![process.min_time()];
        }
        let count = wanted.ceil() as usize;
        let place = |k: usize| steps as f64 - wanted * (count - k) as f64 / count as f64;
        self.continuous(process, steps, place, count)
    }

    /// `count + 1` times of a continuous grid, at places from 0, the horizon, to `steps`, the smallest time.
    fn continuous(
        &self,
        process: &dyn Process,
        steps: usize,
        place_of: impl Fn(usize) -> f64,
        count: usize,
    ) -> Vec<f64> {
        let (first, last) = (process.horizon(), process.min_time());
        let between = |a: f64, b: f64, k: f64| a + (b - a) * k / steps as f64;
        let coordinates = Coordinates::of(process);
        let place = |t: f64| coordinates.of_ratio(ratio(process, t));
        let mut times: Vec<f64> = (0..=count)
            .map(place_of)
            .map(|k| match *self {
                _ if k <= 0.0 => first,
                Self::Quadratic => between(first.sqrt(), last.sqrt(), k).powi(2),
                Self::LogSnr => process.time_of_log_snr(between(process.log_snr(first), process.log_snr(last), k)),
                Self::Karras { rho } => {
                    let root = between(place(first).powf(1.0 / rho), place(last).powf(1.0 / rho), k);
                    match coordinates {
                        Coordinates::Ratio => process.time_of_log_snr(-2.0 * rho * root.ln()),
                        _ => process.time_of_log_snr(-2.0 * coordinates.ratio(root.powf(rho)).ln()),
                    }
                }
                _ => between(first, last, k),
            })
            .collect();
        times[count] = last;
        times
    }
}
