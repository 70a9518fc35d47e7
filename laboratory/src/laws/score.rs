//! What a score is to the laboratory.

use crate::grid::integral_along;

/// A guess of ∇ln p_t(x); the truth, something learned, a network of another crate.
pub trait Score: Sync {
    /// 1 or 2.
    fn dimension(&self) -> usize;

    /// One component at a point and a time of the forward process.
    fn score(&self, x: &[f64], t: f64, component: usize) -> f64;

    /// ∫ of this component along its own axis, from `x` over a distance `length`: for a true score, the difference of
    /// ln p. By three Gauss points unless the score knows better.
    fn integral(&self, x: &[f64], t: f64, component: usize, length: f64) -> f64 {
        integral_along(x, component, length, |point| self.score(point, t, component))
    }
}
