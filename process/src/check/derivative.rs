//! A derivative with its error bar.

/// A numerical derivative and how far from the truth it may be.
#[derive(Clone, Copy, Debug)]
pub struct Derivative {
    /// The derivative.
    pub value: f64,
    /// Its error, at most.
    pub error: f64,
}

/// f′(t) by four central differences of widths h, h/2, h/4, h/8, extrapolated (Romberg): the truncation error is of
/// order h⁸ and is bounded by the last correction; the rounding error of f, `magnitude` times some hundred units in the
/// last place (conditioning of the closed forms and the 1e-14 of quadratures), is divided by the smallest width.
pub fn derivative(f: impl Fn(f64) -> f64, t: f64, h: f64, magnitude: f64) -> Derivative {
    let mut row = Vec::new();
    let mut correction = 0.0;
    for level in 0..4 {
        let h = h * 0.5f64.powi(level);
        // The points that are really used, so that their rounding is not an error.
        let (left, right) = (t - h, t + h);
        let mut next = vec![(f(right) - f(left)) / (right - left)];
        for (k, before) in row.iter().enumerate() {
            let finer: f64 = next[k];
            correction = (finer - before) / (4f64.powi(k as i32 + 1) - 1.0);
            next.push(finer + correction);
        }
        row = next;
    }
    let value = row[3];
    Derivative { value, error: correction.abs() + 256.0 * f64::EPSILON * magnitude / (h / 8.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_bar_holds_and_is_small() {
        for t in [0.01f64, 0.5, 3.0] {
            let found = derivative(f64::exp, t, 0.02 * t, t.exp());
            assert!((found.value - t.exp()).abs() <= found.error);
            assert!(found.error < 1e-8);
        }
    }
}
