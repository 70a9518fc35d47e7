//! The variational bound of a latent model whose posterior is known [SDE tutorial, §3].
//!
//! z has a Gaussian mixture for its law, x given z is N(a z + b, s²). Then p(x) and the posterior p(z | x) are mixtures as
//! well, and for every Gaussian q = N(m, v)
//!
//! ```text
//! L = E_q ln p(x | z) − KL(q ‖ p(z))             the bound as it is computed       (3.0.10)
//!   = ln p(x) − KL(q ‖ p(z | x))                 evidence less gap                 (3.0.8)
//!   = E_ε [ln p(x, z) − ln q(z)], z = m + √v ε   as it is sampled                  (3.0.7)
//! ```
//!
//! With one component the posterior is Gaussian and the bound is attained. With several, no Gaussian attains it, and since
//! KL(q ‖ p) punishes q for being where p is not, the best q sits on one mode of weight π and leaves a gap of −ln π as far
//! as the modes are apart: the bound is *mode-seeking*, where the tutorial says mode-covering. KL(p ‖ q) is the one that
//! covers, and its best q has the moments of p.

use super::{GaussHermite, LineMixture};
use crate::LaboratoryError;

/// z ~ `prior`, x | z ~ N(`slope` z + `offset`, `noise`²): a decoder that is linear.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearDecoder {
    /// p(z).
    pub prior: LineMixture,
    /// a.
    pub slope: f64,
    /// b, in data units.
    pub offset: f64,
    /// s > 0, in data units.
    pub noise: f64,
}

/// A Gaussian that stands for the posterior: what an encoder gives for one x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ApproximatePosterior {
    /// m.
    pub mean: f64,
    /// √v > 0.
    pub std: f64,
}

impl ApproximatePosterior {
    /// ln q(z).
    pub fn log_density(&self, z: f64) -> f64 {
        -0.5 * ((z - self.mean) / self.std).powi(2) - (self.std * std::f64::consts::TAU.sqrt()).ln()
    }

    /// KL(q ‖ p): exact up to rounding where p is Gaussian.
    pub fn divergence_from(&self, p: &LineMixture, rule: &GaussHermite) -> f64 {
        rule.expectation(self.mean, self.std, |z| self.log_density(z) - p.log_density(z))
    }
}

impl LinearDecoder {
    /// ln p(x) (3.0.4).
    pub fn log_evidence(&self, x: f64) -> f64 {
        self.prior.affine_image(self.slope, self.noise * self.noise).log_density(x - self.offset)
    }

    /// p(z | x).
    ///
    /// # Errors
    /// An x so far away that a component's weight is below what a mixture may have.
    pub fn posterior(&self, x: f64) -> Result<LineMixture, LaboratoryError> {
        let square = self.noise * self.noise;
        let (mut logs, mut means, mut stds) = (vec![], vec![], vec![]);
        for (weight, mean, variance) in self.prior.components() {
            let total = self.slope * self.slope * variance + square;
            let away = x - self.offset - self.slope * mean;
            logs.push(weight.ln() - 0.5 * (away * away / total + total.ln()));
            means.push(mean + self.slope * variance / total * away);
            stds.push((variance * square / total).sqrt());
        }
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
        LineMixture::new(&weights, &means, &stds)
    }

    /// E_q ln p(x | z) in closed form: −½ ((x − a m − b)² + a² v)/s² − ln(s √(2π)).
    pub fn reconstruction(&self, x: f64, q: ApproximatePosterior) -> f64 {
        let away = x - self.slope * q.mean - self.offset;
        let spread = self.slope * q.std;
        -0.5 * (away * away + spread * spread) / (self.noise * self.noise)
            - (self.noise * std::f64::consts::TAU.sqrt()).ln()
    }

    /// L in the form (3.0.10).
    pub fn bound(&self, x: f64, q: ApproximatePosterior, rule: &GaussHermite) -> f64 {
        self.reconstruction(x, q) - q.divergence_from(&self.prior, rule)
    }

    /// One term of the sampled bound, at z = m + √v ε (3.0.7): its mean over ε ~ N(0, 1) is L.
    pub fn sampled_bound(&self, x: f64, q: ApproximatePosterior, epsilon: f64) -> f64 {
        let z = q.mean + q.std * epsilon;
        let decoder = ApproximatePosterior { mean: self.slope * z + self.offset, std: self.noise };
        decoder.log_density(x) + self.prior.log_density(z) - q.log_density(z)
    }

    /// The best q near a first guess: the maximum of L by Newton's method on m and ln √v, halved where it does not rise.
    pub fn best(&self, x: f64, guess: ApproximatePosterior, rule: &GaussHermite) -> ApproximatePosterior {
        let value = |at: [f64; 2]| self.bound(x, ApproximatePosterior { mean: at[0], std: at[1].exp() }, rule);
        let mut at = [guess.mean, guess.std.ln()];
        for _ in 0..60 {
            let h = [1e-4 * at[1].exp(), 1e-4];
            let moved = |i: usize, by: f64| {
                let mut other = at;
                other[i] += by * h[i];
                value(other)
            };
            let here = value(at);
            let mut step = [0.0; 2];
            for i in 0..2 {
                let (ahead, behind) = (moved(i, 1.0), moved(i, -1.0));
                let (slope, curvature) =
                    ((ahead - behind) / (2.0 * h[i]), (ahead - 2.0 * here + behind) / (h[i] * h[i]));
                step[i] = slope / curvature.abs().max(1e-6);
            }
            let mut length = 1.0;
            let next = |length: f64| [at[0] + length * step[0], at[1] + length * step[1]];
            while length > 1e-12 && value(next(length)) < here {
                length *= 0.5;
            }
            at = next(length);
            if step[0].abs() < 1e-9 * at[1].exp() && step[1].abs() < 1e-9 {
                break;
            }
        }
        ApproximatePosterior { mean: at[0], std: at[1].exp() }
    }
}
