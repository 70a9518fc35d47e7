//! Whether data and noise are in the weighted space L²(ℝ; e^{x²/2c}), on the line.
//!
//! A Gaussian of variance v is in it if v < 2c. The noise is in it if Σ λₖ ‖eₖ‖² converges, in the norm of the space:
//!
//! ```text
//! cosine, sine         ‖eₖ‖ = ∞: they do not decay on the line.
//! Hermite with cₕ      eₖ falls like e^{−x²/2cₕ}, so ‖eₖ‖ < ∞ for cₕ < 2c. With v = 1/(2 − cₕ/c), Mehler's formula gives
//!                      Σ tᵏ ‖eₖ‖² = √v ((1 − t)(1 + t − 2vt))^{−½}, so ‖eₖ‖² grows like ρᵏ with
//!                      ρ = 2v − 1 = cₕ/(2c − cₕ): not at all for cₕ ≤ c, exponentially above.
//! ```
//!
//! So for cₕ ≤ c it is enough that Q is of trace class, and above the eigenvalues must fall faster than ρ⁻ᵏ.

use super::{Basis, Eigenvalues, NoiseConfig, WeightedSpace};
use crate::LaboratoryError;
use crate::grid::{Axis, Field};
use crate::laws::LineMixture;

/// How much of a weighted norm a grid may miss.
const MISSED: f64 = 0.01;

impl WeightedSpace {
    /// Checks that the density is in the space and that the grid resolves its norm. `data` and `axis` are the keys under which
    /// they stand.
    ///
    /// # Errors
    /// A component as wide as √(2c) or wider; a grid on which the norm is more than 1 % from its closed form.
    pub fn admits_data(&self, law: &LineMixture, grid: &Axis, [data, axis]: [&str; 2]) -> Result<(), LaboratoryError> {
        let edge = (2.0 * self.c).sqrt();
        if law.widest() >= edge {
            let expected = format!("below √(2c) = {edge}: wider densities have no norm in L²(e^(x²/2c))");
            return Err(LaboratoryError::value(data, law.widest(), expected));
        }
        let (exact, found) = (law.weighted_norm_squared(self.c), self.norm_squared(&law.field(*grid)));
        if exact.is_finite() && (found / exact - 1.0).abs() < MISSED {
            return Ok(());
        }
        let expected = format!(
            "a grid that resolves ‖u‖², which is {found:.4e} on it and {exact:.4e} in truth: a wider one, finer cells, or a \
             larger c"
        );
        Err(LaboratoryError::value(
            axis,
            format!("[{}, {}] with {} cells", grid.lower, grid.upper, grid.cells),
            expected,
        ))
    }

    /// Q is of trace class in the space, and the grid holds the modes. `noise` and `axis` are the keys under which they
    /// stand.
    ///
    /// # Errors
    /// A basis whose functions have no norm in the space, eigenvalues with which Σ λₖ ‖eₖ‖² does not converge, a grid that
    /// misses more than 1 % of the sum over the modes that are kept.
    pub fn admits_noise(
        &self,
        config: &NoiseConfig,
        grid: &Axis,
        [noise, axis]: [&str; 2],
    ) -> Result<(), LaboratoryError> {
        let c = self.c;
        let Basis::Hermite { c: own } = config.basis else {
            let expected =
                format!("hermite with c from above 0 to {c}: cosines and sines have no norm in L²(e^(x²/2c))");
            let name = if matches!(config.basis, Basis::Sine {}) { "sine" } else { "cosine" };
            return Err(LaboratoryError::value(format!("{noise}.basis.kind"), name, expected));
        };
        if own >= 2.0 * c {
            let expected = format!("below 2c = {}: its functions have no norm in L²(e^(x²/2c)) above", 2.0 * c);
            return Err(LaboratoryError::value(format!("{noise}.basis.c"), own, expected));
        }
        let growth = own / (2.0 * c - own);
        let converges = match config.eigenvalues {
            Eigenvalues::Power { .. } => growth <= 1.0,
            Eigenvalues::Exponential { rate, .. } => growth * (-rate).exp() < 1.0,
            // A finite list is a finite sum.
            Eigenvalues::List { .. } => true,
        };
        if !converges {
            let expected = format!(
                "at most the space's c = {c}: the squared norms of its functions grow like {growth:.3}^k, and Σ λₖ ‖eₖ‖² \
                 diverges"
            );
            return Err(LaboratoryError::value(format!("{noise}.basis.c"), own, expected));
        }
        let strength = |grid: &Axis| -> Result<f64, LaboratoryError> {
            Ok(config.build(&[*grid])?.modes().iter().map(|mode: &Field| self.norm_squared(mode)).sum())
        };
        // Twice as wide with the same cells.
        let half = 0.5 * (grid.upper - grid.lower);
        let doubled = Axis { lower: grid.lower - half, upper: grid.upper + half, cells: 2 * grid.cells };
        let (found, wider) = (strength(grid)?, strength(&doubled)?);
        if found == wider || (found / wider - 1.0).abs() < MISSED {
            return Ok(());
        }
        let expected = format!(
            "wide enough for {} modes: Σ λₖ ‖eₖ‖² is {found:.4e} on it and {wider:.4e} on one that is twice as wide",
            config.modes
        );
        Err(LaboratoryError::value(axis, format!("[{}, {}]", grid.lower, grid.upper), expected))
    }
}
