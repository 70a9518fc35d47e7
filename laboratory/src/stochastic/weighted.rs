//! The weighted norms of [Seo, §2.1], and its Lemmas 3.3 and 3.4 evaluated on a grid.

use crate::fokker_planck::{Equation, Solver};
use crate::grid::Field;

/// L²(ℝᵈ; w) with w = e^{|x|²/2c}.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedSpace {
    /// c > 0, in squared data units; infinite without weight.
    pub c: f64,
}

/// Both sides of Lemma 3.4 at one function and one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lemma {
    /// ⟨v, A v⟩ = ∫ v (f ∇·(x v) + ½ g² Δv) w dx, with the operator of the grid.
    pub pairing: f64,
    /// N = ∫ v² w dx.
    pub norm: f64,
    /// G = ∫ |∇v|² w dx.
    pub gradient: f64,
    /// The bound as [Seo, eq. 3.4] prints it: (d f/2 − g²/4c) N − (g²/2) G. False in general.
    pub printed: f64,
    /// The bound with the sign that its proof gives: (d f/2 + d g²/4c) N − (g²/2) G.
    pub corrected: f64,
    /// (d/2)(f − g²/2c) N.
    pub dissipation: f64,
}

/// What is differenced across a face: from the two values, and w of their cells divided by w at the face.
type FaceForm = fn([f64; 2], [f64; 2]) -> f64;

fn gradient([left, right]: [f64; 2], _: [f64; 2]) -> f64 {
    right - left
}

fn flux([left, right]: [f64; 2], [left_tilt, right_tilt]: [f64; 2]) -> f64 {
    right * right_tilt - left * left_tilt
}

impl WeightedSpace {
    /// L²(ℝᵈ) without weight: c = ∞. The space of the drift-free case [Seo, end of §3].
    pub const UNWEIGHTED: Self = Self { c: f64::INFINITY };

    pub(super) fn log_weight(&self, x: &[f64]) -> f64 {
        x.iter().map(|x| x * x).sum::<f64>() / (2.0 * self.c)
    }

    /// v √w, which does not overflow where v is small.
    pub(super) fn weighted(&self, value: f64, x: &[f64]) -> f64 {
        if value == 0.0 { 0.0 } else { value.signum() * (value.abs().ln() + 0.5 * self.log_weight(x)).exp() }
    }

    /// N = ∫ v² w dx = ‖v‖².
    pub fn norm_squared(&self, v: &Field) -> f64 {
        self.pairing(v, v)
    }

    /// ∫ u v w dx.
    pub fn pairing(&self, u: &Field, v: &Field) -> f64 {
        let term = |index: usize| {
            let x = u.point(index);
            self.weighted(u.values[index], &x) * self.weighted(v.values[index], &x)
        };
        (0..u.values.len()).map(term).sum::<f64>() * u.volume()
    }

    /// G = ∫ |∇v|² w dx, by differences across faces.
    pub fn gradient_squared(&self, v: &Field) -> f64 {
        self.gradient_pairing(v, v)
    }

    /// F = ∫ |∇(v w) w⁻¹|² w dx, which Lemma 3.3 says is G − (d/c) N; by differences of v w across faces.
    pub fn flux_squared(&self, v: &Field) -> f64 {
        self.flux_pairing(v, v)
    }

    /// ∫ ∇u·∇v w dx.
    pub fn gradient_pairing(&self, u: &Field, v: &Field) -> f64 {
        self.across_faces((u, gradient), (v, gradient))
    }

    /// ∫ ∇(uw)·∇(vw) w⁻¹ dx.
    pub fn flux_pairing(&self, u: &Field, v: &Field) -> f64 {
        self.across_faces((u, flux), (v, flux))
    }

    /// ∫ ∇(uw)·∇v dx.
    pub fn mixed_pairing(&self, u: &Field, v: &Field) -> f64 {
        self.across_faces((u, flux), (v, gradient))
    }

    /// Σ over faces of (form of u / h)(form of v / h) × w × cell volume.
    fn across_faces(&self, (u, of_u): (&Field, FaceForm), (v, of_v): (&Field, FaceForm)) -> f64 {
        let mut sum = 0.0;
        for (component, axis) in v.axes.iter().enumerate() {
            let stride = if component == 0 { 1 } else { v.axes[0].cells };
            for index in 0..v.values.len() {
                if index / stride % axis.cells + 1 == axis.cells {
                    continue;
                }
                let (left, right) = (v.point(index), v.point(index + stride));
                let mut face = left.clone();
                face[component] += 0.5 * axis.width();
                let tilt = [&left, &right].map(|x| (self.log_weight(x) - self.log_weight(&face)).exp());
                let of = |field: &Field, form: FaceForm| {
                    let form = form([field.values[index], field.values[index + stride]], tilt);
                    self.weighted(form / axis.width(), &face)
                };
                sum += of(u, of_u) * of(v, of_v);
            }
        }
        sum * v.volume()
    }

    /// Both sides of Lemma 3.4 for an equation with decay rate f and squared noise g² at time t.
    pub fn lemma(&self, solver: &Solver<impl Equation>, v: &Field, f: f64, g_squared: f64, t: f64) -> Lemma {
        let d = v.dimension() as f64;
        let (norm, gradient) = (self.norm_squared(v), self.gradient_squared(v));
        Lemma {
            pairing: self.pairing(v, &solver.rate_of_change(v, t)),
            norm,
            gradient,
            printed: (d * f / 2.0 - g_squared / (4.0 * self.c)) * norm - 0.5 * g_squared * gradient,
            corrected: (d * f / 2.0 + d * g_squared / (4.0 * self.c)) * norm - 0.5 * g_squared * gradient,
            dissipation: 0.5 * d * (f - g_squared / (2.0 * self.c)) * norm,
        }
    }
}
