//! The linear schedule β(t) = β_min + (β_max − β_min) t/T that VP and sub-VP share (Song et al. 2021, Appendix B).

use crate::ProcessError;
use crate::error::Check;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinearBeta {
    beta_min: f64,
    beta_max: f64,
    horizon: f64,
}

impl LinearBeta {
    pub fn new(check: Check, beta_min: f64, beta_max: f64, horizon: f64) -> Result<Self, ProcessError> {
        check.non_negative("beta_min", beta_min)?;
        check.positive("beta_max", beta_max)?;
        if beta_min > beta_max {
            return check.fail("beta_min", beta_min, format!("at most beta_max = {beta_max}"));
        }
        Ok(Self { beta_min, beta_max, horizon })
    }

    pub fn rate(&self, t: f64) -> f64 {
        self.beta_min + self.slope() * t
    }

    /// ∫ₛᵗ β.
    pub fn integral(&self, s: f64, t: f64) -> f64 {
        (t - s) * (self.beta_min + 0.5 * self.slope() * (s + t))
    }

    /// The t in \[0, T\] with ∫₀ᵗ β = `integral`, or the nearer end.
    pub fn time_of_integral(&self, integral: f64) -> f64 {
        if integral <= 0.0 {
            return 0.0;
        }
        if integral >= self.integral(0.0, self.horizon) {
            return self.horizon;
        }
        let root = (self.beta_min * self.beta_min + 2.0 * self.slope() * integral).sqrt();
        (2.0 * integral / (self.beta_min + root)).clamp(0.0, self.horizon)
    }

    /// β′.
    pub fn slope(&self) -> f64 {
        (self.beta_max - self.beta_min) / self.horizon
    }
}
