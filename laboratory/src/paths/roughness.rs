//! How rough Brownian paths are: Hölder exponents and variation [Aamari 2025, §1.1.2].
//!
//! Over steps of length h, the largest of n = 1/h increments is about √(2 h ln(1/h)) (Lévy's modulus). So the quotient
//! max |ΔB|/h^γ goes to 0 for γ < ½ and to ∞ for γ > ½: every exponent below ½ holds, none above, and ½ itself fails by
//! the logarithm. The law of the largest increment is known, P(max |ΔB| ≤ x) = (2Φ(x/√h) − 1)ⁿ.
//!
//! The first variation Σ |ΔB| has mean √(2T n/π) and standard deviation √(T (1 − 2/π)): it grows without bound, while the
//! [quadratic variation](super::quadratic_variation) tends to T.

use statrs::function::erf::erf_inv;

/// The largest |B(t + h) − B(t)| over the steps of a path given by its values.
pub fn largest_increment(values: &[f64]) -> f64 {
    values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max)
}

/// The x below which the largest of `steps` increments of length `step` stays with this probability:
/// √(2h) erf⁻¹(p^{1/n}).
pub fn quantile_of_largest_increment(step: f64, steps: usize, probability: f64) -> f64 {
    (2.0 * step).sqrt() * erf_inv((probability.ln() / steps as f64).exp())
}

/// Σ |X_{k+1} − X_k|.
pub fn first_variation(values: &[f64]) -> f64 {
    values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum()
}
