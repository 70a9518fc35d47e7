//! Lemmas 3.1 and 3.2 of [Seo] on a grid. Both are identities; on a grid they hold to second order.

use super::WeightedSpace;
use crate::fokker_planck::{Custom, Scheme, Solver};
use crate::grid::Field;

impl WeightedSpace {
    /// The two parts of ∫ ∇·(v² ∇w) dx = ∫ ∇(v²)·∇w dx + ∫ v² Δw dx, whose sum is 0 [Seo, Lemma 3.1]. With ∇w = (x/c) w and
    /// Δw = (d/c + |x|²/c²) w.
    pub fn lemma_3_1(&self, v: &Field) -> [f64; 2] {
        let d = v.dimension() as f64;
        let curved = |index: usize| {
            let x = v.point(index);
            let square: f64 = x.iter().map(|x| x * x).sum();
            (d / self.c + square / (self.c * self.c)) * self.weighted(v.values[index], &x).powi(2)
        };
        let second = (0..v.values.len()).map(curved).sum::<f64>() * v.volume();
        let mut first = 0.0;
        for (component, axis) in v.axes.iter().enumerate() {
            let stride = if component == 0 { 1 } else { v.axes[0].cells };
            for index in (0..v.values.len()).filter(|index| index / stride % axis.cells + 1 < axis.cells) {
                let mut face = v.point(index);
                face[component] += 0.5 * axis.width();
                let [before, after] = [index, index + stride].map(|i| self.weighted(v.values[i], &face).powi(2));
                first += (after - before) / axis.width() * face[component] / self.c;
            }
        }
        [first * v.volume(), second]
    }

    /// Both sides of ∫ u ∇·(∇(vw) w⁻¹) w dx = −∫ ∇(uw)·∇(vw) w⁻¹ dx [Seo, Lemma 3.2, and its bilinear form in the proof]. The
    /// operator on the left is Δv + ∇·(xv)/c, with the fluxes of the grid.
    pub fn lemma_3_2(&self, u: &Field, v: &Field) -> [f64; 2] {
        let c = self.c;
        let equation = Custom::new(v.dimension(), |x: &[f64], _, i| -x[i] / c, |_: &[f64], _| 1.0);
        let operator = Solver::new(equation, Scheme::ImplicitEuler).rate_of_change(v, 0.0);
        [self.pairing(u, &operator), -self.flux_pairing(u, v)]
    }
}
