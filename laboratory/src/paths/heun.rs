//! Heun's method for Itô equations.

use super::{Ito, Method};

/// Predictor and trapezoidal corrector of the equivalent Stratonovich equation, whose drift is a − ½ b b′: without that
/// correction the trapezoidal rule would converge to the Stratonovich solution of the same letters. Strong order 1.
#[derive(Clone, Copy, Debug)]
pub struct Heun;

impl Heun {
    /// a − ½ b b′ into `a` and b into `b`, with room for the slope b′.
    fn coefficients(equation: &dyn Ito, x: &[f64], t: f64, a: &mut [f64], b: &mut [f64], slope: &mut [f64]) {
        equation.diffusion(x, t, b);
        equation.diffusion_slope(x, t, slope);
        equation.drift(x, t, a);
        for i in 0..x.len() {
            a[i] -= 0.5 * b[i] * slope[i];
        }
    }
}

impl Method for Heun {
    fn name(&self) -> &'static str {
        "Heun"
    }

    fn strong_order(&self) -> f64 {
        1.0
    }

    fn step(&self, equation: &dyn Ito, x: &mut [f64], t: f64, h: f64, dw: &[f64], scratch: &mut [f64]) {
        let d = x.len();
        let (a, rest) = scratch[..6 * d].split_at_mut(d);
        let (b, rest) = rest.split_at_mut(d);
        let (next_a, rest) = rest.split_at_mut(d);
        let (next_b, rest) = rest.split_at_mut(d);
        let (predicted, slope) = rest.split_at_mut(d);
        Self::coefficients(equation, x, t, a, b, slope);
        for i in 0..d {
            predicted[i] = x[i] + a[i] * h + b[i] * dw[i];
        }
        Self::coefficients(equation, predicted, t + h, next_a, next_b, slope);
        for i in 0..d {
            x[i] += 0.5 * (a[i] + next_a[i]) * h + 0.5 * (b[i] + next_b[i]) * dw[i];
        }
    }
}
