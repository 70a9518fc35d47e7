//! The discrete variance-preserving chain of DDPM, and the continuous process through it.
//!
//! x_k = √(1 − β_k) x_{k−1} + √β_k n (Ho et al. 2020, eq. 2; [SDE tutorial, eq. 4.2.30]), so with ᾱ_k = Π_{j≤k}(1 − β_j)
//! the kernel from the data is N(√ᾱ_k x_0, 1 − ᾱ_k). Its reverse (Ho et al. 2020, eq. 6–7) is
//!
//! ```text
//! x_{k−1} | x_k, x_0 ~ N( √ᾱ_{k−1} β_k/(1−ᾱ_k) x_0 + √(1−β_k) (1−ᾱ_{k−1})/(1−ᾱ_k) x_k,  β̃_k ),
//! β̃_k = β_k (1−ᾱ_{k−1})/(1−ᾱ_k)  (small),    β_k  (large),
//! ```
//!
//! and with the score, x_{k−1} = (x_k + β_k s(x_k, k))/√(1 − β_k) + √β_k n [SDE tutorial, eq. 4.2.45].
//!
//! As a [`Process`] it is the VP process with the piecewise constant β(t) = −N ln(1 − β_k) on (k/N, (k + 1)/N]: at the
//! knots t_k = (k + 1)/N it is the chain, and its bridges between knots are the chain's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chain::{self, PiecewiseLinear};
use crate::error::Check;
use crate::{
    Posterior, Process, ProcessError, ProcessKind, ReverseStep, Transition, register_process, variance_preserving,
};

/// How β_k runs from step 0 to step N−1; the names are those of diffusers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BetaSchedule {
    /// Evenly from beta_start to beta_end (Ho et al. 2020).
    #[default]
    Linear,
    /// √β_k evenly from √beta_start to √beta_end (Rombach et al. 2022).
    ScaledLinear,
    /// β_k = min(1 − ᾱ((k + 1)/N)/ᾱ(k/N), 0.999), ᾱ(t) = cos²((t + 0.008)/1.008 · π/2) (Nichol & Dhariwal 2021).
    SquaredcosCapV2,
}

/// Parameters of [`DdpmChain`]; `kind = "ddpm_chain"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DdpmChainConfig {
    /// N ≥ 1. Default 1000.
    pub steps: usize,
    /// Default linear.
    pub schedule: BetaSchedule,
    /// The first β, in (0, 1). Default 1e-4. Not allowed with squaredcos_cap_v2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta_start: Option<f64>,
    /// The last β, in \[beta_start, 1). Default 0.02. Not allowed with squaredcos_cap_v2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta_end: Option<f64>,
    /// ε in (0, 1). Default 1/N, the first knot (½ if N = 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_time: Option<f64>,
    /// All β_k, N numbers in (0, 1), in the place of a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub betas: Option<Vec<f64>>,
}

impl Default for DdpmChainConfig {
    fn default() -> Self {
        Self {
            steps: 1000,
            schedule: BetaSchedule::Linear,
            beta_start: None,
            beta_end: None,
            min_time: None,
            betas: None,
        }
    }
}

/// The discrete variance-preserving chain.
#[derive(Clone, Debug, PartialEq)]
pub struct DdpmChain {
    betas: Vec<f64>,
    /// −ln ᾱ.
    log_decay: PiecewiseLinear,
    min_time: f64,
}

impl DdpmChain {
    /// The chain with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`DdpmChainConfig`] states.
    pub fn from_config(config: &DdpmChainConfig) -> Result<Self, ProcessError> {
        let check = Check("ddpm_chain");
        let steps = config.steps;
        if !(1..=chain::MOST_STEPS).contains(&steps) {
            return check.fail("steps", steps, format!("in 1..={}", chain::MOST_STEPS));
        }
        if let Some(betas) = &config.betas {
            for (key, given) in [("beta_start", config.beta_start), ("beta_end", config.beta_end)] {
                if let Some(value) = given {
                    return check.fail(key, value, "absent next to betas");
                }
            }
            if config.schedule != BetaSchedule::Linear {
                return check.fail("schedule", "another one", "absent next to betas");
            }
            if betas.len() != steps {
                return check.fail("betas", format!("{} numbers", betas.len()), format!("steps = {steps} numbers"));
            }
            return Self::from_betas(betas.clone(), config.min_time);
        }
        if config.schedule == BetaSchedule::SquaredcosCapV2 {
            for (key, given) in [("beta_start", config.beta_start), ("beta_end", config.beta_end)] {
                if let Some(value) = given {
                    return check.fail(key, value, "absent with schedule squaredcos_cap_v2");
                }
            }
        }
        let (start, end) = (config.beta_start.unwrap_or(1e-4), config.beta_end.unwrap_or(0.02));
        for (key, value) in [("beta_start", start), ("beta_end", end)] {
            if !(value > 0.0 && value < 1.0) {
                return check.fail(key, value, "above 0 and below 1");
            }
        }
        if start > end {
            return check.fail("beta_start", start, format!("at most beta_end = {end}"));
        }
        let last = steps.saturating_sub(1).max(1) as f64;
        let betas = (0..steps).map(|k| match config.schedule {
            BetaSchedule::Linear => start + (end - start) * (k as f64 / last),
            BetaSchedule::ScaledLinear => (start.sqrt() + (end.sqrt() - start.sqrt()) * (k as f64 / last)).powi(2),
            BetaSchedule::SquaredcosCapV2 => {
                let cosine =
                    |k: usize| ((k as f64 / steps as f64 + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2);
                (1.0 - cosine(k + 1) / cosine(k)).min(0.999)
            }
        });
        Self::from_betas(betas.collect(), config.min_time)
    }

    /// The chain with the given β_k, each in (0, 1); min_time as in [`DdpmChainConfig`].
    ///
    /// # Errors
    /// When there is no β, one of them is not in (0, 1), or min_time is not in (0, 1).
    pub fn from_betas(betas: Vec<f64>, min_time: Option<f64>) -> Result<Self, ProcessError> {
        let check = Check("ddpm_chain");
        if betas.is_empty() {
            return check.fail("betas", "[]", "at least one number");
        }
        for (k, &beta) in betas.iter().enumerate() {
            if !(beta > 0.0 && beta < 1.0) {
                return check.fail(&format!("betas[{k}]"), beta, "above 0 and below 1");
            }
        }
        let min_time = min_time.unwrap_or(chain::default_min_time(betas.len()));
        check.times(min_time, 1.0)?;
        let log_decay = PiecewiseLinear::new(betas.iter().map(|beta| -(-beta).ln_1p()).collect());
        Ok(Self { betas, log_decay, min_time })
    }

    /// N.
    pub fn steps(&self) -> usize {
        self.betas.len()
    }

    /// The knot t_k = (k + 1)/N.
    pub fn time(&self, k: usize) -> f64 {
        (k + 1) as f64 / self.steps() as f64
    }

    /// The step whose knot is nearest to t.
    pub fn step_at(&self, t: f64) -> usize {
        chain::nearest_step(self.steps(), t)
    }

    /// All β_k.
    pub fn betas(&self) -> &[f64] {
        &self.betas
    }

    /// ᾱ_k.
    ///
    /// # Panics
    /// If k ≥ N.
    pub fn alphas_cumprod(&self, k: usize) -> f64 {
        (-self.log_decay.at_knot(k)).exp()
    }

    /// x_{k−1} given x_k and x_0 (for k = 0: the data itself), from the formulas of Ho et al. 2020, eq. 7.
    ///
    /// # Panics
    /// If k ≥ N.
    pub fn step_posterior(&self, k: usize) -> Posterior {
        let beta = self.betas[k];
        let before = if k == 0 { 0.0 } else { self.log_decay.at_knot(k - 1) };
        let (noise_before, noise) = (-(-before).exp_m1(), -(-self.log_decay.at_knot(k)).exp_m1());
        Posterior {
            x_t: (1.0 - beta).sqrt() * noise_before / noise,
            x0: (-0.5 * before).exp() * beta / noise,
            std_small: (beta * noise_before / noise).sqrt(),
            std_large: beta.sqrt(),
        }
    }

    /// The step from x_k to x_{k−1} with the score at x_k, [SDE tutorial, eq. 4.2.45].
    ///
    /// # Panics
    /// If k ≥ N.
    pub fn step_reverse(&self, k: usize) -> ReverseStep {
        let beta = self.betas[k];
        let Posterior { std_small, std_large, .. } = self.step_posterior(k);
        let state = 1.0 / (1.0 - beta).sqrt();
        ReverseStep { state, score: beta * state, std_small, std_large }
    }
}

impl Default for DdpmChain {
    /// With the parameters of [`DdpmChainConfig::default`].
    fn default() -> Self {
        Self::from_config(&DdpmChainConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for DdpmChain {
    fn name(&self) -> &'static str {
        "ddpm_chain"
    }

    fn horizon(&self) -> f64 {
        1.0
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        -0.5 * self.log_decay.rate(t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        self.log_decay.rate(t)
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        variance_preserving::transition(self.log_decay.increase(s, t))
    }

    fn log_snr(&self, t: f64) -> f64 {
        variance_preserving::log_snr(self.log_decay.increase(0.0, t))
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        self.log_decay.inverse(variance_preserving::integral_of_log_snr(lambda))
    }

    fn prior_std(&self) -> f64 {
        1.0
    }

    fn is_variance_preserving(&self) -> bool {
        true
    }

    fn kinks(&self) -> Vec<f64> {
        (0..self.steps()).map(|k| self.time(k)).collect()
    }

    fn chain_steps(&self) -> Option<usize> {
        Some(self.steps())
    }
}

impl ProcessKind for DdpmChainConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(DdpmChain::from_config(self)?))
    }
}

register_process!(DdpmChainConfig as "ddpm_chain");
