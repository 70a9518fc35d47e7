//! The logistic function, in a form that compilers turn into vector instructions.

/// `1 / (1 + e^{−x})` to about two units in the last place.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `eˣ = 2ⁿ eʳ` with the nearest integer `n` to `x / ln 2` and a polynomial in `|r| ≤ ln 2 / 2` (Cephes, `expf`).
///
/// Results stay finite: beyond ±87 the argument counts as ±87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to an integer and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts, the first with few enough bits that its product with n is exact.
    let r = (x - n * (355.0 / 512.0)) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p * r + coefficient;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()));
    (p * r * r + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::{exp, sigmoid};

    #[test]
    fn exp_is_the_exponential() {
        for i in -8700..=8700 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 2e-7, "e^{x}");
        }
    }

    #[test]
    fn sigmoid_saturates_without_overflow() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(1e30), 1.0);
        assert!(sigmoid(-1e30) < 1e-37);
        assert!(sigmoid(f32::NAN).is_nan());
    }
}
