//! The general linear process, with any rates.
//!
//! dX = −α(t) X dt + √β(t) dB [Lecture 6, eq. 1.6], with the kernel (eq. 1.7–1.10)
//!
//! ```text
//! mean scale = e^{−∫α},     variance = ∫ₛᵗ e^{−2∫ᵤᵗα} β(u) du.
//! ```
//!
//! The mean is exact where the rates know their integral (polynomials do), the variance is a Gauss–Legendre quadrature
//! of a non-negative integrand, to about 1e-14 relative. A config gives the rates as polynomials; in Rust they may be
//! any two functions. The α(t) of [Lecture 6] is the decay rate −f of the other processes, not the mean scale.

use std::fmt::{self, Debug};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, polynomial, quadrature, register_process};

/// The two rates of a linear process, for t in \[0, horizon\].
pub trait Rates: Debug + Send + Sync {
    /// The decay rate α(t) = −f(t), per unit of time; negative where the process inflates.
    fn alpha(&self, t: f64) -> f64;

    /// g²(t) ≥ 0, squared data units per unit of time.
    fn beta(&self, t: f64) -> f64;

    /// ∫ₛᵗ α; by quadrature unless there is something better.
    fn alpha_integral(&self, s: f64, t: f64) -> f64 {
        quadrature::integrate(&|u| self.alpha(u), s, t, 0.0)
    }

    /// Whether β = 2α at all times: then and only then is the variance preserved.
    fn is_variance_preserving(&self) -> bool {
        false
    }

    /// Whether α = 0 at all times.
    fn is_variance_exploding(&self) -> bool {
        false
    }
}

/// Parameters of [`Linear`] with polynomial rates; `kind = "linear"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearConfig {
    /// α(t) = Σ alpha\[k\] tᵏ, the decay rate. No default; an empty list is no drift.
    pub alpha: Vec<f64>,
    /// β(t) = Σ beta\[k\] tᵏ ≥ 0 on \[0, T\], the squared diffusion, not zero everywhere. No default.
    pub beta: Vec<f64>,
    /// T > 0. Default 1.
    #[serde(default = "default_horizon")]
    pub horizon: f64,
    /// ε in (0, T). Default 1e-3.
    #[serde(default = "default_min_time")]
    pub min_time: f64,
}

fn default_horizon() -> f64 {
    1.0
}

fn default_min_time() -> f64 {
    1e-3
}

/// Polynomial rates, coefficients in rising powers of t.
#[derive(Clone, Debug, PartialEq)]
pub struct PolynomialRates {
    alpha: Vec<f64>,
    beta: Vec<f64>,
}

impl Rates for PolynomialRates {
    fn alpha(&self, t: f64) -> f64 {
        polynomial::value(&self.alpha, t)
    }

    fn beta(&self, t: f64) -> f64 {
        polynomial::value(&self.beta, t).max(0.0)
    }

    fn alpha_integral(&self, s: f64, t: f64) -> f64 {
        polynomial::integral(&self.alpha, s, t)
    }

    fn is_variance_preserving(&self) -> bool {
        self.alpha.len() == self.beta.len() && self.alpha.iter().zip(&self.beta).all(|(a, b)| 2.0 * a == *b)
    }

    fn is_variance_exploding(&self) -> bool {
        self.alpha.iter().all(|&a| a == 0.0)
    }
}

/// Rates given by two functions of time.
#[derive(Clone, Copy)]
pub struct FunctionRates<A, B> {
    /// α(t).
    pub alpha: A,
    /// β(t).
    pub beta: B,
}

impl<A, B> Debug for FunctionRates<A, B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FunctionRates")
    }
}

impl<A: Fn(f64) -> f64 + Send + Sync, B: Fn(f64) -> f64 + Send + Sync> Rates for FunctionRates<A, B> {
    fn alpha(&self, t: f64) -> f64 {
        (self.alpha)(t)
    }

    fn beta(&self, t: f64) -> f64 {
        (self.beta)(t)
    }
}

/// The general linear process.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear<R: Rates = PolynomialRates> {
    rates: R,
    horizon: f64,
    min_time: f64,
}

impl LinearConfig {
    /// Rates whose coefficients rise in powers of t, with the other defaults.
    pub fn new(alpha: Vec<f64>, beta: Vec<f64>) -> Self {
        Self { alpha, beta, horizon: default_horizon(), min_time: default_min_time() }
    }
}

impl Linear {
    /// The process with polynomial rates.
    ///
    /// # Errors
    /// As [`Linear::from_config`].
    pub fn new(alpha: Vec<f64>, beta: Vec<f64>) -> Result<Self, ProcessError> {
        Self::from_config(&LinearConfig::new(alpha, beta))
    }

    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`LinearConfig`] states.
    pub fn from_config(config: &LinearConfig) -> Result<Self, ProcessError> {
        let check = Check("linear");
        check.times(config.min_time, config.horizon)?;
        for (key, coefficients) in [("alpha", &config.alpha), ("beta", &config.beta)] {
            for (k, &c) in coefficients.iter().enumerate() {
                check.finite(&format!("{key}[{k}]"), c)?;
            }
        }
        if config.beta.iter().all(|&c| c == 0.0) {
            return check.fail("beta", format!("{:?}", config.beta), "a polynomial that is not zero everywhere");
        }
        // β may touch zero, as (t − ½)² does: leave room for the rounding of its expanded coefficients.
        let size: f64 = config.beta.iter().rev().fold(0.0, |sum, c| sum * config.horizon + c.abs());
        let minimum = polynomial::minimum(&config.beta, 0.0, config.horizon);
        if minimum < -1e-14 * size {
            let expected = format!("0 or above on [0, {}]; its minimum is {minimum}", config.horizon);
            return check.fail("beta", format!("{:?}", config.beta), expected);
        }
        let rates = PolynomialRates { alpha: config.alpha.clone(), beta: config.beta.clone() };
        Self::with_rates(rates, config.horizon, config.min_time)
    }
}

impl<R: Rates> Linear<R> {
    /// The process with the given rates, for instance two closures in a [`FunctionRates`].
    ///
    /// ```
    /// use fokker_process::{FunctionRates, Linear, Process};
    ///
    /// let rates = FunctionRates { alpha: |t: f64| 1.0 + t.sin(), beta: |t: f64| 2.0 * t.cosh() };
    /// let process = Linear::with_rates(rates, 2.0, 1e-3)?;
    /// assert!(process.std(2.0) > 1.0);
    /// # Ok::<(), fokker_process::ProcessError>(())
    /// ```
    ///
    /// # Errors
    /// Unless 0 < min_time < horizon, β ≥ 0 at 257 times that are equally far apart, and the kernel at the horizon has
    /// a positive finite scale and standard deviation.
    pub fn with_rates(rates: R, horizon: f64, min_time: f64) -> Result<Self, ProcessError> {
        let check = Check("linear");
        check.times(min_time, horizon)?;
        for k in 0..=256 {
            let t = horizon * f64::from(k) / 256.0;
            check.non_negative(&format!("beta({t})"), rates.beta(t))?;
            check.finite(&format!("alpha({t})"), rates.alpha(t))?;
        }
        let process = Self { rates, horizon, min_time };
        let Transition { scale, std } = process.transition(0.0, horizon);
        check.positive("mean_scale(horizon)", scale)?;
        check.positive("std(horizon)", std)?;
        Ok(process)
    }

    fn variance(&self, s: f64, t: f64) -> f64 {
        let integrand = |u: f64| (-2.0 * self.rates.alpha_integral(u, t)).exp() * self.rates.beta(u);
        // The weight of u decays away from t: panels that double in width, starting where it has hardly begun to.
        let decay = 2.0 * self.rates.alpha_integral(s, t).abs();
        let doublings = (1.0 + decay).log2().ceil().clamp(0.0, 50.0) as i32;
        let (mut total, mut right) = (0.0, t);
        for j in (0..=doublings).rev() {
            let left = if j == 0 { s } else { t - (t - s) * 0.5f64.powi(j) };
            total += quadrature::integrate(&integrand, left, right, total);
            right = left;
        }
        total
    }
}

impl<R: Rates> Process for Linear<R> {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn horizon(&self) -> f64 {
        self.horizon
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        -self.rates.alpha(t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        self.rates.beta(t)
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        Transition { scale: (-self.rates.alpha_integral(s, t)).exp(), std: self.variance(s, t).sqrt() }
    }

    fn mean_scale(&self, t: f64) -> f64 {
        (-self.rates.alpha_integral(0.0, t)).exp()
    }

    fn log_snr(&self, t: f64) -> f64 {
        -2.0 * self.rates.alpha_integral(0.0, t) - self.variance(0.0, t).ln()
    }

    fn is_variance_preserving(&self) -> bool {
        self.rates.is_variance_preserving()
    }

    fn is_variance_exploding(&self) -> bool {
        self.rates.is_variance_exploding()
    }
}

impl ProcessKind for LinearConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Linear::from_config(self)?))
    }
}

register_process!(LinearConfig as "linear");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OrnsteinUhlenbeck, OrnsteinUhlenbeckConfig};

    fn close(a: Transition, b: Transition) {
        assert!((a.scale / b.scale - 1.0).abs() < 1e-12, "{a:?} {b:?}");
        assert!((a.std / b.std - 1.0).abs() < 1e-13, "{a:?} {b:?}");
    }

    #[test]
    fn constant_rates_are_ornstein_uhlenbeck_however_stiff() {
        for lambda in [1e-3, 1.0, 30.0, 300.0] {
            let config = LinearConfig { alpha: vec![lambda], beta: vec![2.0], horizon: 2.0, min_time: 1e-3 };
            let process = Linear::from_config(&config).unwrap();
            let config = OrnsteinUhlenbeckConfig { lambda, sigma: 1.0, horizon: 2.0, min_time: 1e-3 };
            let exact = OrnsteinUhlenbeck::from_config(&config).unwrap();
            for (s, t) in [(0.0, 1e-6), (0.0, 2.0), (0.3, 0.30001), (0.3, 1.7)] {
                close(process.transition(s, t), exact.transition(s, t));
            }
        }
    }

    #[test]
    fn functions_serve_as_well_as_polynomials_and_may_jump() {
        let config = LinearConfig { alpha: vec![0.5, 1.0], beta: vec![1.0, 0.0, 2.0], horizon: 1.0, min_time: 1e-3 };
        let exact = Linear::from_config(&config).unwrap();
        let rates = FunctionRates { alpha: |t: f64| 0.5 + t, beta: |t: f64| 1.0 + 2.0 * t * t };
        let process = Linear::with_rates(rates, 1.0, 1e-3).unwrap();
        close(process.transition(0.2, 0.9), exact.transition(0.2, 0.9));

        let rates = FunctionRates { alpha: |_: f64| 0.0, beta: |t: f64| if t < 0.3 { 1.0 } else { 5.0 } };
        let process = Linear::with_rates(rates, 1.0, 1e-3).unwrap();
        // 0.3 + 0.7 · 5; the jump is bracketed by bisection.
        assert!((process.std(1.0).powi(2) - 3.8).abs() < 1e-10);
    }

    #[test]
    fn functions_that_are_no_rates_are_refused() {
        let rates = FunctionRates { alpha: |_: f64| 0.0, beta: |t: f64| 0.5 - t };
        let error = Linear::with_rates(rates, 1.0, 1e-3).unwrap_err().to_string();
        assert!(error.contains("beta(") && error.contains("0 or above"), "{error}");
        let rates = FunctionRates { alpha: |_: f64| f64::NAN, beta: |_: f64| 1.0 };
        assert!(Linear::with_rates(rates, 1.0, 1e-3).is_err());
    }

    #[test]
    fn the_variance_is_preserved_when_beta_is_twice_alpha() {
        let config = LinearConfig { alpha: vec![0.5, 1.0], beta: vec![1.0, 2.0], horizon: 1.0, min_time: 1e-3 };
        let process = Linear::from_config(&config).unwrap();
        assert!(process.is_variance_preserving());
        assert!((process.mean_scale(0.7).powi(2) + process.std(0.7).powi(2) - 1.0).abs() < 1e-14);
    }
}
