//! A Grönwall bound on the weighted energy.

use fokker_process::Process;

use super::Condition;

/// E‖u_t‖² ≤ e^{K(t)} (‖u_0‖² + ∫₀ᵗ e^{−K(s)} Σ λₖ‖B eₖ‖² ds) with K(t) = d ∫₀ᵗ (f − g²/2c) ds.
///
/// From Itô's formula for ‖u‖² and the third line of the [module's theory](super), which drops
/// −(f − g²/2c) ∫(|x|²/2c) u² w: that has the sign it needs only where f − g²/2c ≥ 0. So there is a bound only for c that
/// the [`Condition`] admits. K is then not negative; for VP with c = 1 it is 0, and without noise the energy never grows.
/// A drift-free process has its bound in L² without weight, c = ∞: K = 0 again.
#[derive(Clone, Copy, Debug)]
pub struct EnergyBound<'a> {
    process: &'a dyn Process,
    c: f64,
    dimension: usize,
    noise: f64,
}

impl<'a> EnergyBound<'a> {
    /// The bound in `dimension` dimensions, 1 or 2, for the noise Σ λₖ ‖B eₖ‖² in the weighted space, which is 0 without
    /// noise. None where condition (1.2) does not hold: nothing is bounded there.
    pub fn new(process: &'a dyn Process, c: f64, dimension: usize, noise: f64) -> Option<Self> {
        Condition::of(process).admits(c).then_some(Self { process, c, dimension, noise })
    }

    /// The bound at the given times, which rise from 0, for the energy ‖u_0‖² at time 0.
    pub fn at(&self, times: &[f64], energy: f64) -> Vec<f64> {
        let rate = |t: f64| {
            let (f, g_squared) = (-self.process.drift(t), self.process.diffusion_squared(t));
            self.dimension as f64 * (f - g_squared / (2.0 * self.c))
        };
        let (mut bound, mut last) = (energy, 0.0);
        let step = |&t: &f64| {
            // Simpson's rule for K and for the source over each interval, cut finely.
            const CUTS: usize = 16;
            for k in 0..CUTS {
                let h = (t - last) / CUTS as f64;
                let left = last + k as f64 * h;
                let (middle, right) = (left + 0.5 * h, left + h);
                let growth = h / 6.0 * (rate(left) + 4.0 * rate(middle) + rate(right));
                let late_half = h / 12.0 * (rate(middle) + 4.0 * rate(left + 0.75 * h) + rate(right));
                let source = h / 6.0 * (growth.exp() + 4.0 * late_half.exp() + 1.0);
                bound = bound * growth.exp() + self.noise * source;
            }
            last = t;
            bound
        };
        times.iter().map(step).collect()
    }
}
