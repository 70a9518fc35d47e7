//! The trait of all forward processes, and the Gaussian bridges every linear process has.
//!
//! # Two statements of one process
//!
//! `drift` and `diffusion_squared` state the SDE, `transition` (and through it `mean_scale` and `std`) states its
//! solution. They are implemented independently and must satisfy α′ = fα and (σ²)′ = 2fσ² + g² [Lecture 6,
//! eq. 1.7–1.10]; the tests check that for every process, and the two identities are also how the time derivative of a
//! coefficient is obtained exactly.
//!
//! # Time measured in log-SNR
//!
//! λ(t) = ln(α²/σ²) falls strictly wherever there is noise: λ′ = 2f − (2fσ² + g²)/σ² = −g²/σ². So drawing t with
//! density p(t) ∝ g²/σ² (the importance sampling of Song et al. 2021b, "Maximum likelihood training of score-based
//! diffusion models") is nothing but drawing λ uniformly between λ(min_time) and λ(horizon) and taking
//! [`Process::time_of_log_snr`]; the normalising constant is λ(min_time) − λ(horizon).
//!
//! # Bridges
//!
//! For s < t write a = α(t)/α(s) and v = σ²(t) − a²σ²(s) for the scale and variance of x_t given x_s. Then
//!
//! ```text
//! x_t | x_s        ~ N(a x_s, v)
//! x_s | x_t, x_0   ~ N( a σ_s²/σ_t² x_t + α_s v/σ_t² x_0,  σ_s² v/σ_t² )       (Ho et al. 2020, eq. 6–7)
//! ```
//!
//! and with x_0 = (x_t + σ_t² s)/α_t, s the score, the mean of the second becomes (x_t + v s)/a: [SDE tutorial,
//! eq. 4.2.45] for VP (a = √(1−β), v = β), and the corrected eq. 4.2.10 for VE (a = 1, v = σ_t² − σ_s²). The variance v
//! is never computed as that difference: every process gives it without cancellation.

use std::fmt::Debug;

use crate::root;

/// The Gaussian kernel of x_t given x_s: x_t = scale · x_s + std · ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// α(t)/α(s).
    pub scale: f64,
    /// Standard deviation of x_t given x_s, ≥ 0.
    pub std: f64,
}

/// The Gaussian bridge x_s given x_t and x_0, for s < t: mean `x_t` · x_t + `x0` · x_0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    /// Coefficient of x_t in the mean.
    pub x_t: f64,
    /// Coefficient of x_0 in the mean.
    pub x0: f64,
    /// Standard deviation of the bridge itself, Ho et al.'s √β̃: the right one if x_0 is a single known point.
    pub std_small: f64,
    /// Standard deviation of x_t given x_s, Ho et al.'s √β: the right one if the data are N(0, 1) under VP.
    pub std_large: f64,
}

/// One ancestral step from t down to s written with the score: x_s = `state` · x_t + `score` · ∇ln p_t(x_t) + std · ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReverseStep {
    /// Coefficient of x_t: 1/a.
    pub state: f64,
    /// Coefficient of the score: v/a.
    pub score: f64,
    /// The small choice of the noise, [`Posterior::std_small`].
    pub std_small: f64,
    /// The large choice of the noise, [`Posterior::std_large`].
    pub std_large: f64,
}

/// A forward process dx = f(t) x dt + g(t) dw with the kernel x_t = α(t) x_0 + σ(t) ε, for t in \[0, horizon\].
///
/// Time has no unit; σ has the unit of the data. Functions of time accept all of \[0, horizon\]; outside of it they
/// return a number without meaning (possibly NaN), and never panic.
///
/// ```
/// use fokker_process::{Process, Vp};
///
/// let process = Vp::default();
/// let (s, t) = (0.2, 0.6);
/// // The kernel from 0 to t is that from s to t after that from 0 to s.
/// let step = process.transition(s, t);
/// let variance = (step.scale * process.std(s)).powi(2) + step.std.powi(2);
/// assert!((variance - process.std(t).powi(2)).abs() < 1e-14);
/// assert!((process.time_of_log_snr(process.log_snr(t)) - t).abs() < 1e-12);
/// ```
pub trait Process: Debug + Send + Sync {
    /// The `kind` under which a config names this process.
    fn name(&self) -> &'static str;

    /// The last time T > 0.
    fn horizon(&self) -> f64;

    /// The time ε, with 0 < ε < T, at which training begins and sampling stops: at 0 the score of data on a manifold
    /// is infinite.
    fn min_time(&self) -> f64;

    /// f(t), per unit of time; −∞ where α = 0.
    fn drift(&self, t: f64) -> f64;

    /// g²(t) ≥ 0, squared data units per unit of time; +∞ where α = 0.
    fn diffusion_squared(&self, t: f64) -> f64;

    /// The kernel of x_t given x_s, for 0 ≤ s ≤ t ≤ T, without cancellation however close the two times are.
    fn transition(&self, s: f64, t: f64) -> Transition;

    /// α(t) in (0, 1], above 1 only for a [`Linear`](crate::Linear) process that inflates, and 0 only at the horizon of a process
    /// that [reaches pure noise](Self::reaches_pure_noise); α(0) = 1.
    fn mean_scale(&self, t: f64) -> f64 {
        self.transition(0.0, t).scale
    }

    /// σ(t) ≥ 0, in data units; σ(0) = 0.
    fn std(&self, t: f64) -> f64 {
        self.transition(0.0, t).std
    }

    /// λ(t) = ln(α²/σ²), decreasing; +∞ at t = 0.
    fn log_snr(&self, t: f64) -> f64 {
        2.0 * (self.mean_scale(t).ln() - self.std(t).ln())
    }

    /// The time t in \[0, T\] with log_snr(t) = λ; a λ out of reach gives the nearer end, NaN gives NaN.
    ///
    /// A uniform λ gives p(t) ∝ g²/σ²; see the module's theory.
    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        root::time_of_log_snr(self, lambda)
    }

    /// λ′(t) = −g²/σ², per unit of time.
    fn log_snr_derivative(&self, t: f64) -> f64 {
        -self.diffusion_squared(t) / self.std(t).powi(2)
    }

    /// α′(t) = f α.
    fn mean_scale_derivative(&self, t: f64) -> f64 {
        self.drift(t) * self.mean_scale(t)
    }

    /// (σ²)′(t) = 2fσ² + g².
    fn variance_derivative(&self, t: f64) -> f64 {
        2.0 * self.drift(t) * self.std(t).powi(2) + self.diffusion_squared(t)
    }

    /// (α″, σ″) at t > 0, where the process states them: what the time derivative of a velocity needs.
    fn second_derivatives(&self, _t: f64) -> Option<[f64; 2]> {
        None
    }

    /// σ′(t) = (fσ² + ½g²)/σ, at t > 0.
    fn std_derivative(&self, t: f64) -> f64 {
        0.5 * self.variance_derivative(t) / self.std(t)
    }

    /// Whether nothing is left of the data at the horizon: α(T) = 0, λ(T) = −∞. Then the rates f and g² are infinite there,
    /// and sampling begins in the prior exactly.
    fn reaches_pure_noise(&self) -> bool {
        self.mean_scale(self.horizon()) == 0.0
    }

    /// Standard deviation of the centred Gaussian that sampling starts from at the horizon, in data units.
    fn prior_std(&self) -> f64 {
        self.std(self.horizon())
    }

    /// Whether α² + σ² = 1 at all times. Samplers that are written for such processes refuse the others.
    fn is_variance_preserving(&self) -> bool {
        false
    }

    /// Whether f = 0, and so α = 1, at all times. Samplers that are written for such processes refuse the others.
    fn is_variance_exploding(&self) -> bool {
        false
    }

    /// The times in (0, horizon] at which f or g² jumps or has a corner, rising.
    fn kinks(&self) -> Vec<f64> {
        Vec::new()
    }

    /// The number of steps of a discrete chain, whose states are at equal parts of the horizon; none for a continuous
    /// process.
    fn chain_steps(&self) -> Option<usize> {
        None
    }

    /// The dynamics of positions and velocities, if the state is the data with a velocity for each number. All other functions
    /// are then those of the positions alone. Samplers that are written for one sort refuse the other.
    fn phase_space(&self) -> Option<&crate::CriticallyDampedLangevin> {
        None
    }

    /// The bridge x_s given x_t and x_0, for 0 ≤ s ≤ t ≤ T. At s = 0 it is the point x_0.
    fn posterior(&self, s: f64, t: f64) -> Posterior {
        let Transition { scale, std } = self.transition(s, t);
        let (mean_scale_s, std_s, std_t) = (self.mean_scale(s), self.std(s), self.std(t));
        if std_t == 0.0 {
            // Nothing random has happened up to t.
            return Posterior { x_t: 0.0, x0: mean_scale_s, std_small: 0.0, std_large: std };
        }
        let (past, step) = (std_s / std_t, std / std_t);
        Posterior { x_t: scale * past * past, x0: mean_scale_s * step * step, std_small: std_s * step, std_large: std }
    }

    /// The same bridge with x_0 replaced by its estimate from the score; the exact ancestral step of [SDE tutorial]. Not from
    /// pure noise, where the score says nothing of x_0.
    fn reverse_step(&self, s: f64, t: f64) -> ReverseStep {
        let Transition { scale, std } = self.transition(s, t);
        let Posterior { std_small, std_large, .. } = self.posterior(s, t);
        ReverseStep { state: 1.0 / scale, score: std * std / scale, std_small, std_large }
    }
}
