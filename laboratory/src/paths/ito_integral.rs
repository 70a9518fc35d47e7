//! The integral ∫ X dB as its sums [Aamari 2025, Definitions 1.5 and 1.7; SDE tutorial, Definition 3].
//!
//! The sum Σ X(t_k) (B(t_{k+1}) − B(t_k)) is linear in X, has mean 0 and is an isometry (Prop. 1.6, 1.8):
//!
//! ```text
//! E (∫ X dB)(∫ Y dB) = ∫ E X Y dt,
//! ```
//!
//! exactly for elementary X and Y at every number of steps, and in the limit for others. For a deterministic f the sum is
//! Gaussian with variance Σ f²(t_k) Δt → ∫ f² dt ([SDE tutorial, Lemma 1]; [Aamari 2025, Example 1.10]).
//!
//! Summation by parts gives the product rule (Exercise 1.18),
//!
//! ```text
//! X_T Y_T − X_0 Y_0 = Σ X_k ΔY + Σ Y_k ΔX + Σ ΔX ΔY,
//! ```
//!
//! in which the last sum tends to the covariation ⟨X, Y⟩_T: 0 for independent processes, T for X = Y = B. With a smooth
//! deterministic f for X it says ∫ f dB = f_T B_T − ∫ B df.

use super::BrownianPath;

/// Σ X_k (B_{k+1} − B_k) up to every step, for the values of X at the *left* ends of the steps of one component of a path;
/// 0 first.
///
/// # Panics
/// If there are fewer values than steps.
pub fn ito_integral(integrand: &[f64], path: &BrownianPath, component: usize) -> Vec<f64> {
    assert!(integrand.len() >= path.steps(), "one value of the integrand for each step");
    let mut sum = 0.0;
    let later = (0..path.steps()).map(|k| {
        sum += integrand[k] * path.increment(k)[component];
        sum
    });
    std::iter::once(0.0).chain(later).collect()
}

/// Σ X_k (Y_{k+1} − Y_k), of one process against another, both by their values at the same times.
///
/// # Panics
/// If the lengths differ.
pub fn integral_against(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "both processes at the same times");
    x.iter().zip(y.windows(2)).map(|(x, pair)| x * (pair[1] - pair[0])).sum()
}

/// Σ ΔX ΔY, which tends to ⟨X, Y⟩_T [Aamari 2025, Theorem 1.17].
///
/// # Panics
/// If the lengths differ.
pub fn covariation(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "both processes at the same times");
    x.windows(2).zip(y.windows(2)).map(|(x, y)| (x[1] - x[0]) * (y[1] - y[0])).sum()
}

/// The variance Σ f²(t_k) Δt of the sum of ∫₀ᵀ f dB with `steps` steps [SDE tutorial, eq. 5.2.14].
pub fn variance_of_sum(f: impl Fn(f64) -> f64, horizon: f64, steps: usize) -> f64 {
    let h = horizon / steps as f64;
    (0..steps).map(|k| f(k as f64 * h).powi(2) * h).sum()
}
