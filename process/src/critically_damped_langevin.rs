//! Critically damped Langevin dynamics as a process to train on.
//!
//! The state is the data x with a velocity for every coordinate, and obeys [`matrix::CriticallyDamped`](crate::matrix::CriticallyDamped)
//! (Dockhorn et al. 2022, eq. 5). Velocities start as N(0, γ M I), independent of the data, so that given x_0
//!
//! ```text
//! x_t = Ψ_xx x_0 + l_xx ε_x,      v_t = Ψ_vx x_0 + l_vx ε_x + l_vv ε_v
//! ```
//!
//! with the Cholesky factor l of Q + γ M Ψ_v Ψ_vᵀ, whose velocity column is Ψ_v. The score in v of this kernel is −ε_v/l_vv: the
//! target of hybrid score matching (Dockhorn et al. 2022). Noise acts on v alone, so no other score is asked for.
//!
//! [`Process`] is a scalar equation, and the positions alone have one: α = Ψ_xx and σ = l_xx are their kernel, and
//! f = α′/α, g² = (σ²)′ − 2fσ² their law at every time. Weights, times and grids count in these. The path of the positions
//! alone is another (it is smooth here), so samplers and likelihoods of scalar equations refuse this process, and its own ask
//! [`Process::phase_space`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Check;
use crate::matrix::{CriticallyDamped, MatrixTransition};
use crate::{Process, ProcessError, ProcessKind, Transition, quadrature, register_process, root};

/// Parameters of [`CriticallyDampedLangevin`]; `kind = "critically_damped_langevin"`. The defaults are those of Dockhorn et
/// al. 2022.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CriticallyDampedLangevinConfig {
    /// β > 0, per unit of time. Default 4.
    pub beta: f64,
    /// M > 0: velocities end as N(0, M I). Default ¼.
    pub mass: f64,
    /// γ > 0: velocities start as N(0, γ M I). Default 0.04.
    pub gamma: f64,
    /// T > 0. Default 1.
    pub horizon: f64,
    /// ε in (0, T). Default 1e-3.
    pub min_time: f64,
}

impl Default for CriticallyDampedLangevinConfig {
    fn default() -> Self {
        Self { beta: 4.0, mass: 0.25, gamma: 0.04, horizon: 1.0, min_time: 1e-3 }
    }
}

/// The law of one coordinate and its velocity at a time, given the data and with the first velocity unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseKernel {
    /// Ψ_xx: factor of the data in the position.
    pub position: f64,
    /// Ψ_vx: factor of the data in the velocity.
    pub velocity: f64,
    /// The Cholesky factor (l_xx, l_vx, l_vv) of the covariance.
    pub factor: [f64; 3],
}

/// Critically damped Langevin dynamics.
#[derive(Clone, Debug, PartialEq)]
pub struct CriticallyDampedLangevin {
    dynamics: CriticallyDamped,
    /// γ M.
    start: f64,
    horizon: f64,
    min_time: f64,
}

impl CriticallyDampedLangevin {
    /// The process with these parameters.
    ///
    /// # Errors
    /// When a parameter is out of the range that [`CriticallyDampedLangevinConfig`] states.
    pub fn from_config(config: &CriticallyDampedLangevinConfig) -> Result<Self, ProcessError> {
        let check = Check("critically_damped_langevin");
        check.times(config.min_time, config.horizon)?;
        for (key, value) in [("beta", config.beta), ("mass", config.mass), ("gamma", config.gamma)] {
            check.positive(key, value)?;
        }
        let dynamics = CriticallyDamped::new(1, config.beta, config.mass);
        let dynamics = dynamics.or_else(|error| check.fail("beta", config.beta, error.to_string()))?;
        let start = config.gamma * config.mass;
        Ok(Self { dynamics, start, horizon: config.horizon, min_time: config.min_time })
    }

    /// The equation of one coordinate and its velocity.
    pub fn dynamics(&self) -> &CriticallyDamped {
        &self.dynamics
    }

    /// γ M, the variance that velocities start with.
    pub fn first_velocity_variance(&self) -> f64 {
        self.start
    }

    /// The law at t given the data.
    pub fn kernel(&self, t: f64) -> PhaseKernel {
        let MatrixTransition { matrix, covariance } = self.dynamics.pair(t);
        let (from_position, from_velocity) = (matrix.column(0), matrix.column(1));
        let entry = |i: usize, j: usize| covariance[(i, j)] + self.start * from_velocity[i] * from_velocity[j];
        let (xx, xv, vv) = (entry(0, 0), entry(0, 1), entry(1, 1));
        let deviation = xx.sqrt();
        // At time 0 positions are known.
        let mixed = if deviation > 0.0 { xv / deviation } else { 0.0 };
        let factor = [deviation, mixed, (vv - mixed * mixed).max(0.0).sqrt()];
        PhaseKernel { position: from_position[0], velocity: from_position[1], factor }
    }

    /// a = 1/√M: eigenvalue of the damped motion, and z = aβt.
    fn damping(&self, t: f64) -> (f64, f64) {
        let a = self.dynamics.mass().sqrt().recip();
        (a, a * self.dynamics.beta() * t)
    }

    /// α_t/α_s.
    fn ratio(&self, s: f64, t: f64) -> f64 {
        let ((_, early), (_, late)) = (self.damping(s), self.damping(t));
        (1.0 + late) / (1.0 + early) * (early - late).exp()
    }
}

impl Default for CriticallyDampedLangevin {
    /// With the parameters of [`CriticallyDampedLangevinConfig::default`].
    fn default() -> Self {
        let config = CriticallyDampedLangevinConfig::default();
        Self::from_config(&config).expect("the default parameters are in range")
    }
}

impl Process for CriticallyDampedLangevin {
    fn name(&self) -> &'static str {
        "critically_damped_langevin"
    }

    fn horizon(&self) -> f64 {
        self.horizon
    }

    fn min_time(&self) -> f64 {
        self.min_time
    }

    fn drift(&self, t: f64) -> f64 {
        let (a, z) = self.damping(t);
        -a * self.dynamics.beta() * z / (1.0 + z)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        // (σ²)′ = 2 (β/M) Cov(x, v), from the equation of positions.
        let PhaseKernel { factor: [xx, vx, _], .. } = self.kernel(t);
        2.0 * self.dynamics.beta() / self.dynamics.mass() * xx * vx - 2.0 * self.drift(t) * xx * xx
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        if s == 0.0 {
            return Transition { scale: self.mean_scale(t), std: self.std(t) };
        }
        let gathered = |u: f64| self.ratio(u, t).powi(2) * self.diffusion_squared(u);
        let variance = quadrature::integrate(&gathered, s, t, 0.0);
        Transition { scale: self.ratio(s, t), std: variance.sqrt() }
    }

    fn mean_scale(&self, t: f64) -> f64 {
        self.ratio(0.0, t)
    }

    fn std(&self, t: f64) -> f64 {
        self.kernel(t).factor[0]
    }

    /// At times whose squares underflow σ is 0 in numbers as well.
    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        if lambda == f64::INFINITY { 0.0 } else { root::time_of_log_snr(self, lambda) }
    }

    /// The stationary law of positions.
    fn prior_std(&self) -> f64 {
        1.0
    }

    fn phase_space(&self) -> Option<&CriticallyDampedLangevin> {
        Some(self)
    }
}

impl ProcessKind for CriticallyDampedLangevinConfig {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(CriticallyDampedLangevin::from_config(self)?))
    }
}

register_process!(CriticallyDampedLangevinConfig as "critically_damped_langevin");
