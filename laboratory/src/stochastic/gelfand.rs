//! The space V = H¹_w(ℝᵈ; w⁻¹), its pairings, and the Gelfand triple V ⊂ H ⊂ V* [Seo, §2.1 and §2.2].
//!
//! H is L²(ℝᵈ; w). With N, G and F of the [module's theory](super),
//!
//! ```text
//! ‖v‖²_V = N + G + F,       ⟨u, v⟩_V = ∫ u v w + ∫ ∇u·∇v w + ∫ ∇(uw)·∇(vw) w⁻¹,
//! V*⟨A v, u⟩_V = −c f ∫ ∇(uw)·∇(vw) w⁻¹ + (c f − g²/2) ∫ ∇(uw)·∇v,
//! ```
//!
//! the last one because f ∇·(xv) = c f (∇·(∇(vw) w⁻¹) − Δv). For h in H the pairing is ⟨h, v⟩_H, and the norm of V* is
//! the supremum of ⟨h, v⟩_H/‖v‖_V: √(ℓᵀ S⁻¹ ℓ) on a grid, with the Gram matrix S of V.

use nalgebra::{DMatrix, DVector};

use super::WeightedSpace;
use crate::grid::Field;
use crate::{LaboratoryError, check};

/// The most cells for which the norm of V* is computed: S is factored as a dense matrix.
pub const MOST_CELLS_OF_DUAL_NORM: usize = 2000;

impl WeightedSpace {
    /// ⟨u, v⟩_V.
    pub fn inner_of_v(&self, u: &Field, v: &Field) -> f64 {
        self.pairing(u, v) + self.gradient_pairing(u, v) + self.flux_pairing(u, v)
    }

    /// ‖v‖²_V = N + G + F, which is N (1 − d/c) + 2 G by Lemma 3.3.
    pub fn norm_of_v_squared(&self, v: &Field) -> f64 {
        self.inner_of_v(v, v)
    }

    /// V*⟨A v, u⟩_V of A v = f ∇·(xv) + ½ g² Δv, by first derivatives alone.
    pub fn weak_pairing(&self, u: &Field, v: &Field, f: f64, g_squared: f64) -> f64 {
        let mixed = self.mixed_pairing(u, v);
        -self.c * f * self.flux_pairing(u, v) + (self.c * f - 0.5 * g_squared) * mixed
    }

    /// ‖h‖_{V*} for h in H.
    ///
    /// # Errors
    /// More cells than a dense matrix should have; a grid so wide that S is singular to rounding.
    pub fn dual_norm(&self, h: &Field) -> Result<f64, LaboratoryError> {
        let cells = h.values.len();
        check::count("cells", cells, 2..=MOST_CELLS_OF_DUAL_NORM)?;
        // In the unknowns v √w, in which all rows of S are of one size.
        let root = |x: &[f64]| 0.5 * self.log_weight(x);
        let mut gram = DMatrix::<f64>::identity(cells, cells);
        for (component, axis) in h.axes.iter().enumerate() {
            let stride = if component == 0 { 1 } else { h.axes[0].cells };
            for left in (0..cells).filter(|index| index / stride % axis.cells + 1 < axis.cells) {
                let right = left + stride;
                let mut face = h.point(left);
                face[component] += 0.5 * axis.width();
                let [a, b] = [left, right].map(|index| root(&face) - root(&h.point(index)));
                for [a, b] in [[a.exp(), b.exp()], [(-a).exp(), (-b).exp()]] {
                    let scale = axis.width().powi(2).recip();
                    gram[(left, left)] += scale * a * a;
                    gram[(right, right)] += scale * b * b;
                    gram[(left, right)] -= scale * a * b;
                    gram[(right, left)] -= scale * a * b;
                }
            }
        }
        let load = DVector::from_fn(cells, |index, _| self.weighted(h.values[index], &h.point(index)));
        let Some(factor) = gram.cholesky() else {
            return Err(LaboratoryError::value(
                "grid",
                format!("{cells} cells"),
                "narrower: V's Gram matrix is singular",
            ));
        };
        Ok((load.dot(&factor.solve(&load)) * h.volume()).sqrt())
    }
}
