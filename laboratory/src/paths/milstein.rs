//! Milstein's method.

use super::{Ito, Method};

/// X + a h + b ΔB + ½ b b′ (ΔB² − h): strong order 1. The last term is b b′ ∫∫ dB dB, and [Aamari 2025, Example 1.9] computes
/// that integral: ∫ B dB = ½ (B² − t).
#[derive(Clone, Copy, Debug)]
pub struct Milstein;

impl Method for Milstein {
    fn name(&self) -> &'static str {
        "Milstein"
    }

    fn strong_order(&self) -> f64 {
        1.0
    }

    fn step(&self, equation: &dyn Ito, x: &mut [f64], t: f64, h: f64, dw: &[f64], scratch: &mut [f64]) {
        let d = x.len();
        let (a, rest) = scratch[..3 * d].split_at_mut(d);
        let (b, slope) = rest.split_at_mut(d);
        equation.drift(x, t, a);
        equation.diffusion(x, t, b);
        equation.diffusion_slope(x, t, slope);
        for i in 0..d {
            x[i] += a[i] * h + b[i] * dw[i] + 0.5 * b[i] * slope[i] * (dw[i] * dw[i] - h);
        }
    }
}
