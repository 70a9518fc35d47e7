//! The weight function of a power-function average.

/// What a power-function average at step `t` is of: `p_γ(τ) = (γ + 1) τ^γ / t^(γ+1)` for `0 < τ ≤ t`.
///
/// ```
/// use fokker_training::PowerProfile;
///
/// // The two lengths of the paper, and their exponents.
/// assert!((PowerProfile::of_std(0.05).unwrap().exponent() - 16.97).abs() < 0.005);
/// assert!((PowerProfile::of_std(0.10).unwrap().exponent() - 6.94).abs() < 0.005);
/// assert!(PowerProfile::of_std(0.3).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerProfile {
    exponent: f64,
}

impl PowerProfile {
    /// The largest relative deviation: that of the mean of all weights, `1/√12`.
    pub const MOST: f64 = 0.288_675_134_594_812_9;

    /// The smallest relative deviation: `γ` is about `1/σ_rel`.
    pub const LEAST: f64 = 1e-4;

    /// The profile of a relative deviation σ_rel; none outside of \[[LEAST](Self::LEAST), [MOST](Self::MOST)\].
    pub fn of_std(std: f64) -> Option<Self> {
        if !(Self::LEAST..=Self::MOST).contains(&std) {
            return None;
        }
        // The deviation falls with the exponent, from 1/√12 at 0, and is below 1/γ.
        let (mut low, mut high) = (0.0, 1.0 / std);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if (Self { exponent: middle }).std() > std { low = middle } else { high = middle }
        }
        Some(Self { exponent: 0.5 * (low + high) })
    }

    /// The exponent `γ`.
    pub fn exponent(&self) -> f64 {
        self.exponent
    }

    /// The relative deviation `√((γ + 1) / ((γ + 2)² (γ + 3)))`.
    pub fn std(&self) -> f64 {
        let gamma = self.exponent;
        ((gamma + 1.0) / (gamma + 3.0)).sqrt() / (gamma + 2.0)
    }

    /// What update `step`, counted from 1, keeps of the average: `β_γ(t) = (1 − 1/t)^(γ+1)`. The first keeps nothing.
    pub fn decay(&self, step: u64) -> f64 {
        (1.0 - 1.0 / step as f64).powf(self.exponent + 1.0)
    }

    /// `∫ p_γ(τ) p_δ(τ) dτ` of this profile at step `at` and another at its own step.
    pub(super) fn product(&self, at: f64, other: &Self, other_at: f64) -> f64 {
        // The integral ends at the earlier step, a.
        let ((gamma, a), (delta, b)) = match at <= other_at {
            true => ((self.exponent, at), (other.exponent, other_at)),
            false => ((other.exponent, other_at), (self.exponent, at)),
        };
        (gamma + 1.0) * (delta + 1.0) / (gamma + delta + 1.0) * (a / b).powf(delta) / b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the updates make is the profile, integrated over each step.
    #[test]
    fn updates_make_the_profile() {
        let profile = PowerProfile::of_std(0.1).unwrap();
        let steps = 500;
        let mut weights: Vec<f64> = Vec::new();
        for step in 1..=steps {
            let decay = profile.decay(step);
            weights.iter_mut().for_each(|weight| *weight *= decay);
            weights.push(1.0 - decay);
        }
        let power = profile.exponent() + 1.0;
        let below = |step: usize| (step as f64 / steps as f64).powf(power);
        for (index, weight) in weights.iter().enumerate() {
            let expected = below(index + 1) - below(index);
            assert!((weight - expected).abs() < 1e-14, "step {}: {weight} against {expected}", index + 1);
        }
        // Its deviation is the one that it is named by, but for the width of a step.
        let mean: f64 = weights.iter().zip(1..).map(|(weight, step)| weight * f64::from(step)).sum();
        let square: f64 = weights.iter().zip(1..).map(|(weight, step)| weight * (f64::from(step) - mean).powi(2)).sum();
        let std = square.sqrt() / steps as f64;
        assert!((std - 0.1).abs() < 1e-5, "{std}");
    }

    /// Against a sum over small steps.
    #[test]
    fn products_are_integrals() {
        let (one, other) = (PowerProfile::of_std(0.05).unwrap(), PowerProfile::of_std(0.2).unwrap());
        let density = |profile: &PowerProfile, at: f64, tau: f64| {
            let gamma = profile.exponent();
            if tau > at { 0.0 } else { (gamma + 1.0) * (tau / at).powf(gamma) / at }
        };
        for (at, other_at) in [(1.0, 1.0), (0.5, 1.0), (1.0, 0.7)] {
            let count = 200_000;
            let width = 1.0 / f64::from(count);
            let midpoints = (0..count).map(|index| (f64::from(index) + 0.5) * width);
            let sum: f64 = midpoints.map(|tau| density(&one, at, tau) * density(&other, other_at, tau) * width).sum();
            let product = one.product(at, &other, other_at);
            assert!((product - sum).abs() < 1e-6 * sum, "{product} against {sum}");
        }
    }
}
