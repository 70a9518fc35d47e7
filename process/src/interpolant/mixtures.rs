//! The truth about interpolants: Gaussian mixtures at both ends (Albergo et al. 2023, appendix A).
//!
//! With independent x_0 ~ Σ v_i N(m_i, S_i) and x_1 ~ Σ w_j N(n_j, R_j), a pair (i, j) has the weight v_i w_j and the law N(μ, C),
//!
//! ```text
//! μ = α m_i + β n_j,     C = α² S_i + β² R_j + γ² I.
//! ```
//!
//! A Gaussian law is carried by the velocity μ′ + ½ C′ C⁻¹ (x − μ), which is also the conditional expectation that defines b. With the
//! responsibilities r_ij and the pairs' scores s_ij = −C⁻¹(x − μ),
//!
//! ```text
//! s = Σ r_ij s_ij,     b = Σ r_ij (μ′ − (α α′ S_i + β β′ R_j + γγ′ I) s_ij).
//! ```
//!
//! Nothing is divided by γ, so both are finite at the ends, where γ = 0.

use nalgebra::{DMatrix, DVector};

use super::Interpolant;
use crate::mixture::log_sum_exp;
use crate::{Covariance, GaussianMixture, MixtureError};

/// Two Gaussian mixtures and the interpolant between them.
///
/// ```
/// use fokker_process::interpolant::{BridgeNoise, Interpolant, InterpolatedMixtures};
/// use fokker_process::GaussianMixture;
///
/// let normal = |mean: f64| GaussianMixture::with_stds(vec![1.0], vec![vec![mean]], vec![1.0]);
/// let bridge = BridgeNoise::Sine { scale: 0.5 };
/// let bridges = InterpolatedMixtures::new(normal(-1.0)?, normal(3.0)?, Interpolant { bridge, ..Interpolant::default() })?;
/// // Half-way the mean is 1, and moves with the whole distance in a unit of time.
/// assert!((bridges.at(0.5).velocity(&[1.0])[0] - 4.0).abs() < 1e-14);
/// assert!((bridges.law(0.5).covariance()[0][0] - 0.75).abs() < 1e-14);
/// # Ok::<(), fokker_process::MixtureError>(())
/// ```
#[derive(Clone, Debug)]
pub struct InterpolatedMixtures {
    data: Vec<Gaussian>,
    start: Vec<Gaussian>,
    interpolant: Interpolant,
}

#[derive(Clone, Debug)]
struct Gaussian {
    weight: f64,
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl InterpolatedMixtures {
    /// From the law of the data, at t = 0, to the law of the start, at t = 1.
    ///
    /// # Errors
    /// Two laws of different dimensions.
    pub fn new(data: GaussianMixture, start: GaussianMixture, interpolant: Interpolant) -> Result<Self, MixtureError> {
        if data.dimension() != start.dimension() {
            let (found, expected) = (start.dimension(), data.dimension());
            return Err(MixtureError::Dimension { what: "mean of the start's law", component: 0, found, expected });
        }
        let gaussians = |mixture: &GaussianMixture| {
            mixture.gaussians().map(|(weight, mean, covariance)| Gaussian { weight, mean, covariance }).collect()
        };
        Ok(Self { data: gaussians(&data), start: gaussians(&start), interpolant })
    }

    /// The interpolant.
    pub fn interpolant(&self) -> &Interpolant {
        &self.interpolant
    }

    /// The number of coordinates.
    pub fn dimension(&self) -> usize {
        self.data[0].mean.len()
    }

    /// The law of x_t, as a mixture of its own.
    pub fn law(&self, t: f64) -> GaussianMixture {
        let moments: Vec<_> = self.pairs().map(|(data, start)| self.moments(data, start, t)).collect();
        let weights = self.pairs().map(|(data, start)| data.weight * start.weight).collect();
        let rows = |matrix: &DMatrix<f64>| matrix.row_iter().map(|row| row.iter().copied().collect()).collect();
        let covariances = moments.iter().map(|(_, covariance)| Covariance::Full(rows(covariance))).collect();
        let means = moments.iter().map(|(mean, _)| mean.as_slice().to_vec()).collect();
        GaussianMixture::new(weights, means, covariances).expect("sums of positive definite matrices are")
    }

    /// Density, score and velocity at one time, for as many points as there are.
    pub fn at(&self, t: f64) -> InterpolatedLaw {
        let (path, dimension) = (&self.interpolant, self.dimension());
        let [data_rate, start_rate] = [path.data_scale_derivative(t), path.start_scale_derivative(t)];
        let pairs = self.pairs().map(|(data, start)| {
            let (mean, covariance) = self.moments(data, start, t);
            let cholesky = covariance.cholesky().expect("sums of positive definite matrices are");
            let half_rate = &data.covariance * (path.data_scale(t) * data_rate)
                + &start.covariance * (path.start_scale(t) * start_rate)
                + DMatrix::identity(dimension, dimension) * path.bridge.half_variance_derivative(t);
            let precision = cholesky.inverse();
            Pair {
                log_scale: (data.weight * start.weight).ln()
                    - cholesky.l().diagonal().map(f64::ln).sum()
                    - 0.5 * dimension as f64 * std::f64::consts::TAU.ln(),
                mean_rate: &data.mean * data_rate + &start.mean * start_rate,
                turning: half_rate * &precision,
                precision,
                mean,
            }
        });
        InterpolatedLaw { pairs: pairs.collect() }
    }

    fn pairs(&self) -> impl Iterator<Item = (&Gaussian, &Gaussian)> {
        self.data.iter().flat_map(|data| self.start.iter().map(move |start| (data, start)))
    }

    /// (μ, C).
    fn moments(&self, data: &Gaussian, start: &Gaussian, t: f64) -> (DVector<f64>, DMatrix<f64>) {
        let (alpha, beta, gamma) =
            (self.interpolant.data_scale(t), self.interpolant.start_scale(t), self.interpolant.bridge.std(t));
        let noise = DMatrix::identity(self.dimension(), self.dimension()) * (gamma * gamma);
        let covariance = &data.covariance * (alpha * alpha) + &start.covariance * (beta * beta) + noise;
        (&data.mean * alpha + &start.mean * beta, covariance)
    }
}

/// The law of x_t at one time, with what carries it.
#[derive(Clone, Debug)]
pub struct InterpolatedLaw {
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    /// ln of the weight and of the density at the mean.
    log_scale: f64,
    mean: DVector<f64>,
    mean_rate: DVector<f64>,
    /// C⁻¹.
    precision: DMatrix<f64>,
    /// ½ C′ C⁻¹.
    turning: DMatrix<f64>,
}

impl InterpolatedLaw {
    /// ln p_t(x).
    ///
    /// # Panics
    /// If x has another dimension; so do all functions of x.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        log_sum_exp(&self.logs(&DVector::from_column_slice(x)))
    }

    /// s = ∇ln p_t(x).
    pub fn score(&self, x: &[f64]) -> Vec<f64> {
        self.mean(x, |pair, away| -&pair.precision * away)
    }

    /// b(x, t).
    pub fn velocity(&self, x: &[f64]) -> Vec<f64> {
        self.mean(x, |pair, away| &pair.mean_rate + &pair.turning * away)
    }

    fn logs(&self, x: &DVector<f64>) -> Vec<f64> {
        let log = |pair: &Pair| {
            let away = x - &pair.mean;
            pair.log_scale - 0.5 * away.dot(&(&pair.precision * &away))
        };
        self.pairs.iter().map(log).collect()
    }

    /// The mean over the pairs of a vector of each, weighed by their responsibilities.
    fn mean(&self, x: &[f64], of: impl Fn(&Pair, &DVector<f64>) -> DVector<f64>) -> Vec<f64> {
        let x = DVector::from_column_slice(x);
        let logs = self.logs(&x);
        let total = log_sum_exp(&logs);
        let add =
            |sum: DVector<f64>, (pair, log): (&Pair, f64)| sum + of(pair, &(&x - &pair.mean)) * (log - total).exp();
        self.pairs.iter().zip(logs).fold(DVector::zeros(x.len()), add).as_slice().to_vec()
    }
}
