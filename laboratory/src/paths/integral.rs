//! ∫ B dB, and quadratic variation.

use super::BrownianPath;

/// Sums that converge to ∫ B dB, and what they converge to ([SDE tutorial, Theorem 2 and Definition 3]; [Aamari 2025,
/// Example 1.9]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntegralOfPath {
    /// Σ B(t_k) (B(t_{k+1}) − B(t_k)): Itô's choice, the left end.
    pub ito_sum: f64,
    /// Σ ½ (B(t_k) + B(t_{k+1})) (B(t_{k+1}) − B(t_k)): Stratonovich's choice; telescopes to ½ B²(T).
    pub stratonovich_sum: f64,
    /// ½ (B²(T) − T).
    pub ito: f64,
    /// ½ B²(T).
    pub stratonovich: f64,
}

impl IntegralOfPath {
    /// Of the first component of a path, at the path's steps.
    pub fn of(path: &BrownianPath) -> Self {
        let values = path.values(0);
        let (mut ito_sum, mut stratonovich_sum) = (0.0, 0.0);
        for pair in values.windows(2) {
            ito_sum += pair[0] * (pair[1] - pair[0]);
            stratonovich_sum += 0.5 * (pair[0] + pair[1]) * (pair[1] - pair[0]);
        }
        let square = values[values.len() - 1].powi(2);
        Self { ito_sum, stratonovich_sum, ito: 0.5 * (square - path.horizon()), stratonovich: 0.5 * square }
    }
}

/// Σ (X_{k+1} − X_k)² up to every point: tends to ∫ b² dt [Aamari 2025, Prop. 1.13], for a Brownian path to t.
pub fn quadratic_variation(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let later = values.windows(2).map(|pair| {
        sum += (pair[1] - pair[0]).powi(2);
        sum
    });
    std::iter::once(0.0).chain(later).collect()
}
