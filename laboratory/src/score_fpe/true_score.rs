//! The true score of a diffused mixture, with its derivatives in closed form.

use fokker_process::{GaussianMixture, Process};
use nalgebra::{DMatrix, DVector};

use super::{Jet, ScoreField};
use crate::matrix::Normal;

/// ∇ln q_t of a Gaussian mixture in any dimension.
///
/// With sₖ the score of component k, Pₖ its precision and rₖ(x) its share of the density, s = Σ rₖ sₖ, and from
/// ∇rₖ = rₖ (sₖ − s) follow
///
/// ```text
/// ∇s     = Σ rₖ (sₖ sₖᵀ − Pₖ) − s sᵀ
/// ∇div s = Σ rₖ [(sₖ − s)(‖sₖ‖² − tr Pₖ) − 2 Pₖ sₖ] − 2 (∇s) s
/// ∂ₜ s   = Σ rₖ [(ℓₖ − ℓ) sₖ + ∂ₜ sₖ]        ℓₖ = ∂ₜ ln of component k,  ℓ = Σ rₖ ℓₖ
/// ```
///
/// with mₖ and Pₖ from the kernel of the process and their rates m′ = f m, P′ = −2 f P − g² P² from its equation. That ε is 0 ties
/// the two together.
#[derive(Clone, Copy, Debug)]
pub struct TrueScore<'a> {
    /// The law of the data.
    pub data: &'a GaussianMixture,
    /// The forward process.
    pub process: &'a dyn Process,
}

/// What one component says at a point.
struct Opinion {
    log: f64,
    score: DVector<f64>,
    /// ‖s‖² − tr P.
    excess: f64,
    precision: DMatrix<f64>,
    log_rate: f64,
    rate: DVector<f64>,
}

impl TrueScore<'_> {
    fn opinion(&self, component: &Normal, x: &[f64], t: f64) -> Opinion {
        let (drift, square, n) = (self.process.drift(t), self.process.diffusion_squared(t), x.len() as f64);
        let (log, score) = component.score(x);
        let score = DVector::from_vec(score);
        let mean = DVector::from_column_slice(&component.mean);
        let away = &mean - DVector::from_column_slice(x);
        let precision = component.precision.clone();
        let excess = score.norm_squared() - precision.trace();
        // ½ (sᵀ V′ s − tr P V′) − f sᵀ m with V′ = 2 f V + g².
        let log_rate = drift * (score.dot(&away) - n) + 0.5 * square * excess - drift * score.dot(&mean);
        let rate = (&precision * &mean - &score * 2.0) * drift - &precision * &score * square;
        Opinion { log, score, excess, precision, log_rate, rate }
    }

    fn jet(&self, components: &[Normal], x: &[f64], t: f64) -> Jet {
        let opinions: Vec<Opinion> = components.iter().map(|component| self.opinion(component, x, t)).collect();
        let most = opinions.iter().map(|opinion| opinion.log).fold(f64::NEG_INFINITY, f64::max);
        let mut shares: Vec<f64> = opinions.iter().map(|opinion| (opinion.log - most).exp()).collect();
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
        let both = || opinions.iter().zip(&shares);
        let n = x.len();
        let value = both().fold(DVector::zeros(n), |sum, (o, share)| sum + &o.score * *share);
        let mean_rate: f64 = both().map(|(o, share)| o.log_rate * share).sum();
        let second = both().fold(DMatrix::zeros(n, n), |sum, (o, share)| {
            sum + (&o.score * o.score.transpose() - &o.precision) * *share
        });
        let jacobian = second - &value * value.transpose();
        let third = both().fold(DVector::zeros(n), |sum, (o, share)| {
            sum + ((&o.score - &value) * o.excess - &o.precision * &o.score * 2.0) * *share
        });
        let divergence_slope = third - &jacobian * &value * 2.0;
        let rate = both()
            .fold(DVector::zeros(n), |sum, (o, share)| sum + (&o.score * (o.log_rate - mean_rate) + &o.rate) * *share);
        Jet { value, jacobian, divergence_slope, rate }
    }
}

impl ScoreField for TrueScore<'_> {
    fn dimension(&self) -> usize {
        self.data.dimension()
    }

    fn jets(&self, points: &[Vec<f64>], t: f64) -> Vec<Jet> {
        let components: Vec<Normal> = self.data.diffused(self.process, t).components().map(Normal::new).collect();
        points.iter().map(|x| self.jet(&components, x, t)).collect()
    }
}
