//! Euler–Maruyama.

use super::{Ito, Method};

/// X + a h + b ΔB ([Aamari 2025, Remark 2.4]; [SDE tutorial, eq. 4.1.9]): strong order ½, and 1 where b does not depend on X.
#[derive(Clone, Copy, Debug)]
pub struct EulerMaruyama;

impl Method for EulerMaruyama {
    fn name(&self) -> &'static str {
        "Euler–Maruyama"
    }

    fn strong_order(&self) -> f64 {
        0.5
    }

    fn step(&self, equation: &dyn Ito, x: &mut [f64], t: f64, h: f64, dw: &[f64], scratch: &mut [f64]) {
        let d = x.len();
        let (a, b) = scratch[..2 * d].split_at_mut(d);
        equation.drift(x, t, a);
        equation.diffusion(x, t, b);
        for i in 0..d {
            x[i] += a[i] * h + b[i] * dw[i];
        }
    }
}
