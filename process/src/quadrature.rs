//! Adaptive Gauss–Legendre quadrature, for the variance of processes with arbitrary rates.
//!
//! A panel is accepted when 16 points on it and 16 points on each of its halves agree to 1e-14 of what has been
//! gathered so far; for the non-negative integrands at hand nothing cancels, so this is also the relative error.

use std::sync::OnceLock;

const POINTS: usize = 16;
const TOLERANCE: f64 = 1e-14;
/// Halving a panel this often ends the search: a jump inside it is then located to 2⁻⁴⁰ of its width.
const MAX_DEPTH: usize = 40;

/// Nodes and weights on \[−1, 1\]: the roots of the Legendre polynomial P₁₆ by Newton's method, w = 2/((1 − x²)P′²).
fn rule() -> &'static [(f64, f64); POINTS] {
    static RULE: OnceLock<[(f64, f64); POINTS]> = OnceLock::new();
    RULE.get_or_init(|| {
        std::array::from_fn(|i| {
            let n = POINTS as f64;
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..20 {
                let (mut before, mut value) = (1.0, x);
                for k in 2..=POINTS {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
                }
                slope = n * (before - x * value) / (1.0 - x * x);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
    })
}

fn panel(integrand: &impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    half * rule().iter().map(|(x, w)| w * integrand(middle + half * x)).sum::<f64>()
}

/// ∫ over \[from, to\], adaptively; `gathered` is the size of the whole of which this is a part.
pub(crate) fn integrate(integrand: &impl Fn(f64) -> f64, from: f64, to: f64, gathered: f64) -> f64 {
    refine(integrand, from, to, panel(integrand, from, to), gathered, MAX_DEPTH)
}

fn refine(integrand: &impl Fn(f64) -> f64, from: f64, to: f64, whole: f64, gathered: f64, depth: usize) -> f64 {
    let middle = 0.5 * (from + to);
    let (left, right) = (panel(integrand, from, middle), panel(integrand, middle, to));
    let sum = left + right;
    let agreed = (sum - whole).abs() <= TOLERANCE * (gathered.abs() + sum.abs());
    // NaN and infinity agree with nothing: they would be halved 2⁴⁰ times.
    if depth == 0 || agreed || !sum.is_finite() {
        return sum;
    }
    let gathered = gathered.abs().max(sum.abs());
    refine(integrand, from, middle, left, gathered, depth - 1)
        + refine(integrand, middle, to, right, gathered, depth - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_exact_up_to_degree_31() {
        for degree in 0..32 {
            let exact = if degree % 2 == 0 { 2.0 / f64::from(degree + 1) } else { 0.0 };
            assert!((panel(&|x: f64| x.powi(degree), -1.0, 1.0) - exact).abs() < 1e-15 * 16.0, "x^{degree}");
        }
    }

    #[test]
    fn integrals_that_are_not_finite_end() {
        assert_eq!(integrate(&|_: f64| 1e308, 0.0, 10.0, 0.0), f64::INFINITY);
        assert!(integrate(&|_: f64| f64::NAN, 0.0, 1.0, 0.0).is_nan());
    }

    #[test]
    fn smooth_and_kinked_integrands_are_integrated_to_rounding() {
        let smooth = integrate(&|x: f64| x.exp(), 0.0, 10.0, 0.0);
        assert!((smooth / 10f64.exp_m1() - 1.0).abs() < 1e-14);
        // The jump is located to 2⁻⁴⁰ of the interval, within the panel tolerance times the number of panels.
        let jump = integrate(&|x: f64| if x < 0.3 { 0.0 } else { 2.0 }, 0.0, 1.0, 0.0);
        assert!((jump - 1.4).abs() < 1e-11);
    }
}
