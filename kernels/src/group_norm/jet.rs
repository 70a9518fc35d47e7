//! Numbers that carry derivatives along.
//!
//! With `ε₁² = ε₂² = 0`, a number `a + ε₁ u + ε₂ v + ε₁ε₂ w` is a value with its derivatives along two directions and the
//! mixed second one. The coefficients are stored in the order of the bits of their index: that of `ε₁` is number 1,
//! that of `ε₂` number 2, that of `ε₁ε₂` number 3. One coefficient is a plain number, two are a dual number.
//!
//! The adjoint of an operation on such numbers is its plain adjoint on such numbers, read backwards: if `out = f(x)` and a
//! loss depends on coefficient `i` of `out` with the gradient `g_i`, the gradient of coefficient `j` of `x` is coefficient
//! `K − 1 − j` of `Df(x)ᵀ G` with `G = Σ g_i ε^{K−1−i}`.

use std::ops::{Add, Mul, Sub};

use super::sigmoid::sigmoid;

/// A number with `K − 1` derivatives; `K` is 1, 2 or 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Jet<const K: usize>(pub [f32; K]);

impl<const K: usize> Jet<K> {
    pub(super) const ZERO: Self = Self([0.0; K]);

    /// A number without derivatives.
    #[inline(always)]
    pub(super) fn real(value: f32) -> Self {
        let mut all = [0.0; K];
        all[0] = value;
        Self(all)
    }

    /// The coefficient of all `ε` together.
    #[inline(always)]
    pub(super) fn top(self) -> f32 {
        self.0[K - 1]
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|k| f(self.0[k], other.0[k])))
    }

    /// A function of this number, by its value and first two derivatives there.
    #[inline(always)]
    fn lift(self, [value, slope, curvature]: [f32; 3]) -> Self {
        let mut all = self.0.map(|coefficient| slope * coefficient);
        all[0] = value;
        if K == 4 {
            all[3] += curvature * self.0[1] * self.0[2];
        }
        Self(all)
    }

    /// `1 / (1 + e^{−x})`
    #[inline(always)]
    pub(super) fn sigmoid(self) -> Self {
        let s = sigmoid(self.0[0]);
        let slope = s * (1.0 - s);
        self.lift([s, slope, slope * (1.0 - 2.0 * s)])
    }

    /// `1 / √x`
    #[inline(always)]
    pub(super) fn rsqrt(self) -> Self {
        let root = 1.0 / self.0[0].sqrt();
        let slope = -0.5 * root / self.0[0];
        self.lift([root, slope, -1.5 * slope / self.0[0]])
    }
}

impl<const K: usize> Add for Jet<K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<const K: usize> Sub for Jet<K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<const K: usize> Mul for Jet<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut all = other.0.map(|coefficient| self.0[0] * coefficient);
        for (i, sum) in all.iter_mut().enumerate() {
            for j in 1..K {
                if i & j == j {
                    *sum += self.0[j] * other.0[i ^ j];
                }
            }
        }
        Self(all)
    }
}

impl<const K: usize> Mul<f32> for Jet<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        Self(self.0.map(|coefficient| coefficient * factor))
    }
}

#[cfg(test)]
mod tests {
    use super::Jet;

    #[test]
    fn a_product_has_the_derivatives_of_a_product() {
        let product = Jet([2.0, 3.0, 5.0, 7.0]) * Jet([11.0, 13.0, 17.0, 19.0]);
        let mixed = 2.0 * 19.0 + 3.0 * 17.0 + 5.0 * 13.0 + 7.0 * 11.0;
        assert_eq!(product, Jet([22.0, 2.0 * 13.0 + 3.0 * 11.0, 2.0 * 17.0 + 5.0 * 11.0, mixed]));
    }

    #[test]
    fn functions_have_their_slopes_and_curvatures() {
        for x in [0.3f64, 1.0, 2.5] {
            let jet = |f: fn(Jet<4>) -> Jet<4>| f(Jet([x as f32, 1.0, 1.0, 0.0])).0.map(f64::from);
            let s = 1.0 / (1.0 + (-x).exp());
            let slope = s * (1.0 - s);
            let sigmoid = [s, slope, slope, slope * (1.0 - 2.0 * s)];
            let root = [x.powf(-0.5), -0.5 * x.powf(-1.5), -0.5 * x.powf(-1.5), 0.75 * x.powf(-2.5)];
            for (got, expected) in [(jet(Jet::sigmoid), sigmoid), (jet(Jet::rsqrt), root)] {
                for (got, expected) in got.iter().zip(expected) {
                    assert!((got - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{got} is not {expected} at {x}");
                }
            }
        }
    }
}
