//! Paths of any density equation.

use super::Ito;
use crate::fokker_planck::Equation;

/// dX = a(X, t) dt + √(2 D(X, t)) dB, whose density an [`Equation`] describes [Aamari 2025, Prop. 2.5].
///
/// In the plane a D that depends on x is outside of what [`Milstein`](super::Milstein) and [`Heun`](super::Heun) are for;
/// [`EulerMaruyama`](super::EulerMaruyama) is right for every D.
#[derive(Clone, Copy)]
pub struct EquationPath<'a>(pub &'a dyn Equation);

impl Ito for EquationPath<'_> {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn drift(&self, x: &[f64], t: f64, out: &mut [f64]) {
        out.iter_mut().enumerate().for_each(|(i, out)| *out = self.0.drift(x, t, i));
    }

    fn diffusion(&self, x: &[f64], t: f64, out: &mut [f64]) {
        out.fill((2.0 * self.0.diffusion(x, t)).sqrt());
    }

    /// By central differences, to 1e-10 of smooth coefficients.
    fn diffusion_slope(&self, x: &[f64], t: f64, out: &mut [f64]) {
        let mut point = x.to_vec();
        for i in 0..x.len() {
            let width = 1e-5 * (1.0 + x[i].abs());
            let mut at = |place: f64| {
                point[i] = place;
                (2.0 * self.0.diffusion(&point, t)).sqrt()
            };
            out[i] = (at(x[i] + width) - at(x[i] - width)) / (2.0 * width);
            point[i] = x[i];
        }
    }
}
