//! The error in the noise along the noise levels: where a loss comes from.
//!
//! A loss is a mean over noise levels, `∫ w(λ) e(λ) dλ` with the error `e(λ) = E‖ε_θ(x_t) − ε‖² / dimension` at the log signal-to-noise
//! ratio λ (Kingma et al. 2021, eq. 18, for the weight of the likelihood). Two runs whose weightings differ can be compared in `e`, not in the loss; and `e` shows which
//! levels are still learnt. Best possible is the error of `E[ε | x_t]`, which falls from 1 in pure data to 0 in pure noise.

use fokker_process::Process;
use serde::{Deserialize, Serialize};

/// The error at a noise level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseLevel {
    /// λ = ln(α²/σ²).
    pub log_snr: f64,
    /// `e(λ)`, the mean over the examples whose error is finite.
    pub loss: f64,
    /// Its standard error.
    pub loss_error: f64,
}

/// How many levels there are.
const LEVELS: usize = 16;
/// Levels beyond are nothing but data or nothing but noise to single precision.
const FARTHEST: f64 = 14.0;

/// Sums of errors at levels that are evenly spaced in λ. Examples take turns at them.
pub(crate) struct NoiseLevels(Vec<Level>);

struct Level {
    log_snr: f64,
    time: f64,
    count: f64,
    sum: f64,
    squares: f64,
}

impl NoiseLevels {
    /// From the least to the most noise of a process.
    pub(crate) fn of(process: &dyn Process) -> Self {
        let (first, last) = (process.min_time(), process.horizon());
        let within = |t: f64| process.log_snr(t).clamp(-FARTHEST, FARTHEST);
        let (high, low) = (within(first), within(last));
        let level = |index: usize| {
            let log_snr = high + index as f64 / (LEVELS - 1) as f64 * (low - high);
            let time = process.time_of_log_snr(log_snr).clamp(first, last);
            Level { log_snr, time, count: 0.0, sum: 0.0, squares: 0.0 }
        };
        Self((0..LEVELS).map(level).collect())
    }

    /// The time of an example.
    pub(crate) fn time(&self, example: usize) -> f64 {
        self.0[example % LEVELS].time
    }

    /// Adds the errors of examples, of which the first is `example`. What is not finite is left out.
    pub(crate) fn add(&mut self, example: usize, errors: &[f64]) {
        for (example, &error) in (example..).zip(errors).filter(|(_, error)| error.is_finite()) {
            let level = &mut self.0[example % LEVELS];
            level.count += 1.0;
            level.sum += error;
            level.squares += error * error;
        }
    }

    /// The levels that have two examples or more.
    pub(crate) fn found(self) -> Vec<NoiseLevel> {
        let level = |level: &Level| {
            let mean = level.sum / level.count;
            // Rounding may leave less than nothing of a variance.
            let variance = (level.squares / level.count - mean * mean).max(0.0);
            NoiseLevel { log_snr: level.log_snr, loss: mean, loss_error: (variance / (level.count - 1.0)).sqrt() }
        };
        self.0.iter().filter(|level| level.count > 1.0).map(level).collect()
    }
}

#[cfg(test)]
mod tests {
    use fokker_process::ProcessConfig;

    use super::*;

    #[test]
    fn levels_are_even_in_the_log_snr_and_have_the_errors_of_their_turns() {
        let process = ProcessConfig::default().build().unwrap();
        let mut levels = NoiseLevels::of(&*process);
        // Three rounds; in each, example k has the error k + round.
        for round in 0..3 {
            let errors: Vec<f64> = (0..LEVELS).map(|k| (k + round) as f64).collect();
            levels.add(round * LEVELS, &errors);
        }
        levels.add(3 * LEVELS, &[f64::NAN, f64::INFINITY]);
        let times: Vec<f64> = (0..LEVELS).map(|k| levels.time(LEVELS + k)).collect();
        assert!(times.is_sorted() && times[0] >= process.min_time() && times[LEVELS - 1] <= process.horizon());
        let found = levels.found();
        assert_eq!(found.len(), LEVELS);
        for (k, pair) in found.windows(2).enumerate() {
            assert!((pair[0].log_snr - pair[1].log_snr - (found[0].log_snr - found[1].log_snr)).abs() < 1e-9);
            assert!((process.log_snr(times[k]) - pair[0].log_snr).abs() < 1e-6);
            // Of k, k + 1, k + 2: the mean k + 1, the variance 1, and so the standard error 1/√3.
            assert!((pair[0].loss - (k + 1) as f64).abs() < 1e-12);
            assert!((pair[0].loss_error - 3f64.sqrt().recip()).abs() < 1e-9);
        }
    }

    #[test]
    fn processes_that_reach_pure_noise_have_levels_too() {
        for kind in ["linear_path", "trigonometric_path", "edm", "ve"] {
            let text = format!("{{ \"kind\": \"{kind}\" }}");
            let process = serde_json::from_str::<ProcessConfig>(&text).unwrap().build().unwrap();
            let mut levels = NoiseLevels::of(&*process);
            levels.add(0, &[1.0; 2 * LEVELS]);
            let found = levels.found();
            assert_eq!(found.len(), LEVELS, "{kind}");
            assert!(
                found.iter().all(|level| level.log_snr.is_finite() && level.loss == 1.0 && level.loss_error == 0.0)
            );
        }
    }
}
