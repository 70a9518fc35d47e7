//! Polynomials c₀ + c₁t + c₂t² + …, with exact integrals and an exact test of sign.

/// The value at t, by Horner's rule.
pub(crate) fn value(coefficients: &[f64], t: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c)
}

/// ∫ₛᵗ, as (t − s) Σ cₖ (tᵏ + tᵏ⁻¹s + … + sᵏ)/(k + 1): no difference of antiderivatives.
pub(crate) fn integral(coefficients: &[f64], s: f64, t: f64) -> f64 {
    let (mut homogeneous, mut power, mut sum) = (1.0, 1.0, 0.0);
    for (k, c) in coefficients.iter().enumerate() {
        if k > 0 {
            power *= s;
            homogeneous = homogeneous * t + power;
        }
        sum += c * homogeneous / (k + 1) as f64;
    }
    (t - s) * sum
}

/// The smallest value on \[from, to\].
pub(crate) fn minimum(coefficients: &[f64], from: f64, to: f64) -> f64 {
    let turning = roots(&derivative(coefficients), from, to);
    turning.into_iter().chain([from, to]).map(|t| value(coefficients, t)).fold(f64::INFINITY, f64::min)
}

fn derivative(coefficients: &[f64]) -> Vec<f64> {
    coefficients.iter().enumerate().skip(1).map(|(k, c)| k as f64 * c).collect()
}

/// Where the sign changes, in rising order: between two roots of the derivative there is at most one.
fn roots(coefficients: &[f64], from: f64, to: f64) -> Vec<f64> {
    if coefficients.len() < 2 {
        return Vec::new();
    }
    let mut edges = vec![from];
    edges.extend(roots(&derivative(coefficients), from, to));
    edges.push(to);
    let mut found = Vec::new();
    for edge in edges.windows(2) {
        let (mut low, mut high) = (edge[0], edge[1]);
        let sign = value(coefficients, low) < 0.0;
        if sign == (value(coefficients, high) < 0.0) {
            continue;
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if (value(coefficients, middle) < 0.0) == sign { low = middle } else { high = middle }
        }
        found.push(high);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_are_exact_for_narrow_intervals_too() {
        let cubic = [1.0, -2.0, 0.5, 4.0];
        let antiderivative = |t: f64| t - t * t + t.powi(3) / 6.0 + t.powi(4);
        assert!((integral(&cubic, 0.25, 2.0) - (antiderivative(2.0) - antiderivative(0.25))).abs() < 1e-13);
        // To second order in the width, the integral is the width times the value in the middle.
        let (s, width) = (1.0, 2f64.powi(-30));
        assert!((integral(&cubic, s, s + width) / (width * value(&cubic, s + 0.5 * width)) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn minima_are_found_between_the_ends() {
        // (t − 0.3)²(t − 0.8) + 1: a minimum at t = 19/30 inside [0, 1], the other turning point is a maximum.
        let quartic = [1.0 - 0.072, 0.57, -1.4, 1.0];
        let t = 19.0 / 30.0;
        assert!((minimum(&quartic, 0.5, 1.0) - value(&quartic, t)).abs() < 1e-15);
        assert_eq!(minimum(&[2.0], 0.0, 1.0), 2.0);
    }
}
