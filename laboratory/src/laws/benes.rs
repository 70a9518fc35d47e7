//! An equation whose drift is not linear, with its law in closed form (Beneš 1981).
//!
//! ```text
//! dX = β(t) tanh(X) dt + √β(t) dB,      s(t) = ∫₀ᵗ β
//! ```
//!
//! Girsanov's density is cosh(X_t)/cosh(X_0) · e^{−s/2}, so from p_0 ∝ cosh(x) r(x), with r a Gaussian mixture, the law
//! is p_t ∝ cosh(x) (r ∗ N(0, s))(x). Since cosh(x) N(x; m, v) is ½ e^{v/2} (e^{m} N(m + v, v) + e^{−m} N(m − v, v)), it is
//! a mixture at every time: weights that do not change, means m ± (v + s) that run away, variances v + s.

use super::{LineMixture, Score};
use crate::LaboratoryError;
use crate::fokker_planck::Equation;

/// The equation with β(t) = `rate` + `growth` · t, and its law.
#[derive(Clone, Debug, PartialEq)]
pub struct Benes {
    weights: Vec<f64>,
    /// m, sign and v of each component.
    parts: Vec<(f64, f64, f64)>,
    rate: f64,
    growth: f64,
}

impl Benes {
    /// From p_0 ∝ cosh(x) r(x).
    pub fn new(r: &LineMixture, rate: f64, growth: f64) -> Self {
        let (mut weights, mut parts) = (vec![], vec![]);
        for (weight, mean, variance) in r.components() {
            for sign in [1.0, -1.0] {
                weights.push(0.5 * weight * (sign * mean + 0.5 * variance).exp());
                parts.push((mean, sign, variance));
            }
        }
        Self { weights, parts, rate, growth }
    }

    /// β(t).
    pub fn beta(&self, t: f64) -> f64 {
        self.rate + self.growth * t
    }

    /// The law of X_t.
    ///
    /// # Errors
    /// A time at which a variance is not positive.
    pub fn law(&self, t: f64) -> Result<LineMixture, LaboratoryError> {
        let s = t * (self.rate + 0.5 * self.growth * t);
        let (means, stds): (Vec<f64>, Vec<f64>) =
            self.parts.iter().map(|(mean, sign, v)| (mean + sign * (v + s), (v + s).sqrt())).unzip();
        LineMixture::new(&self.weights, &means, &stds)
    }
}

impl Equation for Benes {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], t: f64, _: usize) -> f64 {
        self.beta(t) * x[0].tanh()
    }

    fn diffusion(&self, _: &[f64], t: f64) -> f64 {
        0.5 * self.beta(t)
    }

    /// 2 ∫ tanh = 2 ln cosh.
    fn log_equilibrium_ratio(&self, x: &[f64], _: f64, _: usize, length: f64) -> f64 {
        2.0 * ((x[0] + length).cosh() / x[0].cosh()).ln()
    }
}

impl Score for Benes {
    fn dimension(&self) -> usize {
        1
    }

    /// NaN at a time at which there is no law.
    fn score(&self, x: &[f64], t: f64, _: usize) -> f64 {
        self.law(t).map_or(f64::NAN, |law| law.score(x[0]))
    }

    fn integral(&self, x: &[f64], t: f64, _: usize, length: f64) -> f64 {
        self.law(t).map_or(f64::NAN, |law| law.log_density(x[0] + length) - law.log_density(x[0]))
    }
}
