//! Gauss–Hermite quadrature: E f(ξ) for ξ ~ N(0, 1), exact for polynomials of degree 2n − 1.
//!
//! Nodes are the eigenvalues of the Jacobi matrix with 0 on and √k next to its diagonal, weights the squares of the first
//! components of its eigenvectors (Golub & Welsch 1969).

use nalgebra::{DMatrix, SymmetricEigen};

/// Nodes and weights.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussHermite {
    nodes: Vec<(f64, f64)>,
}

impl GaussHermite {
    /// The most nodes. Beyond, weights underflow.
    pub const MOST_NODES: usize = 200;

    /// The rule with `count` nodes.
    ///
    /// # Panics
    /// Unless there are 1 to 200.
    pub fn new(count: usize) -> Self {
        assert!((1..=Self::MOST_NODES).contains(&count), "from 1 to {} nodes", Self::MOST_NODES);
        let jacobi =
            DMatrix::from_fn(count, count, |i, j| if i.abs_diff(j) == 1 { (i.max(j) as f64).sqrt() } else { 0.0 });
        let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(jacobi);
        let node = |k: usize| (eigenvalues[k], eigenvectors[(0, k)].powi(2));
        let mut nodes: Vec<(f64, f64)> = (0..count).map(node).collect();
        nodes.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { nodes }
    }

    /// Nodes with their weights, which sum to 1.
    pub fn nodes(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.nodes.iter().copied()
    }

    /// E f(mean + std ξ).
    pub fn expectation(&self, mean: f64, std: f64, f: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().map(|(node, weight)| weight * f(mean + std * node)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_exponentials_are_those_of_the_normal_law() {
        let rule = GaussHermite::new(8);
        // E ξ^{2k} = (2k − 1)!!, exact up to degree 15.
        for (power, exact) in [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (6, 15.0), (14, 135_135.0)] {
            let found = rule.expectation(0.0, 1.0, |x| x.powi(power));
            assert!((found - exact).abs() < 1e-11 * f64::max(1.0, exact), "{power}: {found}");
        }
        // E e^{m + sξ} = e^{m + s²/2}.
        let found = GaussHermite::new(24).expectation(0.3, 0.8, f64::exp);
        assert!((found - 0.62f64.exp()).abs() < 1e-13);
        assert!((GaussHermite::new(200).expectation(0.0, 1.0, |_| 1.0) - 1.0).abs() < 1e-12);
    }
}
