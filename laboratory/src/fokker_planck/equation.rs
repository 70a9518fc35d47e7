//! Equations by their coefficients.

use fokker_process::Process;

use super::BackwardNoise;
use crate::grid::integral_along;
use crate::laws::{LineMixture, Score};

/// dX = a(X, t) dt + √(2 D(X, t)) dB, with density p: ∂p/∂t = −∇·(a p) + Δ(D p).
pub trait Equation: Sync {
    /// 1 or 2.
    fn dimension(&self) -> usize;

    /// One component of the drift a.
    fn drift(&self, x: &[f64], t: f64, component: usize) -> f64;

    /// D = σ² = ½ g² ≥ 0.
    fn diffusion(&self, x: &[f64], t: f64) -> f64;

    /// w = ∫ a/D along axis `component`, from `x` over a distance `length`: the logarithm of q(right)/q(left) at
    /// which nothing flows.
    ///
    /// By three Gauss points, exact for polynomials up to degree 5; an equation that knows better says so.
    fn log_equilibrium_ratio(&self, x: &[f64], t: f64, component: usize, length: f64) -> f64 {
        integral_along(x, component, length, |point| self.drift(point, t, component) / self.diffusion(point, t))
    }
}

/// A forward process: a = f x, D = ½ g² ([Seo, eq. 1.5], whose f is −f here).
#[derive(Clone, Copy, Debug)]
pub struct Forward<'a> {
    process: &'a dyn Process,
    dimension: usize,
}

impl<'a> Forward<'a> {
    /// The process in 1 or 2 dimensions.
    pub fn new(process: &'a dyn Process, dimension: usize) -> Self {
        Self { process, dimension }
    }
}

impl Equation for Forward<'_> {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn drift(&self, x: &[f64], t: f64, component: usize) -> f64 {
        self.process.drift(t) * x[component]
    }

    fn diffusion(&self, _: &[f64], t: f64) -> f64 {
        0.5 * self.process.diffusion_squared(t)
    }

    fn log_equilibrium_ratio(&self, x: &[f64], t: f64, component: usize, length: f64) -> f64 {
        self.process.drift(t) * (x[component] + 0.5 * length) * length / self.diffusion(x, t)
    }
}

/// The reverse process with a chosen backward noise [Aamari 2025, Thm 2.10], in its own time τ = T − t:
/// a = −f x + ½ (1 + σ̃²) g² s, D = ½ σ̃² g².
#[derive(Clone, Copy)]
pub struct Reverse<'a> {
    process: &'a dyn Process,
    score: &'a dyn Score,
    /// T, at which τ = 0.
    pub start: f64,
    backward_noise: BackwardNoise<'a>,
}

impl<'a> Reverse<'a> {
    /// From time `start` of the process backwards; `backward_noise` is σ̃ ≥ 0 in units of the forward noise, a number or a
    /// schedule in the process's time.
    ///
    /// At σ̃ = 0 the equation is a transport equation: [`Transport`](super::Transport) loses less of it.
    pub fn new(
        process: &'a dyn Process,
        score: &'a dyn Score,
        start: f64,
        backward_noise: impl Into<BackwardNoise<'a>>,
    ) -> Self {
        Self { process, score, start, backward_noise: backward_noise.into() }
    }
}

impl Equation for Reverse<'_> {
    fn dimension(&self) -> usize {
        self.score.dimension()
    }

    fn drift(&self, x: &[f64], tau: f64, component: usize) -> f64 {
        let t = self.start - tau;
        let factor = 0.5 * (1.0 + self.backward_noise.at(t).powi(2)) * self.process.diffusion_squared(t);
        -self.process.drift(t) * x[component] + factor * self.score.score(x, t, component)
    }

    fn diffusion(&self, _: &[f64], tau: f64) -> f64 {
        let t = self.start - tau;
        0.5 * self.backward_noise.at(t).powi(2) * self.process.diffusion_squared(t)
    }

    fn log_equilibrium_ratio(&self, x: &[f64], tau: f64, component: usize, length: f64) -> f64 {
        let t = self.start - tau;
        let diffusion = 0.5 * self.process.diffusion_squared(t);
        let pull = -self.process.drift(t) * (x[component] + 0.5 * length) * length;
        let noise = self.backward_noise.at(t).powi(2);
        (pull / diffusion + (1.0 + noise) * self.score.integral(x, t, component, length)) / noise
    }
}

/// Langevin dynamics dx = ∇ln p dt + √2 dB of a mixture [SDE tutorial, eq. 4.1.8], stationary at p.
#[derive(Clone, Debug)]
pub struct LangevinEquation(pub LineMixture);

impl Equation for LangevinEquation {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], _: f64, _: usize) -> f64 {
        self.0.score(x[0])
    }

    fn diffusion(&self, _: &[f64], _: f64) -> f64 {
        1.0
    }

    fn log_equilibrium_ratio(&self, x: &[f64], _: f64, _: usize, length: f64) -> f64 {
        self.0.log_density(x[0] + length) - self.0.log_density(x[0])
    }
}

/// Any drift and any state-dependent diffusion, from two functions.
#[derive(Clone, Copy)]
pub struct Custom<A, D> {
    dimension: usize,
    drift: A,
    diffusion: D,
}

impl<A, D> Custom<A, D>
where
    A: Fn(&[f64], f64, usize) -> f64 + Sync,
    D: Fn(&[f64], f64) -> f64 + Sync,
{
    /// `drift(x, t, component)` and `diffusion(x, t)` = D = σ² = ½ g².
    pub fn new(dimension: usize, drift: A, diffusion: D) -> Self {
        Self { dimension, drift, diffusion }
    }
}

impl<A, D> Equation for Custom<A, D>
where
    A: Fn(&[f64], f64, usize) -> f64 + Sync,
    D: Fn(&[f64], f64) -> f64 + Sync,
{
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn drift(&self, x: &[f64], t: f64, component: usize) -> f64 {
        (self.drift)(x, t, component)
    }

    fn diffusion(&self, x: &[f64], t: f64) -> f64 {
        (self.diffusion)(x, t)
    }
}
