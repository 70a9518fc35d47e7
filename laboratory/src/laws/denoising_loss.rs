//! The denoising loss of given data, with the noise integrated or drawn [Aamari 2025, §3.2.2; Lecture 6, Prop. 1].
//!
//! ```text
//! L(s) = Σₖ w(tₖ) (1/n) Σᵢ E_ξ |−ξ/σ_k − s(α_k X⁽ⁱ⁾ + σ_k ξ, tₖ)|²,      ξ ~ N(0, 1)
//! ```
//!
//! The expectation over ξ is one integral for each datum and time: Gauss–Hermite quadrature does it, without any variance. A
//! draw for each datum has the variance of the loss given the datum on top of that of the data. On the line.
//!
//! The square multiplied out and halved, without what does not depend on s, is the third line of [Lecture 6, Prop. 1]; under
//! [`BlurredVe`](fokker_process::BlurredVe) with w = σ² it is its eq. 1.30,
//!
//! ```text
//! Σₖ w(tₖ) (1/n) Σᵢ E_z (½ s² + s z/σ_k) = ½ (L(s) − Σₖ w(tₖ)/σ_k²).
//! ```

use fokker_process::Process;
use rand::RngExt;
use rand_distr::StandardNormal;

use super::{GaussHermite, Score};

/// Data, times and weights. [Aamari 2025] sums over the data, here it is their mean.
#[derive(Clone, Copy)]
pub struct DenoisingLoss<'a> {
    /// The forward process.
    pub process: &'a dyn Process,
    /// X⁽¹⁾, …, X⁽ⁿ⁾.
    pub data: &'a [f64],
    /// Times above 0, with the weight of each.
    pub times: &'a [(f64, f64)],
}

impl DenoisingLoss<'_> {
    /// The mean of a term over the data and over the noise, which is summed up with `average(term of ξ)`.
    fn sum(
        &self,
        mut average: impl FnMut(&dyn Fn(f64) -> f64) -> f64,
        term: impl Fn(f64, f64, f64, f64) -> f64,
    ) -> f64 {
        let mut total = 0.0;
        for &(t, weight) in self.times {
            let (scale, std) = (self.process.mean_scale(t), self.process.std(t));
            for x0 in self.data {
                total += weight * average(&|xi| term(scale * x0 + std * xi, xi, std, t)) / self.data.len() as f64;
            }
        }
        total
    }

    /// L(s) with the noise integrated by a rule.
    pub fn integrated(&self, score: &dyn Score, rule: &GaussHermite) -> f64 {
        self.sum(|term| rule.expectation(0.0, 1.0, term), |x, xi, std, t| (xi / std + score.score(&[x], t, 0)).powi(2))
    }

    /// L(s) with one draw of the noise for each datum and time.
    pub fn sampled(&self, score: &dyn Score, rng: &mut fokker_random::Rng) -> f64 {
        self.sum(|term| term(rng.sample(StandardNormal)), |x, xi, std, t| (xi / std + score.score(&[x], t, 0)).powi(2))
    }

    /// The form multiplied out [Lecture 6, eq. 1.30], with the noise integrated.
    pub fn expanded(&self, score: &dyn Score, rule: &GaussHermite) -> f64 {
        self.sum(
            |term| rule.expectation(0.0, 1.0, term),
            |x, xi, std, t| {
                let s = score.score(&[x], t, 0);
                0.5 * s * s + s * xi / std
            },
        )
    }
}
