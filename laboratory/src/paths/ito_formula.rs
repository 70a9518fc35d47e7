//! Itô's formula along a path ([SDE tutorial, Theorem 3]; [Aamari 2025, Theorems 1.14 and 1.17]).
//!
//! ```text
//! Φ(X_T, T) − Φ(X_0, 0) = ∫ ∂ₜΦ dt + Σᵢ ∫ ∂ᵢΦ dXᵢ + ½ Σᵢⱼ ∫ ∂ᵢⱼΦ d⟨Xᵢ, Xⱼ⟩
//! ```
//!
//! On a path at equal steps h all integrals are sums with the left ends, and d⟨Xᵢ, Xⱼ⟩ is either (b bᵀ)ᵢⱼ dt, in closed form,
//! or ΔXᵢ ΔXⱼ, as the path has it. What is left over,
//!
//! ```text
//! with b bᵀ dt     ½ Σ ∂ᵢⱼΦ (ΔXᵢ ΔXⱼ − (b bᵀ)ᵢⱼ h) + …                      of size h^½
//! with ΔXᵢ ΔXⱼ     the third order of Taylor's series, Σ ΔX³ + Σ h ΔX + …    of size h
//! ```
//!
//! goes to 0; without the correction, the chain rule of smooth paths, it does not.

/// A function Φ(x, t) with the derivatives that the formula needs.
pub trait Observable: Sync {
    /// Φ.
    fn value(&self, x: &[f64], t: f64) -> f64;

    /// ∂Φ/∂t.
    fn time_derivative(&self, x: &[f64], t: f64) -> f64;

    /// ∂Φ/∂xᵢ.
    fn slope(&self, x: &[f64], t: f64, i: usize) -> f64;

    /// ∂²Φ/∂xᵢ∂xⱼ.
    fn curvature(&self, x: &[f64], t: f64, i: usize, j: usize) -> f64;
}

/// Both sides of the formula along one path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItoFormula {
    /// Φ(X_T, T) − Φ(X_0, 0).
    pub change: f64,
    /// Σ ∂ₜΦ h + Σ ∂ᵢΦ ΔXᵢ: the chain rule of smooth paths.
    pub chain_rule: f64,
    /// ½ Σ ∂ᵢⱼΦ (b bᵀ)ᵢⱼ h.
    pub correction: f64,
    /// ½ Σ ∂ᵢⱼΦ ΔXᵢ ΔXⱼ.
    pub correction_of_path: f64,
}

impl ItoFormula {
    /// Along the states `path` at equal steps over \[0, horizon\], the start first. `covariation(x, t, i, j)` is
    /// d⟨Xᵢ, Xⱼ⟩/dt = (b bᵀ)ᵢⱼ.
    ///
    /// # Panics
    /// If there are fewer than two states.
    pub fn along(
        observable: &dyn Observable,
        path: &[Vec<f64>],
        horizon: f64,
        covariation: impl Fn(&[f64], f64, usize, usize) -> f64,
    ) -> Self {
        assert!(path.len() >= 2, "a path has two states or more");
        let h = horizon / (path.len() - 1) as f64;
        let d = path[0].len();
        let change = observable.value(&path[path.len() - 1], horizon) - observable.value(&path[0], 0.0);
        let mut sums = Self { change, chain_rule: 0.0, correction: 0.0, correction_of_path: 0.0 };
        for (k, pair) in path.windows(2).enumerate() {
            let (x, next, t) = (&pair[0], &pair[1], k as f64 * h);
            sums.chain_rule += observable.time_derivative(x, t) * h;
            for i in 0..d {
                let step = next[i] - x[i];
                sums.chain_rule += observable.slope(x, t, i) * step;
                for j in 0..d {
                    let half = 0.5 * observable.curvature(x, t, i, j);
                    sums.correction += half * covariation(x, t, i, j) * h;
                    sums.correction_of_path += half * step * (next[j] - x[j]);
                }
            }
        }
        sums
    }

    /// What the formula leaves over with (b bᵀ)ᵢⱼ dt for d⟨Xᵢ, Xⱼ⟩.
    pub fn remainder(&self) -> f64 {
        self.change - self.chain_rule - self.correction
    }

    /// What it leaves over with the path's own squares.
    pub fn remainder_of_path(&self) -> f64 {
        self.change - self.chain_rule - self.correction_of_path
    }

    /// What the chain rule of smooth paths leaves over: it tends to the correction, not to 0.
    pub fn remainder_without_correction(&self) -> f64 {
        self.change - self.chain_rule
    }
}
