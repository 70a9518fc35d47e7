//! The variance-preserving process with the cosine schedule, in continuous time.
//!
//! ᾱ(t) = cos²θ(t) / cos²θ(0), θ(t) = (π/2)(t/T + s)/(1 + s) (Nichol & Dhariwal 2021, eq. 17), so that
//! β(t) = −(ln ᾱ)′ = 2θ′ tan θ(t), which is infinite at t = T.
//!
//! # The cap
//!
//! Like the paper, which clips β_k at 0.999, this process caps β(t) at `beta_max`. The kernel follows the capped β
//! exactly: after the time t_c where 2θ′ tan θ(t_c) = beta_max, ᾱ decays as e^{−beta_max (t − t_c)}, which costs a
//! further factor of e^{−2} up to T since tan θ ≈ 1/(π/2 − θ). The default 300 ends at a log-SNR of about −11; the cap
//! of the paper's chain of 1000 steps would be −1000 ln(0.001) ≈ 6908. The discrete schedule itself is
//! [`BetaSchedule::SquaredcosCapV2`](crate::BetaSchedule::SquaredcosCapV2).

use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::{Process, ProcessError, ProcessKind, Transition, register_process, variance_preserving};

/// Parameters of [`Cosine`]; `kind = "cosine"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineConfig {
    /// The offset s ≥ 0 that keeps β(0) above 0. Default 0.008.
    pub offset: f64,
    /// The cap of β(t), above β(0), per unit of time. Default 300.
    pub beta_max: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-3.
    pub min_time: f64,
}

impl Default for CosineConfig {
    fn default() -> Self {
        Self { offset: 0.008, beta_max: 300.0, horizon: 1.0, min_time: 1e-3 }
    }
}

/// The variance-preserving process with the capped cosine schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Cosine {
    /// θ(0).
    angle: f64,
    /// θ′.
    angle_rate: f64,
    beta_max: f64,
    cap_time: f64,
    horizon: f64,
    min_time: f64,
}

impl Cosine {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`CosineConfig`] states.
    pub fn from_config(config: &CosineConfig) -> Result<Self, ProcessError> {
        let &CosineConfig { offset, beta_max, horizon, min_time } = config;
        let check = Check("cosine");
        check.times(min_time, horizon)?;
        check.non_negative("offset", offset)?;
        check.positive("beta_max", beta_max)?;
        let angle_rate = FRAC_PI_2 / (horizon * (1.0 + offset));
        let angle = FRAC_PI_2 * offset / (1.0 + offset);
        let first = 2.0 * angle_rate * angle.tan();
        if beta_max <= first {
            return check.fail("beta_max", beta_max, format!("above β(0) = {first}"));
        }
        let cap_time = ((beta_max / (2.0 * angle_rate)).atan() - angle) / angle_rate;
        Ok(Self { angle, angle_rate, beta_max, cap_time: cap_time.clamp(0.0, horizon), horizon, min_time })
    }

    /// The time from which on β is `beta_max`; β has a kink there.
    pub fn cap_time(&self) -> f64 {
        self.cap_time
    }

    fn rate(&self, t: f64) -> f64 {
        if t >= self.cap_time {
            self.beta_max
        } else {
            2.0 * self.angle_rate * (self.angle + self.angle_rate * t).tan()
        }
    }

    /// ∫ₛᵗ β; before the cap −2 ln(cos θ_t / cos θ_s), with the cosine of the sum expanded so that nothing cancels.
    fn integral(&self, s: f64, t: f64) -> f64 {
        let (s_free, t_free) = (s.min(self.cap_time), t.min(self.cap_time));
        let turned = self.angle_rate * (t_free - s_free);
        let slope = (self.angle + self.angle_rate * s_free).tan();
        let lost = 2.0 * (0.5 * turned).sin().powi(2) + slope * turned.sin();
        self.beta_max * (t.max(self.cap_time) - s.max(self.cap_time)) - 2.0 * (-lost).ln_1p()
    }

    fn time_of_integral(&self, integral: f64) -> f64 {
        let before_cap = self.integral(0.0, self.cap_time);
        if integral > before_cap {
            return (self.cap_time + (integral - before_cap) / self.beta_max).min(self.horizon);
        }
        // 1 − cos θ/cos θ₀ = lost = (2h² + 2h tan θ₀)/(1 + h²) with h = tan((θ − θ₀)/2): a quadratic in h.
        let lost = -(-0.5 * integral).exp_m1();
        if lost == 0.0 {
            return 0.0;
        }
        let slope = self.angle.tan();
        let half_tangent = lost / (slope + (slope * slope + lost * (2.0 - lost)).sqrt());
        2.0 * half_tangent.atan() / self.angle_rate
    }
}

impl Default for Cosine {
    /// With the parameters of [`CosineConfig::default`].
    fn default() -> Self {
        Self::from_config(&CosineConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for Cosine {
    fn name(&self) -> &'static str {
        "cosine"
    }

    fn horizon(&self) -> f64 {
        self.horizon
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        -0.5 * self.rate(t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        self.rate(t)
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        variance_preserving::transition(self.integral(s, t))
    }

    fn log_snr(&self, t: f64) -> f64 {
        variance_preserving::log_snr(self.integral(0.0, t))
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        self.time_of_integral(variance_preserving::integral_of_log_snr(lambda))
    }

    fn prior_std(&self) -> f64 {
        1.0
    }

    fn is_variance_preserving(&self) -> bool {
        true
    }

    fn kinks(&self) -> Vec<f64> {
        vec![self.cap_time]
    }
}

impl ProcessKind for CosineConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Cosine::from_config(self)?))
    }
}

register_process!(CosineConfig as "cosine");
