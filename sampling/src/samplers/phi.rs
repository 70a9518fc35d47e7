//! The functions φ₂ and φ₃ of exponential integrators, without cancellation.

/// `(e^h − 1)/h − 1`, by its series where the difference would cancel.
pub(super) fn phi2(h: f64) -> f64 {
    if h.abs() < 1e-3 {
        return h / 2.0 * (1.0 + h / 3.0 * (1.0 + h / 4.0 * (1.0 + h / 5.0)));
    }
    h.exp_m1() / h - 1.0
}

/// `(e^h − 1 − h)/h² − ½`, by its series where the difference would cancel.
pub(super) fn phi3(h: f64) -> f64 {
    if h.abs() < 1e-2 {
        return h / 6.0 * (1.0 + h / 4.0 * (1.0 + h / 5.0 * (1.0 + h / 6.0 * (1.0 + h / 7.0))));
    }
    (h.exp_m1() - h) / (h * h) - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_formula_meet() {
        for h in [1e-3, -1e-3, 1e-2, -1e-2] {
            let (below, above) = (h * (1.0 - 1e-9), h * (1.0 + 1e-9));
            // Both are linear at 0. The formulas lose ε/h and ε/h² of their value.
            let ratio = |phi: fn(f64) -> f64| phi(below) / below / (phi(above) / above);
            assert!((ratio(phi2) - 1.0).abs() < 1e-9, "{h}");
            assert!((ratio(phi3) - 1.0).abs() < 1e-8, "{h}");
        }
    }
}
