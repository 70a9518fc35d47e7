//! The reverse of any equation, with any backward noise ([Lecture 6, Theorem 1]; [Aamari 2025, Thm 2.10]).
//!
//! Forwards dX = a(X, t) dt + √(2 D(X, t)) dB with density p. Backwards in τ = T − t, with a diffusion D̃(x, τ) ≥ 0 of
//! one's choice,
//!
//! ```text
//! dY = ã dτ + √(2 D̃) dB,      ã = −a + ∇(D + D̃) + (D + D̃) ∇ln p,      all of the process at T − τ,
//! ```
//!
//! has the density p(·, T − τ). [Lecture 6, eq. 1.14] is D = D̃ = ½ σ²(t), where the gradient vanishes; [Aamari 2025] writes
//! σ² and σ̃² for D and D̃. The summary after its Theorem 2.10 leaves ∇(D + D̃) out: that is right only where neither
//! depends on x.

use super::Equation;
use crate::laws::Score;

/// The reverse of an [`Equation`], itself an equation in its own time τ = T − t.
#[derive(Clone, Copy)]
pub struct TimeReversal<'a, E, B> {
    forward: &'a E,
    score: &'a dyn Score,
    start: f64,
    backward: B,
}

impl<'a, E: Equation, B: Fn(&[f64], f64) -> f64 + Sync> TimeReversal<'a, E, B> {
    /// From time `start` of the forward equation backwards, with `backward(x, τ)` = D̃ = σ̃² = ½ g̃². The score is that
    /// of the forward equation, in its time.
    pub fn new(forward: &'a E, score: &'a dyn Score, start: f64, backward: B) -> Self {
        Self { forward, score, start, backward }
    }

    /// D + D̃ at a point, at time τ.
    fn both(&self, x: &[f64], tau: f64) -> f64 {
        self.forward.diffusion(x, self.start - tau) + (self.backward)(x, tau)
    }

    /// ∂(D + D̃)/∂xᵢ by a central difference: 0 to the last bit where neither depends on x, and to 1e-10 of smooth
    /// functions elsewhere.
    fn slope(&self, x: &[f64], tau: f64, component: usize) -> f64 {
        let width = 1e-5 * (1.0 + x[component].abs());
        let mut point = [0.0; 2];
        let point = &mut point[..x.len()];
        point.copy_from_slice(x);
        point[component] = x[component] + width;
        let ahead = self.both(point, tau);
        point[component] = x[component] - width;
        (ahead - self.both(point, tau)) / (2.0 * width)
    }
}

impl<E: Equation, B: Fn(&[f64], f64) -> f64 + Sync> Equation for TimeReversal<'_, E, B> {
    fn dimension(&self) -> usize {
        self.forward.dimension()
    }

    fn drift(&self, x: &[f64], tau: f64, component: usize) -> f64 {
        let t = self.start - tau;
        self.slope(x, tau, component) - self.forward.drift(x, t, component)
            + self.both(x, tau) * self.score.score(x, t, component)
    }

    fn diffusion(&self, x: &[f64], tau: f64) -> f64 {
        (self.backward)(x, tau)
    }
}
