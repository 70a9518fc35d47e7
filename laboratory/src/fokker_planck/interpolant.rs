//! The equations of an interpolant between two laws (Albergo et al. 2023, sec. 2.3).
//!
//! With velocity b and score s of the density p_t, and any D(t) = ε(t) ≥ 0,
//!
//! ```text
//! upwards in t:              a = b + ε s,      towards the start,
//! downwards, in τ = 1 − t:   a = −b + ε s,     towards the data,
//! ```
//!
//! keep p_t. Without noise it is a transport equation: [`Transport`](super::Transport) with [`Carried`] loses less of it.

use fokker_process::interpolant::InterpolatedMixtures;

use super::{Equation, Velocity};

/// Which way an interpolant is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the data at t = 0 to the start at t = 1, in the time t.
    ToStart,
    /// From the start to the data, in the time τ = 1 − t.
    ToData,
}

/// Between two Gaussian mixtures, with noise of one's choice.
#[derive(Clone, Copy)]
pub struct InterpolantEquation<'a, N> {
    bridges: &'a InterpolatedMixtures,
    direction: Direction,
    noise: N,
}

impl<'a, N: Fn(f64) -> f64 + Sync> InterpolantEquation<'a, N> {
    /// `noise(t)` is ε ≥ 0 at time t of the interpolant.
    pub fn new(bridges: &'a InterpolatedMixtures, direction: Direction, noise: N) -> Self {
        Self { bridges, direction, noise }
    }

    /// The sign of b, and t at the equation's own time.
    fn place(&self, own: f64) -> (f64, f64) {
        match self.direction {
            Direction::ToStart => (1.0, own),
            Direction::ToData => (-1.0, 1.0 - own),
        }
    }
}

impl<N: Fn(f64) -> f64 + Sync> Equation for InterpolantEquation<'_, N> {
    fn dimension(&self) -> usize {
        self.bridges.dimension()
    }

    fn drift(&self, x: &[f64], own: f64, component: usize) -> f64 {
        let (sign, t) = self.place(own);
        let law = self.bridges.at(t);
        sign * law.velocity(x)[component] + (self.noise)(t) * law.score(x)[component]
    }

    fn diffusion(&self, _: &[f64], own: f64) -> f64 {
        (self.noise)(self.place(own).1)
    }
}

/// The velocity b of an interpolant in its time t.
#[derive(Clone, Copy)]
pub struct Carried<'a>(pub &'a InterpolatedMixtures);

impl Velocity for Carried<'_> {
    fn velocity(&self, x: &[f64], t: f64, component: usize) -> f64 {
        self.0.at(t).velocity(x)[component]
    }
}
