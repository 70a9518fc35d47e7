//! The discrete variance-exploding chain of NCSN (SMLD), and the continuous process through it.
//!
//! x_k = x_{k−1} + √(σ_k² − σ_{k−1}²) n (Song et al. 2021, eq. 20; [SDE tutorial, eq. 4.2.9]), with σ_{−1} = 0 and geometric
//! σ_k = σ_min (σ_max/σ_min)^{k/(N−1)}, so the kernel from the data is N(x_0, σ_k²). The reverse step with the score,
//! which [SDE tutorial, eq. 4.2.10] muddles, is
//!
//! ```text
//! x_{k−1} = x_k + (σ_k² − σ_{k−1}²) s(x_k, k) + √(σ_k² − σ_{k−1}²) n        (large noise;
//!                                                the small one has the factor σ_{k−1}/σ_k).
//! ```
//!
//! As a [`Process`], σ² rises linearly from 0 to σ_0² on (0, 1/N] and geometrically between later knots t_k = (k+1)/N:
//! at the knots it is the chain.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chain::{self, PiecewiseLinear};
use crate::error::Check;
use crate::{Posterior, Process, ProcessError, ProcessKind, ReverseStep, Transition, register_process};

/// Parameters of [`NcsnChain`]; `kind = "ncsn_chain"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NcsnChainConfig {
    /// N ≥ 2. Default 1000.
    pub steps: usize,
    /// σ_0 > 0, in data units. Default 0.01.
    pub sigma_min: f64,
    /// σ_{N−1} > sigma_min, in data units. Default 50.
    pub sigma_max: f64,
    /// ε in (0, 1). Default 1/N, the first knot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_time: Option<f64>,
}

impl Default for NcsnChainConfig {
    fn default() -> Self {
        Self { steps: 1000, sigma_min: 0.01, sigma_max: 50.0, min_time: None }
    }
}

/// The discrete variance-exploding chain.
#[derive(Clone, Debug, PartialEq)]
pub struct NcsnChain {
    sigmas: Vec<f64>,
    /// ln(σ²/σ_0²) from the first knot on; flat before.
    log_growth: PiecewiseLinear,
    min_time: f64,
}

impl NcsnChain {
    /// The chain with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`NcsnChainConfig`] states.
    pub fn from_config(config: &NcsnChainConfig) -> Result<Self, ProcessError> {
        let check = Check("ncsn_chain");
        check.sigmas(config.sigma_min, config.sigma_max)?;
        if !(2..=chain::MOST_STEPS).contains(&config.steps) {
            let expected = format!("in 2..={}, to go from sigma_min to sigma_max", chain::MOST_STEPS);
            return check.fail("steps", config.steps, expected);
        }
        let log_ratio = (config.sigma_max / config.sigma_min).ln();
        let last = (config.steps - 1) as f64;
        let sigmas = (0..config.steps).map(|k| config.sigma_min * (log_ratio * k as f64 / last).exp());
        Self::from_sigmas(sigmas.collect(), config.min_time)
    }

    /// The chain with the given σ_k, positive and strictly rising; min_time as in [`NcsnChainConfig`].
    ///
    /// # Errors
    /// When there is no σ, the σ_k do not rise strictly from above 0, or min_time is not in (0, 1).
    pub fn from_sigmas(sigmas: Vec<f64>, min_time: Option<f64>) -> Result<Self, ProcessError> {
        let check = Check("ncsn_chain");
        if sigmas.is_empty() {
            return check.fail("sigmas", "[]", "at least one number");
        }
        for (k, &sigma) in sigmas.iter().enumerate() {
            check.positive(&format!("sigmas[{k}]"), sigma)?;
            if k > 0 && sigma <= sigmas[k - 1] {
                return check.fail(&format!("sigmas[{k}]"), sigma, format!("above the one before, {}", sigmas[k - 1]));
            }
        }
        let min_time = min_time.unwrap_or(chain::default_min_time(sigmas.len()));
        check.times(min_time, 1.0)?;
        let growth = sigmas.windows(2).map(|pair| 2.0 * (pair[1] / pair[0]).ln());
        let log_growth = PiecewiseLinear::new(std::iter::once(0.0).chain(growth).collect());
        Ok(Self { sigmas, log_growth, min_time })
    }

    /// N.
    pub fn steps(&self) -> usize {
        self.sigmas.len()
    }

    /// The knot t_k = (k + 1)/N.
    pub fn time(&self, k: usize) -> f64 {
        (k + 1) as f64 / self.steps() as f64
    }

    /// The step whose knot is nearest to t.
    pub fn step_at(&self, t: f64) -> usize {
        chain::nearest_step(self.steps(), t)
    }

    /// All σ_k, in data units.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// x_{k−1} given x_k and x_0 (for k = 0: the data itself).
    ///
    /// # Panics
    /// If k ≥ N.
    pub fn step_posterior(&self, k: usize) -> Posterior {
        let sigma = self.sigmas[k];
        let before = if k == 0 { 0.0 } else { self.sigmas[k - 1] };
        let added = (sigma - before) * (sigma + before);
        Posterior {
            x_t: (before / sigma).powi(2),
            x0: added / (sigma * sigma),
            std_small: before / sigma * added.sqrt(),
            std_large: added.sqrt(),
        }
    }

    /// The step from x_k to x_{k−1} with the score at x_k, [SDE tutorial, eq. 4.2.10] as corrected above.
    ///
    /// # Panics
    /// If k ≥ N.
    pub fn step_reverse(&self, k: usize) -> ReverseStep {
        let Posterior { std_small, std_large, .. } = self.step_posterior(k);
        ReverseStep { state: 1.0, score: std_large * std_large, std_small, std_large }
    }

    fn first_knot(&self) -> f64 {
        self.time(0)
    }
}

impl Default for NcsnChain {
    /// With the parameters of [`NcsnChainConfig::default`].
    fn default() -> Self {
        Self::from_config(&NcsnChainConfig::default()).expect("the default parameters are in range")
    }
}

impl Process for NcsnChain {
    fn name(&self) -> &'static str {
        "ncsn_chain"
    }

    fn horizon(&self) -> f64 {
        1.0
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, _t: f64) -> f64 {
        0.0
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        let first = self.sigmas[0] * self.sigmas[0];
        if t <= self.first_knot() {
            first / self.first_knot()
        } else {
            first * self.log_growth.increase(0.0, t).exp() * self.log_growth.rate(t)
        }
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        let knot = self.first_knot();
        let linear = (t.min(knot) - s.min(knot)) / knot;
        let (from, to) = (s.max(knot), t.max(knot));
        let geometric = self.log_growth.increase(0.0, from).exp() * self.log_growth.increase(from, to).exp_m1();
        Transition { scale: 1.0, std: self.sigmas[0] * (linear + geometric).sqrt() }
    }

    fn log_snr(&self, t: f64) -> f64 {
        let linear = (t / self.first_knot()).min(1.0);
        -2.0 * self.sigmas[0].ln() - linear.ln() - self.log_growth.increase(0.0, t)
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        let log_growth = -lambda - 2.0 * self.sigmas[0].ln();
        if log_growth <= 0.0 { log_growth.exp() * self.first_knot() } else { self.log_growth.inverse(log_growth) }
    }

    fn is_variance_exploding(&self) -> bool {
        true
    }

    fn kinks(&self) -> Vec<f64> {
        (0..self.steps()).map(|k| self.time(k)).collect()
    }

    fn chain_steps(&self) -> Option<usize> {
        Some(self.steps())
    }
}

impl ProcessKind for NcsnChainConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(NcsnChain::from_config(self)?))
    }
}

register_process!(NcsnChainConfig as "ncsn_chain");
