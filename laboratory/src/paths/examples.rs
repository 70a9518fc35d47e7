//! The equations of the papers' examples, with the laws of their solutions.

use fokker_process::Process;

use super::Ito;
use crate::laws::{LineMixture, Score};

/// dX = μ X dt + σ X dB ([SDE tutorial, Example 9], the stock price).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeometricBrownian {
    /// μ, per unit of time.
    pub growth: f64,
    /// σ, per square root of time.
    pub volatility: f64,
}

impl GeometricBrownian {
    /// X_t = X_0 e^{(μ − σ²/2) t + σ B_t} ([SDE tutorial, eq. 5.3.7], whose w(t) is B_t of variance t).
    pub fn solution(&self, start: f64, t: f64, brownian: f64) -> f64 {
        start * ((self.growth - 0.5 * self.volatility.powi(2)) * t + self.volatility * brownian).exp()
    }

    /// Mean and variance of X_t for a fixed X_0; the law is log-normal.
    pub fn moments(&self, start: f64, t: f64) -> (f64, f64) {
        let mean = start * (self.growth * t).exp();
        (mean, mean * mean * (self.volatility.powi(2) * t).exp_m1())
    }

    /// E ∫₀ᵗ σ² X² ds = σ² X_0² (e^{(2μ + σ²) t} − 1)/(2μ + σ²).
    pub fn quadratic_variation(&self, start: f64, t: f64) -> f64 {
        let square = self.volatility.powi(2);
        let rate = 2.0 * self.growth + square;
        square * start * start * if rate == 0.0 { t } else { (rate * t).exp_m1() / rate }
    }
}

impl Ito for GeometricBrownian {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], _: f64, out: &mut [f64]) {
        out[0] = self.growth * x[0];
    }

    fn diffusion(&self, x: &[f64], _: f64, out: &mut [f64]) {
        out[0] = self.volatility * x[0];
    }

    fn diffusion_slope(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out[0] = self.volatility;
    }
}

/// dX = −λ X dt + √2 σ dB ([Aamari 2025, Definition 2.1]; [SDE tutorial, Example 10] with μ = λ and its σ for √2 σ).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrnsteinUhlenbeckPath {
    /// λ, per unit of time.
    pub lambda: f64,
    /// σ, data units per square root of time.
    pub sigma: f64,
}

impl OrnsteinUhlenbeckPath {
    /// Mean and variance of X_t for a fixed X_0: N(x e^{−λt}, (σ²/λ)(1 − e^{−2λt})).
    pub fn moments(&self, start: f64, t: f64) -> (f64, f64) {
        (start * (-self.lambda * t).exp(), -self.sigma.powi(2) / self.lambda * (-2.0 * self.lambda * t).exp_m1())
    }
}

impl Ito for OrnsteinUhlenbeckPath {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], _: f64, out: &mut [f64]) {
        out[0] = -self.lambda * x[0];
    }

    fn diffusion(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out[0] = 2f64.sqrt() * self.sigma;
    }

    fn diffusion_slope(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out[0] = 0.0;
    }
}

/// dX = −λ_t X dt + √2 σ_t dB ([Aamari 2025, Prop. 2.2], where √(2σ_t) is a slip for √2 σ_t; [SDE tutorial, Example 11]).
#[derive(Clone, Copy)]
pub struct TimeVaryingPath<L, S> {
    /// λ_t, per unit of time.
    pub lambda: L,
    /// σ_t, data units per square root of time.
    pub sigma: S,
}

impl<L: Fn(f64) -> f64 + Sync, S: Fn(f64) -> f64 + Sync> TimeVaryingPath<L, S> {
    /// Mean and variance of X_t for a fixed X_0: e^{−μ_t} x and ∫ 2 σ_s² e^{2(μ_s − μ_t)} ds, by Simpson's rule on
    /// `cuts` intervals. ([Aamari 2025, Prop. 2.3] prints e^{2(μ_t − μ_s)}.)
    pub fn moments(&self, start: f64, t: f64, cuts: usize) -> (f64, f64) {
        let h = t / cuts as f64;
        let (mut log_scale, mut variance) = (0.0, 0.0);
        for k in 0..cuts {
            let (a, m, b) = (k as f64 * h, (k as f64 + 0.5) * h, (k + 1) as f64 * h);
            let step = h / 6.0 * ((self.lambda)(a) + 4.0 * (self.lambda)(m) + (self.lambda)(b));
            let late = h / 12.0 * ((self.lambda)(m) + 4.0 * (self.lambda)(a + 0.75 * h) + (self.lambda)(b));
            let source = |time: f64, decay: f64| 2.0 * (self.sigma)(time).powi(2) * (-2.0 * decay).exp();
            variance *= (-2.0 * step).exp();
            variance += h / 6.0 * (source(a, step) + 4.0 * source(m, late) + source(b, 0.0));
            log_scale -= step;
        }
        (start * log_scale.exp(), variance)
    }
}

impl<L: Fn(f64) -> f64 + Sync, S: Fn(f64) -> f64 + Sync> Ito for TimeVaryingPath<L, S> {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], t: f64, out: &mut [f64]) {
        out[0] = -(self.lambda)(t) * x[0];
    }

    fn diffusion(&self, _: &[f64], t: f64, out: &mut [f64]) {
        out[0] = 2f64.sqrt() * (self.sigma)(t);
    }

    fn diffusion_slope(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out[0] = 0.0;
    }
}

/// Any linear process dx = f x dt + g dw, in any dimension.
#[derive(Clone, Copy, Debug)]
pub struct LinearPath<'a> {
    /// The process.
    pub process: &'a dyn Process,
    /// Number of components.
    pub dimension: usize,
}

impl Ito for LinearPath<'_> {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn drift(&self, x: &[f64], t: f64, out: &mut [f64]) {
        let rate = self.process.drift(t);
        out.iter_mut().zip(x).for_each(|(out, x)| *out = rate * x);
    }

    fn diffusion(&self, _: &[f64], t: f64, out: &mut [f64]) {
        out.fill(self.process.diffusion_squared(t).sqrt());
    }

    fn diffusion_slope(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out.fill(0.0);
    }
}

/// dx = ∇ln p dt + √2 dB [SDE tutorial, eq. 4.1.8]; its Euler–Maruyama step is eq. 4.1.9.
#[derive(Clone, Debug)]
pub struct LangevinPath(pub LineMixture);

impl Ito for LangevinPath {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[f64], _: f64, out: &mut [f64]) {
        out[0] = self.0.score(x[0]);
    }

    fn diffusion(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out[0] = 2f64.sqrt();
    }

    fn diffusion_slope(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out[0] = 0.0;
    }
}

/// The reverse process with backward noise σ̃ in its own time τ = T − t [Aamari 2025, Thm 2.10].
#[derive(Clone, Copy)]
pub struct ReversePath<'a> {
    /// The forward process.
    pub process: &'a dyn Process,
    /// Its score.
    pub score: &'a dyn Score,
    /// T, at which τ = 0.
    pub start: f64,
    /// σ̃ ≥ 0 in units of the forward noise.
    pub backward_noise: f64,
}

impl Ito for ReversePath<'_> {
    fn dimension(&self) -> usize {
        self.score.dimension()
    }

    fn drift(&self, x: &[f64], tau: f64, out: &mut [f64]) {
        let t = self.start - tau;
        let factor = 0.5 * (1.0 + self.backward_noise.powi(2)) * self.process.diffusion_squared(t);
        for (i, out) in out.iter_mut().enumerate() {
            *out = -self.process.drift(t) * x[i] + factor * self.score.score(x, t, i);
        }
    }

    fn diffusion(&self, _: &[f64], tau: f64, out: &mut [f64]) {
        out.fill(self.backward_noise * self.process.diffusion_squared(self.start - tau).sqrt());
    }

    fn diffusion_slope(&self, _: &[f64], _: f64, out: &mut [f64]) {
        out.fill(0.0);
    }
}
