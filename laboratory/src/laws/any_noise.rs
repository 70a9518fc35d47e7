//! Denoising with noise that is not Gaussian [Aamari 2025, Prop. 3.3 and Remark 3.4]. On the line.
//!
//! For X ~ p and independent ε ~ g, the score of the noisy law and the loss that learns it are
//!
//! ```text
//! ∇ln(p ∗ g)(y) = E[∇ln g(ε) | X + ε = y]
//! E |∇ln(p ∗ g)(X + ε) − s(X + ε)|² = c + E |∇ln g(ε) − s(X + ε)|²     with one c for every s.
//! ```
//!
//! Gaussian noise is the case in which ∇ln g is linear; only there the first line is Tweedie's formula for E[X | y].

use super::{GaussHermite, LineMixture};

/// The law of ε, symmetric and smooth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoiseLaw {
    /// N(0, std²).
    Normal {
        /// Above 0.
        std: f64,
    },
    /// Density sech²(ε/2s)/4s: tails like e^{−|ε|/s}.
    Logistic {
        /// s > 0.
        scale: f64,
    },
}

impl NoiseLaw {
    /// g(ε).
    pub fn density(self, epsilon: f64) -> f64 {
        match self {
            Self::Normal { std } => (-0.5 * (epsilon / std).powi(2)).exp() / (std * std::f64::consts::TAU.sqrt()),
            Self::Logistic { scale } => (0.5 * epsilon / scale).cosh().powi(-2) / (4.0 * scale),
        }
    }

    /// ∇ln g(ε).
    pub fn score(self, epsilon: f64) -> f64 {
        match self {
            Self::Normal { std } => -epsilon / (std * std),
            Self::Logistic { scale } => -(0.5 * epsilon / scale).tanh() / scale,
        }
    }

    /// Points and weights for E f(ε): the trapezoidal rule, which converges exponentially for smooth f.
    fn nodes(self) -> impl Iterator<Item = (f64, f64)> {
        let (unit, reach) = match self {
            Self::Normal { std } => (std, 10),
            Self::Logistic { scale } => (scale, 40),
        };
        // Eight points to a unit.
        (-8 * reach..=8 * reach).map(move |k| {
            let epsilon = unit * f64::from(k) / 8.0;
            (epsilon, self.density(epsilon) * unit / 8.0)
        })
    }
}

/// X + ε for a mixture X.
#[derive(Clone, Debug, PartialEq)]
pub struct NoisyMixture {
    data: LineMixture,
    noise: NoiseLaw,
    rule: GaussHermite,
}

impl NoisyMixture {
    /// The law, by Gauss–Hermite quadrature over each component of the data.
    pub fn new(data: LineMixture, noise: NoiseLaw, rule: GaussHermite) -> Self {
        Self { data, noise, rule }
    }

    /// E f(X).
    fn over_data(&self, f: impl Fn(f64) -> f64) -> f64 {
        let parts = self.data.components();
        parts.map(|(weight, mean, variance)| weight * self.rule.expectation(mean, variance.sqrt(), &f)).sum()
    }

    /// (p ∗ g)(y).
    pub fn density(&self, y: f64) -> f64 {
        self.over_data(|x| self.noise.density(y - x))
    }

    /// E[∇ln g(ε) | X + ε = y], the score of the noisy law.
    pub fn score(&self, y: f64) -> f64 {
        let weighted = |x: f64| self.noise.density(y - x) * self.noise.score(y - x);
        self.over_data(weighted) / self.density(y)
    }

    /// E |∇ln g(ε) − s(X + ε)|².
    pub fn denoising_loss(&self, s: impl Fn(f64) -> f64) -> f64 {
        let of = |epsilon: f64, target: f64| self.over_data(|x| (target - s(x + epsilon)).powi(2));
        self.noise.nodes().map(|(epsilon, weight)| weight * of(epsilon, self.noise.score(epsilon))).sum()
    }

    /// E |∇ln(p ∗ g)(X + ε) − s(X + ε)|², with the score of the noisy law given.
    pub fn explicit_loss(&self, score: impl Fn(f64) -> f64, s: impl Fn(f64) -> f64) -> f64 {
        let of = |epsilon: f64| self.over_data(|x| (score(x + epsilon) - s(x + epsilon)).powi(2));
        self.noise.nodes().map(|(epsilon, weight)| weight * of(epsilon)).sum()
    }
}
