//! A score that is wrong in a known way.

use super::Score;

/// s(x, t) + amplitude · sin(wavenumber · x_i), the same in every component.
#[derive(Clone, Copy)]
pub struct Perturbed<'a> {
    /// The score that is perturbed.
    pub score: &'a dyn Score,
    /// In units of the score, 1/data unit.
    pub amplitude: f64,
    /// Radians per data unit.
    pub wavenumber: f64,
}

impl Score for Perturbed<'_> {
    fn dimension(&self) -> usize {
        self.score.dimension()
    }

    fn score(&self, x: &[f64], t: f64, component: usize) -> f64 {
        self.score.score(x, t, component) + self.amplitude * (self.wavenumber * x[component]).sin()
    }

    fn integral(&self, x: &[f64], t: f64, component: usize, length: f64) -> f64 {
        // ∫ sin(kx) over the length, as a product: no cancellation for small k.
        let middle = (self.wavenumber * (x[component] + 0.5 * length)).sin();
        let half = 0.5 * self.wavenumber * length;
        let width = if half == 0.0 { 1.0 } else { half.sin() / half };
        self.score.integral(x, t, component, length) + self.amplitude * length * middle * width
    }
}
