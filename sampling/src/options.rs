//! Options that only some samplers take.

use serde::{Deserialize, Serialize};

/// The member of a family of solvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolverType {
    /// Second-order multistep: half of the first weight.
    Midpoint,
    /// Second-order multistep: the weight of the exact integral.
    Heun,
    /// Third-order multistep: the weights of the exact integral.
    Exact,
    /// Third-order multistep: with half of the last weight, as published; of second order.
    Published,
    /// UniPC with `B(h) = h`.
    Bh1,
    /// UniPC with `B(h) = e^h − 1`.
    Bh2,
}

/// Langevin corrections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectorConfig {
    /// Corrections at each noise level. Default 1.
    pub steps: usize,
    /// The signal-to-noise ratio `r`. Default 0.16 (Song et al. 2021, for VE).
    pub snr: f64,
    /// How the step size follows from it. Default `sample`.
    pub rule: CorrectorRule,
}

impl Default for CorrectorConfig {
    fn default() -> Self {
        Self { steps: 1, snr: 0.16, rule: CorrectorRule::Sample }
    }
}

/// The quotient of norms in the corrector's step size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectorRule {
    /// `‖z‖/‖s(x)‖` of each example (Song et al. 2021).
    Sample,
    /// σ, which it tends to in high dimension where the noise is far above the data's width; less than it at low noise.
    Expected,
}

/// How much noise [`EdmHeun`](crate::EdmHeun) adds; noise levels are those of σ/α.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChurnConfig {
    /// `S_churn ≥ 0`, shared among all steps, the last one to the data included. Default 0: none.
    pub amount: f64,
    /// `S_tmin`, the smallest noise level with churn. Default 0.
    pub min: f64,
    /// `S_tmax`, the largest. Default infinite.
    pub max: f64,
    /// `S_noise > 0`, the deviation of what is added. Default 1.
    pub noise: f64,
}

impl Default for ChurnConfig {
    fn default() -> Self {
        Self { amount: 0.0, min: 0.0, max: f64::INFINITY, noise: 1.0 }
    }
}

/// The steps of Langevin dynamics.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LangevinConfig {
    /// `δ` in units of the variance σ² of the noise. Default 0.1.
    pub step_size: f64,
    /// Steps at each level, for `annealed_langevin` alone. Default 5.
    pub steps_per_level: usize,
}

impl Default for LangevinConfig {
    fn default() -> Self {
        Self { step_size: 0.1, steps_per_level: 5 }
    }
}
