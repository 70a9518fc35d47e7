//! A wanted average as a combination of snapshots.

use nalgebra::{DMatrix, DVector};

use super::PowerProfile;

/// The combination of snapshots whose profile is nearest to a wanted one (Karras et al. 2024, algorithm 3), among those
/// whose coefficients add up to 1.
///
/// ```
/// use fokker_training::{PowerProfile, Reconstruction};
///
/// let profile = |std| PowerProfile::of_std(std).unwrap();
/// let snapshots: Vec<(PowerProfile, u64)> =
///     (1..=8).flat_map(|eighth| [0.05, 0.1].map(|std| (profile(std), 1000 * eighth))).collect();
/// let wanted = Reconstruction::new(&snapshots, profile(0.08), 8000);
/// assert!((wanted.coefficients.iter().sum::<f64>() - 1.0).abs() < 1e-9);
/// assert!(wanted.error < 0.05);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Reconstruction {
    /// One number for each snapshot.
    pub coefficients: Vec<f64>,
    /// The distance of the profile from the wanted one, `‖Σ xᵢ pᵢ − p‖ / ‖p‖` in L².
    pub error: f64,
}

/// Singular values below this share of the largest are rounding.
const ROUNDING: f64 = 1e-13;

impl Reconstruction {
    /// The combination of snapshots, each a profile with its step, for a profile at step `at`.
    pub fn new(snapshots: &[(PowerProfile, u64)], wanted: PowerProfile, at: u64) -> Self {
        // In units of the wanted step all numbers are of order one. Profiles are scaled to norm one.
        let time = |step: u64| step as f64 / at as f64;
        let product = |a: &(PowerProfile, u64), b: &(PowerProfile, u64)| a.0.product(time(a.1), &b.0, time(b.1));
        let norm = |a: &(PowerProfile, u64)| product(a, a).sqrt();
        let count = snapshots.len();
        let norms: Vec<f64> = snapshots.iter().map(norm).collect();
        let target = (wanted, at);
        let gram = DMatrix::from_fn(count, count, |i, j| product(&snapshots[i], &snapshots[j]) / (norms[i] * norms[j]));
        let right = DVector::from_fn(count, |i, _| product(&snapshots[i], &target) / (norms[i] * norm(&target)));
        // With a multiplier for Σ coefficients = 1: the average of weights that rest is those weights.
        let shares: Vec<f64> = norms.iter().map(|own| norm(&target) / own).collect();
        let matrix = DMatrix::from_fn(count + 1, count + 1, |i, j| match (i < count, j < count) {
            (true, true) => gram[(i, j)],
            (true, false) => shares[i],
            (false, true) => shares[j],
            (false, false) => 0.0,
        });
        let sides = DVector::from_fn(count + 1, |i, _| if i < count { right[i] } else { 1.0 });
        let svd = matrix.svd(true, true);
        let largest = svd.singular_values.max();
        let solved = svd.solve(&sides, ROUNDING * largest).unwrap_or_else(|_| DVector::zeros(count + 1));
        let solution = solved.rows(0, count).into_owned();
        // ‖Σ xᵢ pᵢ − p‖² = xᵀ A x − 2 xᵀ b + 1
        let square = (solution.transpose() * gram * &solution)[0] - 2.0 * solution.dot(&right) + 1.0;
        let scaled = solution.iter().zip(&shares).map(|(x, share)| x * share);
        Self { coefficients: scaled.collect(), error: square.max(0.0).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshots(steps: u64, every: u64) -> Vec<(PowerProfile, u64)> {
        let profiles = [0.05, 0.1].map(|std| PowerProfile::of_std(std).unwrap());
        (1..=steps / every).flat_map(|index| profiles.map(|profile| (profile, index * every))).collect()
    }

    /// A trajectory of numbers that relaxes and shakes: what is combined is what would have been tracked.
    #[test]
    fn a_combination_is_the_average_that_was_not_tracked() {
        let (steps, every) = (4000, 250);
        let theta = |step: u64| {
            let time = step as f64 / steps as f64;
            (-5.0 * time).exp() + 0.3 * time + 0.05 * (40.0 * time).sin()
        };
        let tracked = |profile: PowerProfile, until: u64| {
            (1..=until).fold(0.0, |average, step| average + (theta(step) - average) * (1.0 - profile.decay(step)))
        };
        let snapshots = snapshots(steps, every);
        let values: Vec<f64> = snapshots.iter().map(|(profile, step)| tracked(*profile, *step)).collect();
        // At the end and before it: between the tracked ones; shorter and longer, which is a guess beyond what is known.
        let between = [(0.05, 4000), (0.07, 4000), (0.09, 3000), (0.08, 2000)].map(|(std, at)| (std, at, 1e-3));
        let beyond = [(0.03, 4000), (0.15, 4000), (0.2, 3000)].map(|(std, at)| (std, at, 2e-2));
        for (std, at, tolerance) in between.into_iter().chain(beyond) {
            let wanted = PowerProfile::of_std(std).unwrap();
            let before: Vec<_> = snapshots.iter().copied().filter(|(_, step)| *step <= at).collect();
            let found = Reconstruction::new(&before, wanted, at);
            let combined: f64 = found.coefficients.iter().zip(&values).map(|(x, value)| x * value).sum();
            let expected = tracked(wanted, at);
            let error = (combined - expected).abs() / expected.abs();
            assert!(
                error < tolerance,
                "σ_rel {std} at {at}: {combined} against {expected}, profile off by {}",
                found.error
            );
        }
    }

    /// A tracked average is its own snapshot.
    #[test]
    fn a_tracked_average_is_exact() {
        let snapshots = snapshots(1000, 250);
        let found = Reconstruction::new(&snapshots, snapshots[7].0, 1000);
        assert!(found.error < 1e-6, "{}", found.error);
        let sum_of_others: f64 = found.coefficients[..7].iter().map(|x| x.abs()).sum();
        assert!((found.coefficients[7] - 1.0).abs() < 1e-6 && sum_of_others < 1e-6, "{:?}", found.coefficients);
    }
}
