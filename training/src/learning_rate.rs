//! The learning rate as a function of the step.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// What happens to the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decay {
    /// It stays.
    #[default]
    Constant,
    /// It falls to zero at the last step, along half a cosine (Loshchilov & Hutter 2017).
    Cosine,
    /// It falls with the root of the step, `peak · √(warmup/step)`, and does not need to know the last step (Vaswani et al. 2017;
    /// Karras et al. 2024 for diffusion). It needs a warm-up.
    InverseSqrt,
    /// It stays for four fifths of the steps and then falls in a straight line to zero at the last (Hu et al. 2024). A run that is
    /// stopped before the fall can be lengthened.
    WarmupStableDecay,
}

/// The share of the steps in which [`Decay::WarmupStableDecay`] falls.
const FALL: f64 = 0.2;

/// The rate of step `step` (from 0) of `steps`: a linear rise over `warmup` steps to `peak`, then the decay.
///
/// ```
/// use fokker_training::{Decay, learning_rate};
///
/// let rate = |step| learning_rate(1e-3, 100, Decay::Cosine, step, 1100);
/// assert!(rate(49) < 0.51e-3 && (rate(100) - 1e-3).abs() < 1e-15);
/// assert!((rate(600) - 0.5e-3).abs() < 1e-12 && rate(1100) < 1e-15);
/// ```
///
/// [`Decay::InverseSqrt`] counts from the warm-up:
///
/// ```
/// use fokker_training::{Decay, learning_rate};
///
/// let rate = |step| learning_rate(1e-3, 100, Decay::InverseSqrt, step, 1100);
/// assert!((rate(100) - 1e-3).abs() < 1e-15 && (rate(400) - 0.5e-3).abs() < 1e-15);
/// ```
pub fn learning_rate(peak: f64, warmup: u64, decay: Decay, step: u64, steps: u64) -> f64 {
    if step < warmup {
        return peak * (step + 1) as f64 / warmup as f64;
    }
    match decay {
        Decay::Constant => peak,
        Decay::InverseSqrt => peak * (warmup.max(1) as f64 / step.max(1) as f64).sqrt().min(1.0),
        Decay::WarmupStableDecay => {
            let left = steps.saturating_sub(step) as f64 / steps.max(1) as f64;
            peak * (left / FALL).min(1.0)
        }
        Decay::Cosine => {
            let progress = (step - warmup) as f64 / (steps.saturating_sub(warmup)).max(1) as f64;
            peak * 0.5 * (1.0 + (PI * progress.min(1.0)).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_peak_and_falls_to_zero() {
        let rate = |step| learning_rate(2.0, 10, Decay::Cosine, step, 110);
        assert!((rate(0) - 0.2).abs() < 1e-15);
        assert!((rate(9) - 2.0).abs() < 1e-15);
        assert!((rate(10) - 2.0).abs() < 1e-15);
        assert!((rate(60) - 1.0).abs() < 1e-12);
        assert!(rate(110).abs() < 1e-12);
        assert_eq!(learning_rate(2.0, 0, Decay::Constant, 500, 100), 2.0);
    }

    #[test]
    fn falls_with_the_root_of_the_step() {
        let rate = |step| learning_rate(2.0, 10, Decay::InverseSqrt, step, 1000);
        for (step, expected) in [(4, 1.0), (9, 2.0), (10, 2.0), (40, 1.0), (160, 0.5), (1000, 0.2)] {
            assert!((rate(step) - expected).abs() < 1e-15, "step {step}: {}", rate(step));
        }
    }

    #[test]
    fn stays_and_then_falls() {
        let rate = |step| learning_rate(2.0, 10, Decay::WarmupStableDecay, step, 1000);
        for (step, expected) in [(4, 1.0), (10, 2.0), (800, 2.0), (900, 1.0), (950, 0.5), (1000, 0.0)] {
            assert!((rate(step) - expected).abs() < 1e-12, "step {step}: {}", rate(step));
        }
        // A run without a warm-up and of one step.
        assert_eq!(learning_rate(2.0, 0, Decay::WarmupStableDecay, 0, 1), 2.0);
    }
}
