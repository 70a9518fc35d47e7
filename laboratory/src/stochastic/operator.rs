//! The operator B of the noise in du = A u dt + B(t, u) dW [Seo, eq. 1.1 and 2.1].
//!
//! | operator | B(t, u) w | in (A2) and (A3) |
//! |---|---|---|
//! | [`AdditiveNoise`] | w | nothing; Σ λₖ ‖eₖ‖² |
//! | [`ScheduledNoise`] | b(t) w | nothing; b² Σ λₖ ‖eₖ‖² |
//! | [`ProportionalNoise`] | b(t) u w, cell by cell | b² Σ λₖ sup eₖ² in both |
//!
//! For the last one ‖B(t, u) − B(t, v)‖² = b² Σ λₖ ‖(u − v) eₖ‖² ≤ b² Σ λₖ sup eₖ² ‖u − v‖²: only bounded eₖ are needed, so
//! cosines serve, which have no norm in the weighted space. It keeps zeros and signs in continuous time; it does not keep
//! the mass of a realisation, only that of the mean.

use super::{QWiener, WeightedSpace};
use crate::grid::Field;

/// B(t, u), linear in what it is applied to.
pub trait NoiseOperator: Sync {
    /// B(t, u) w into `w`.
    fn apply(&self, t: f64, u: &Field, w: &mut Field);

    /// Adds B(t, u) ΔW to the density.
    fn add(&self, t: f64, u: &mut Field, noise: &QWiener, increments: &[f64]) {
        let mut w = Field::zeros(&u.axes);
        noise.add(&mut w, increments);
        self.apply(t, u, &mut w);
        u.values.iter_mut().zip(&w.values).for_each(|(value, w)| *value += w);
    }

    /// The squared Hilbert–Schmidt norm Σ λₖ ‖B(t, u) eₖ‖² [Seo, §2.3].
    fn strength(&self, t: f64, u: &Field, noise: &QWiener, space: &WeightedSpace) -> f64 {
        let one = |mode: &Field| {
            let mut w = mode.clone();
            self.apply(t, u, &mut w);
            space.norm_squared(&w)
        };
        noise.modes().iter().map(one).sum()
    }
}

/// B = 1 on the modes of W.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdditiveNoise;

impl NoiseOperator for AdditiveNoise {
    fn apply(&self, _: f64, _: &Field, _: &mut Field) {}

    fn add(&self, _: f64, u: &mut Field, noise: &QWiener, increments: &[f64]) {
        noise.add(u, increments);
    }
}

/// B(t) = b(t).
#[derive(Clone, Copy)]
pub struct ScheduledNoise<F>(pub F);

impl<F: Fn(f64) -> f64 + Sync> NoiseOperator for ScheduledNoise<F> {
    fn apply(&self, t: f64, _: &Field, w: &mut Field) {
        let factor = (self.0)(t);
        w.values.iter_mut().for_each(|value| *value *= factor);
    }
}

/// B(t, u) w = b(t) u w: noise in proportion to the density.
#[derive(Clone, Copy)]
pub struct ProportionalNoise<F>(pub F);

impl<F: Fn(f64) -> f64 + Sync> NoiseOperator for ProportionalNoise<F> {
    fn apply(&self, t: f64, u: &Field, w: &mut Field) {
        let factor = (self.0)(t);
        w.values.iter_mut().zip(&u.values).for_each(|(w, u)| *w *= factor * u);
    }
}

impl<F: Fn(f64) -> f64 + Sync> ProportionalNoise<F> {
    /// b² Σ λₖ sup eₖ² at time t, over the cells: the constant of the operator in (A2) and (A3).
    pub fn lipschitz_squared(&self, t: f64, noise: &QWiener) -> f64 {
        let largest = |mode: &Field| mode.values.iter().fold(0.0f64, |most, value| most.max(value * value));
        (self.0)(t).powi(2) * noise.modes().iter().map(largest).sum::<f64>()
    }
}
