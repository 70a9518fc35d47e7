//! Numbers that carry derivatives along, and what the gradients of such numbers are.
//!
//! With `ε₁² = ε₂² = 0`, a number `a + ε₁ u + ε₂ v + ε₁ε₂ w` is a value with its derivatives along two directions and the
//! mixed second one. The coefficients are stored in the order of the bits of their index: that of `ε₁` is number 1,
//! that of `ε₂` number 2, that of `ε₁ε₂` number 3. After them there may be one more, of an `ε₃` whose products with every
//! other `ε` vanish: a derivative along a direction in which nothing is differentiated twice. So one coefficient is a
//! plain number, two are a dual number, three and five are those with one direction more.
//!
//! If a loss depends on the coefficients of `y = c x`, `c` a constant jet, with gradients `g`, its gradients in those of `x`
//! are `(c g)ⱼ = Σ cᵢ gₖ` over all `i` and `k` with `εᵢ εⱼ = εₖ`: the [`Adjoint`]s are a module over the jets. As every
//! function of a jet is locally such a product, what follows holds for all of them: the gradient of `f(x)` is `f′(x) g`.

use std::ops::{Add, Mul, Sub};

use super::sigmoid::sigmoid;

/// How many of `K` coefficients are those of products of `ε₁` and `ε₂`.
const fn core(k: usize) -> usize {
    if k == 1 { 1 } else { k & !1 }
}

/// A number with `K − 1` derivatives; `K` is at most 5.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Jet<const K: usize>(pub [f32; K]);

/// The gradients of a jet's coefficients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Adjoint<const K: usize>(pub [f32; K]);

impl<const K: usize> Jet<K> {
    pub(super) const ZERO: Self = Self([0.0; K]);

    /// A number without derivatives.
    #[inline(always)]
    pub(super) fn real(value: f32) -> Self {
        let mut all = [0.0; K];
        all[0] = value;
        Self(all)
    }

    /// A function of this number, by its value and first two derivatives there.
    #[inline(always)]
    fn lift(self, [value, slope, curvature]: [f32; 3]) -> Self {
        let mut all = self.0.map(|coefficient| slope * coefficient);
        all[0] = value;
        if core(K) == 4 {
            all[3] += curvature * self.0[1] * self.0[2];
        }
        Self(all)
    }

    /// `x / (1 + e^{−x})`
    #[inline(always)]
    pub(super) fn silu(self) -> Self {
        let x = self.0[0];
        let [s, s1, s2, _] = sigmoid_and_derivatives(x);
        self.lift([x * s, s + x * s1, 2.0 * s1 + x * s2])
    }

    /// The derivative of [`Self::silu`].
    #[inline(always)]
    pub(super) fn silu_slope(self) -> Self {
        let x = self.0[0];
        let [s, s1, s2, s3] = sigmoid_and_derivatives(x);
        self.lift([s + x * s1, 2.0 * s1 + x * s2, 3.0 * s2 + x * s3])
    }

    /// `1 / √x`
    #[inline(always)]
    pub(super) fn rsqrt(self) -> Self {
        let root = 1.0 / self.0[0].sqrt();
        let slope = -0.5 * root / self.0[0];
        self.lift([root, slope, -1.5 * slope / self.0[0]])
    }
}

/// The logistic function and its first three derivatives.
#[inline(always)]
fn sigmoid_and_derivatives(x: f32) -> [f32; 4] {
    let s = sigmoid(x);
    let first = s * (1.0 - s);
    let second = first * (1.0 - 2.0 * s);
    [s, first, second, second * (1.0 - 2.0 * s) - 2.0 * first * first]
}

impl<const K: usize> Mul for Jet<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut all = other.0.map(|coefficient| self.0[0] * coefficient);
        for (i, sum) in all.iter_mut().enumerate() {
            if i >= core(K) {
                *sum += self.0[i] * other.0[0];
                continue;
            }
            for j in 1..core(K) {
                if i & j == j {
                    *sum += self.0[j] * other.0[i ^ j];
                }
            }
        }
        Self(all)
    }
}

impl<const K: usize> Mul<Adjoint<K>> for Jet<K> {
    type Output = Adjoint<K>;
    #[inline(always)]
    fn mul(self, gradient: Adjoint<K>) -> Adjoint<K> {
        let mut all = gradient.0.map(|coefficient| self.0[0] * coefficient);
        for (j, sum) in all.iter_mut().enumerate() {
            for k in j + 1..core(K) {
                if k & j == j {
                    *sum += self.0[k ^ j] * gradient.0[k];
                }
            }
        }
        for k in core(K)..K {
            all[0] += self.0[k] * gradient.0[k];
        }
        Adjoint(all)
    }
}

macro_rules! coefficients {
    ($name:ident) => {
        impl<const K: usize> Add for $name<K> {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|k| self.0[k] + other.0[k]))
            }
        }

        impl<const K: usize> Sub for $name<K> {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(std::array::from_fn(|k| self.0[k] - other.0[k]))
            }
        }

        impl<const K: usize> Mul<f32> for $name<K> {
            type Output = Self;
            #[inline(always)]
            fn mul(self, factor: f32) -> Self {
                Self(self.0.map(|coefficient| coefficient * factor))
            }
        }
    };
}
coefficients!(Jet);
coefficients!(Adjoint);

#[cfg(test)]
mod tests {
    use super::{Adjoint, Jet};

    #[test]
    fn a_product_has_the_derivatives_of_a_product() {
        let product = Jet([2.0, 3.0, 5.0, 7.0, 23.0]) * Jet([11.0, 13.0, 17.0, 19.0, 29.0]);
        let mixed = 2.0 * 19.0 + 3.0 * 17.0 + 5.0 * 13.0 + 7.0 * 11.0;
        let along = |one: f32, other: f32| 2.0 * other + one * 11.0;
        assert_eq!(product, Jet([22.0, along(3.0, 13.0), along(5.0, 17.0), mixed, along(23.0, 29.0)]));
    }

    /// `⟨g, c x⟩ = ⟨c g, x⟩`
    fn a_product_and_its_gradient_fit<const K: usize>() {
        let numbers = |first: f32| std::array::from_fn(|k| first + (k * k + 1) as f32);
        let inner = |g: Adjoint<K>, x: Jet<K>| g.0.iter().zip(x.0).map(|(g, x)| g * x).sum::<f32>();
        let (c, x, g) = (Jet::<K>(numbers(2.0)), Jet(numbers(-3.0)), Adjoint(numbers(1.0)));
        assert_eq!(inner(g, c * x), inner(c * g, x), "{K} coefficients");
    }

    #[test]
    fn gradients_of_products_fit_to_products() {
        a_product_and_its_gradient_fit::<1>();
        a_product_and_its_gradient_fit::<2>();
        a_product_and_its_gradient_fit::<3>();
        a_product_and_its_gradient_fit::<4>();
        a_product_and_its_gradient_fit::<5>();
    }

    #[test]
    fn functions_have_their_slopes_and_curvatures() {
        for x in [-1.7f64, 0.3, 1.0, 2.5] {
            let jet = |f: fn(Jet<5>) -> Jet<5>| f(Jet([x as f32, 1.0, 1.0, 0.0, 1.0])).0.map(f64::from);
            let s = 1.0 / (1.0 + (-x).exp());
            let s1 = s * (1.0 - s);
            let s2 = s1 * (1.0 - 2.0 * s);
            let s3 = s2 * (1.0 - 2.0 * s) - 2.0 * s1 * s1;
            let expect = |got: [f64; 5], [value, slope, curvature]: [f64; 3]| {
                for (got, expected) in got.iter().zip([value, slope, slope, curvature, slope]) {
                    assert!((got - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{got} is not {expected} at {x}");
                }
            };
            let silu = [x * s, s + x * s1, 2.0 * s1 + x * s2, 3.0 * s2 + x * s3];
            expect(jet(Jet::silu), [silu[0], silu[1], silu[2]]);
            expect(jet(Jet::silu_slope), [silu[1], silu[2], silu[3]]);
            if x > 0.0 {
                expect(jet(Jet::rsqrt), [x.powf(-0.5), -0.5 * x.powf(-1.5), 0.75 * x.powf(-2.5)]);
            }
        }
    }
}
