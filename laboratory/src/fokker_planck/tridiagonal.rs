//! Implicit steps of a Markov chain on a line.
//!
//! (1 − Δt Lᵀ) p = b has a tridiagonal matrix with positive diagonal, negative neighbours and columns that sum to 1.
//! Elimination in the manner of Grassmann, Taksar and Heyman (1985) keeps those column sums in the place of the
//! diagonal, so there is not one subtraction: every number stays positive and has full *relative* accuracy, however far
//! out in the tails, and the mass is that of the right-hand side up to rounding. A general banded or sparse
//! factorisation gives neither, which is why this one is our own; a test holds it to nalgebra's LU.

use super::JumpRates;

/// Solves implicit steps; keeps its memory between them.
#[derive(Clone, Debug, Default)]
pub struct ChainSolver {
    pivots: Vec<f64>,
}

impl ChainSolver {
    /// Replaces b by p with p − Δt Lᵀp = b, for Δt ≥ 0.
    pub fn solve(&mut self, rates: &JumpRates, step: f64, b: &mut [f64]) {
        let n = b.len();
        self.pivots.resize(n, 0.0);
        // What the column sums to once everything to the left is eliminated; at least 1.
        let mut sum = 1.0;
        for i in 0..n - 1 {
            let (right, left) = (step * rates.right[i], step * rates.left[i + 1]);
            let pivot = sum + right;
            self.pivots[i] = pivot;
            b[i + 1] += right / pivot * b[i];
            sum = 1.0 + left * (sum / pivot);
        }
        self.pivots[n - 1] = sum;
        b[n - 1] /= sum;
        for i in (0..n - 1).rev() {
            b[i] = (b[i] + step * rates.left[i + 1] * b[i + 1]) / self.pivots[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{DMatrix, DVector};

    #[test]
    fn agrees_with_a_dense_factorisation_and_keeps_the_mass() {
        let n = 40;
        let wave = |i: usize, phase: f64| (0.7 * i as f64 + phase).sin().exp();
        let mut rates = JumpRates { right: vec![0.0; n], left: vec![0.0; n] };
        for i in 0..n - 1 {
            (rates.right[i], rates.left[i + 1]) = (wave(i, 0.0), wave(i, 2.0));
        }
        for step in [1e-3, 1.0, 1e4] {
            let b: Vec<f64> = (0..n).map(|i| wave(i, 1.0)).collect();
            let mut p = b.clone();
            ChainSolver::default().solve(&rates, step, &mut p);
            let mut matrix = DMatrix::<f64>::identity(n, n);
            for i in 0..n - 1 {
                matrix[(i, i)] += step * rates.right[i];
                matrix[(i + 1, i)] -= step * rates.right[i];
                matrix[(i + 1, i + 1)] += step * rates.left[i + 1];
                matrix[(i, i + 1)] -= step * rates.left[i + 1];
            }
            let exact = matrix.lu().solve(&DVector::from_column_slice(&b)).unwrap();
            // LU itself loses about the condition number, up to n step, in units of 1e-16.
            for (p, exact) in p.iter().zip(&exact) {
                assert!((p / exact - 1.0).abs() < 1e-14 * (1.0 + n as f64 * step), "{p} {exact} at step {step}");
            }
            let mass = |v: &[f64]| v.iter().sum::<f64>();
            assert!((mass(&p) / mass(&b) - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn tails_keep_their_relative_accuracy() {
        // A chain that drifts right: after an implicit step from the right end, the left tail is a geometric sequence
        // that spans far more than the precision of a sum.
        let (n, step) = (40, 1.0);
        let mut rates = JumpRates { right: vec![1e6; n], left: vec![1.0; n] };
        (rates.right[n - 1], rates.left[0]) = (0.0, 0.0);
        let mut p = vec![0.0; n];
        p[n - 1] = 1.0;
        ChainSolver::default().solve(&rates, step, &mut p);
        for i in 1..n - 2 {
            // (1 + Δt(l + r)) p_i = Δt r p_{i−1} + Δt l p_{i+1}, each term positive.
            let (leaves, enters) = ((2.0 + 1e6) * p[i], 1e6 * p[i - 1] + p[i + 1]);
            assert!(p[i] > 0.0 && (leaves / enters - 1.0).abs() < 1e-12, "{i}: {leaves} {enters}");
        }
        assert!(p[0] < 1e-200);
    }
}
