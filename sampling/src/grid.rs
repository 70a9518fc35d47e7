//! Times at which a sampler stops on its way from the horizon to the smallest time.
//!
//! A continuous grid of `n` steps has `n + 1` times, from the horizon to the smallest time. A discrete one names the
//! `n` steps of a chain at which the network is asked, which is what other libraries count: with the final denoising
//! step, `n` points are `n` network calls for a method with one call per step.

use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// The most steps that a grid can have.
pub const MOST_STEPS: usize = 1 << 22;

/// How the steps are spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeGrid {
    /// Equal steps in `t`.
    Uniform,
    /// Equal steps in `√t` (Song et al. 2020, "quadratic").
    Quadratic,
    /// Equal steps in `log SNR` (Lu et al. 2022).
    LogSnr,
    /// Equal steps in `(σ/α)^{1/ρ}` (Karras et al. 2022, eq. 5).
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
            Self::Times { values } | Self::NoiseLevels { values } => values.len() - 1,
            _ if self.counts_points() => steps - 1,
            _ => steps,
        }
    }

    /// Strictly decreasing times: `steps + 1` from the process's horizon to its smallest time, or the points of a
    /// discrete grid.
    ///
    /// # Panics
    /// On a grid that [`TimeGrid::validate`] refuses.
    pub fn times(&self, process: &dyn Process, steps: usize) -> Vec<f64> {
        if self.counts_points() {
            return self.points(process, steps);
        }
        let (first, last) = (process.horizon(), process.min_time());
        let between = |a: f64, b: f64, k: usize| a + (b - a) * k as f64 / steps as f64;
        let ratio = |t: f64| (-0.5 * process.log_snr(t)).exp();
        let mut times: Vec<f64> = (0..=steps)
            .map(|k| match *self {
                Self::Quadratic => between(first.sqrt(), last.sqrt(), k).powi(2),
                Self::LogSnr => process.time_of_log_snr(between(process.log_snr(first), process.log_snr(last), k)),
                Self::Karras { rho } => {
                    let root = between(ratio(first).powf(1.0 / rho), ratio(last).powf(1.0 / rho), k);
                    process.time_of_log_snr(-2.0 * rho * root.ln())
                }
                _ => between(first, last, k),
            })
            .collect();
        (times[0], times[steps]) = (first, last);
        times
    }

    /// The points of a grid that counts them. Halves are rounded to even, as NumPy does.
    fn points(&self, process: &dyn Process, count: usize) -> Vec<f64> {
        // One point more where the smallest is left out.
        let spread = |endpoint: bool| count + usize::from(!endpoint);
        let (train_steps, knots): (usize, Vec<f64>) = match *self {
            Self::Leading { train_steps, offset, endpoint } => {
                let (each, first) = (train_steps / spread(endpoint), usize::from(!endpoint));
                (train_steps, (0..count).rev().map(|k| ((k + first) * each + offset) as f64).collect())
            }
            Self::Trailing { train_steps } => {
                let each = train_steps as f64 / count as f64;
                let knot = |k: usize| (train_steps as f64 - k as f64 * each).round_ties_even() - 1.0;
                (train_steps, (0..count).map(knot).collect())
            }
            Self::Linspace { train_steps, endpoint } => {
                let last = (spread(endpoint) - 1).max(1) as f64;
                let knot = |k: usize| ((train_steps - 1) as f64 * (last - k as f64) / last).round_ties_even();
                (train_steps, (0..count).map(knot).collect())
            }
            Self::NoiseLevels { ref values } => {
                return values.iter().map(|ratio| process.time_of_log_snr(-2.0 * ratio.ln())).collect();
            }
            Self::Times { ref values } => return values.clone(),
            _ => unreachable!("continuous grids count intervals"),
        };
        knots.into_iter().map(|knot| (knot + 1.0) / train_steps as f64 * process.horizon()).collect()
    }

    /// Checks that the grid falls strictly within the process's times.
    ///
    /// # Errors
    /// The key and what is wrong.
    pub fn validate(&self, process: &dyn Process, steps: usize) -> Result<(), SamplingError> {
        let fail = |message: String| Err(SamplingError::sampler("grid", message));
        if let Self::Karras { rho } = self
            && !(rho.is_finite() && *rho > 0.0)
        {
            return fail(format!("rho = {rho} is not positive"));
        }
        match self {
            Self::Leading { train_steps, .. } | Self::Trailing { train_steps } | Self::Linspace { train_steps, .. }
                if steps > *train_steps || *train_steps > MOST_STEPS =>
            {
                return fail(format!(
                    "train_steps = {train_steps} is not in {steps}..={MOST_STEPS}, from the steps on"
                ));
            }
            Self::Leading { train_steps, offset, .. } if offset > train_steps => {
                return fail(format!("offset = {offset} lies outside of train_steps = {train_steps}"));
            }
            Self::Times { values } | Self::NoiseLevels { values } if values.len() < 2 => {
                return fail("values needs at least two numbers".into());
            }
            _ => {}
        }
        if !self.counts_points() {
            return Ok(());
        }
        if let Self::NoiseLevels { values } = self {
            let largest = (-0.5 * process.log_snr(process.horizon())).exp();
            // What the horizon's own noise level may differ by after rounding.
            if let Some(value) = values.iter().find(|value| !(**value > 0.0 && **value <= largest * (1.0 + 1e-9))) {
                return fail(format!(
                    "the noise level {value} is not above 0 and at most that of the horizon, {largest}"
                ));
            }
        }
        let (times, horizon) = (self.times(process, steps), process.horizon());
        if let Some(time) = times.iter().find(|time| !(**time > 0.0 && **time <= horizon * (1.0 + 1e-12))) {
            return fail(format!("the time {time} is not above 0 and at most the horizon, {horizon}"));
        }
        if let Some(pair) = times.windows(2).find(|pair| pair[0] <= pair[1]) {
            return fail(format!("the times must fall strictly; {} follows {}", pair[1], pair[0]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fokker_process::ProcessConfig;

    use super::*;

    fn process(kind: &str) -> Arc<dyn Process> {
        ProcessConfig::named(kind).unwrap().build().unwrap()
    }

    #[test]
    fn every_grid_falls_strictly_from_the_horizon_to_the_smallest_time() {
        for kind in ["vp", "ve", "sub_vp", "rve", "edm", "cosine"] {
            let process = process(kind);
            for grid in [TimeGrid::Uniform, TimeGrid::Quadratic, TimeGrid::LogSnr, TimeGrid::Karras { rho: 7.0 }] {
                let times = grid.times(&*process, 37);
                assert_eq!(times.len(), 38);
                assert_eq!((times[0], times[37]), (process.horizon(), process.min_time()));
                assert!(times.windows(2).all(|pair| pair[0] > pair[1]), "{kind} {grid:?}: {times:?}");
            }
        }
    }

    /// Steps of a chain of 1000, from NumPy's formulas in diffusers' schedulers.
    #[test]
    fn discrete_grids_are_those_of_other_libraries() {
        let process = process("ddpm_chain");
        let knots = |grid: TimeGrid, steps: usize| -> Vec<i64> {
            grid.validate(&*process, steps).unwrap();
            grid.times(&*process, steps).iter().map(|t| (t * 1000.0).round() as i64 - 1).collect()
        };
        let leading = |offset, endpoint| TimeGrid::Leading { train_steps: 1000, offset, endpoint };
        assert_eq!(knots(leading(1, true), 4), [751, 501, 251, 1]);
        assert_eq!(knots(leading(0, false), 4), [800, 600, 400, 200]);
        assert_eq!(knots(TimeGrid::Trailing { train_steps: 1000 }, 6), [999, 832, 666, 499, 332, 166]);
        let linspace = |endpoint| TimeGrid::Linspace { train_steps: 1000, endpoint };
        assert_eq!(knots(linspace(true), 5), [999, 749, 500, 250, 0]);
        assert_eq!(knots(linspace(false), 4), [999, 749, 500, 250]);
        assert!(leading(1, true).validate(&*process, 1000).unwrap_err().to_string().contains("grid"));
        let rising = TimeGrid::Times { values: vec![0.1, 0.2] };
        assert!(rising.validate(&*process, 2).unwrap_err().to_string().contains("fall"));
    }

    #[test]
    fn noise_levels_become_their_times() {
        let process = process("vp");
        let values = vec![10.0, 1.0, 0.1];
        let times = TimeGrid::NoiseLevels { values: values.clone() }.times(&*process, 3);
        for (t, ratio) in times.iter().zip(values) {
            assert!((process.std(*t) / process.mean_scale(*t) / ratio - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn edm_process_gives_the_noise_levels_of_karras() {
        let process = process("edm");
        let times = TimeGrid::Karras { rho: 7.0 }.times(&*process, 17);
        for (k, &t) in times.iter().enumerate() {
            let (max, min) = (80f64.powf(1.0 / 7.0), 0.002f64.powf(1.0 / 7.0));
            let sigma = (max + k as f64 / 17.0 * (min - max)).powi(7);
            assert!((t / sigma - 1.0).abs() < 1e-10, "{t} {sigma}");
        }
    }
}
