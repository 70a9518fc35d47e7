//! Gaussian mixtures, which every linear process turns into Gaussian mixtures.
//!
//! If x_0 ~ Σ w_k N(m_k, S_k) then x_t ~ Σ w_k N(α m_k, C_k) with C_k = α² S_k + σ² I. With the responsibilities
//! r_k(x) ∝ w_k N(x; α m_k, C_k) and the component scores s_k = −C_k⁻¹(x − α m_k),
//!
//! ```text
//! score       ∇ln p_t(x)   = Σ r_k s_k
//! divergence  Δ ln p_t(x)  = Σ r_k (|s_k − s|² − tr C_k⁻¹)
//! denoised    E[x_0 | x_t] = Σ r_k (m_k − α S_k s_k)
//! ```
//!
//! S_k is kept by its eigenvectors, in which C_k is diagonal at every time; a sum over components is a log-sum-exp.
//! This is the ground truth of [SDE tutorial, Examples 6–8], [Lai 2023, Appendix B] and [Aamari 2025, Figure 4]. At t = 0 the
//! mixture is that of the data.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::matrix::MatrixTransition;
use crate::{MixtureError, Process};

/// A positive definite covariance matrix, in squared data units.
#[derive(Clone, Debug, PartialEq)]
pub enum Covariance {
    /// The same variance in every direction.
    Isotropic(f64),
    /// One variance per coordinate.
    Diagonal(Vec<f64>),
    /// A symmetric matrix, by rows.
    Full(Vec<Vec<f64>>),
}

/// A mixture of Gaussians in any dimension.
///
/// ```
/// use fokker_process::{GaussianMixture, Vp};
///
/// // Weights, means and variances.
/// let data = GaussianMixture::with_variances(vec![0.3, 0.7], vec![vec![-1.0], vec![1.0]], vec![0.04, 0.04])?;
/// let process = Vp::default();
/// let (t, x) = (0.4, 0.2);
/// // Density and score are known at every time: the score is the slope of the log-density.
/// let slope = (data.log_density(&process, t, &[x + 1e-5]) - data.log_density(&process, t, &[x - 1e-5])) / 2e-5;
/// assert!((data.score(&process, t, &[x])[0] - slope).abs() < 1e-8);
/// assert!((data.mean()[0] - 0.4).abs() < 1e-15);
/// # Ok::<(), fokker_process::MixtureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianMixture {
    components: Vec<Component>,
}

/// One Gaussian of a mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct MixtureComponent {
    /// Its weight; those of a mixture sum to 1.
    pub weight: f64,
    /// Its mean.
    pub mean: Vec<f64>,
    /// The variances along its axes.
    pub variances: Vec<f64>,
    /// The axes as the columns of a matrix, by rows; none if they are the coordinates.
    pub axes: Option<Vec<f64>>,
}

impl MixtureComponent {
    /// The variance of one coordinate, in squared data units.
    pub fn variance_of(&self, coordinate: usize) -> f64 {
        let count = self.variances.len();
        match &self.axes {
            None => self.variances[coordinate],
            Some(axes) => (0..count).map(|k| axes[coordinate * count + k].powi(2) * self.variances[k]).sum(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Component {
    /// Normalised over the mixture.
    weight: f64,
    mean: DVector<f64>,
    /// Variances along the axes.
    variances: DVector<f64>,
    /// The axes as columns; none if they are the coordinates.
    axes: Option<DMatrix<f64>>,
}

/// What one component says about a point at a time.
struct Opinion<'a> {
    component: &'a Component,
    responsibility: f64,
    score: DVector<f64>,
    /// tr C⁻¹.
    precision: f64,
}

impl GaussianMixture {
    /// The mixture Σ weights\[k\] N(means\[k\], covariances\[k\]); the weights are normalised here.
    ///
    /// # Errors
    /// When the lists differ in length or are empty, a weight is not positive, dimensions differ, an entry is not
    /// finite, or a covariance is not symmetric (to 1e-12 of its largest entry) and positive definite.
    pub fn new(weights: Vec<f64>, means: Vec<Vec<f64>>, covariances: Vec<Covariance>) -> Result<Self, MixtureError> {
        if weights.len() != means.len() || weights.len() != covariances.len() {
            let (weights, means, covariances) = (weights.len(), means.len(), covariances.len());
            return Err(MixtureError::Counts { weights, means, covariances });
        }
        let Some(first) = means.first() else { return Err(MixtureError::Empty) };
        let dimension = first.len().max(1);
        if let Some((component, &value)) = weights.iter().enumerate().find(|(_, w)| !(w.is_finite() && **w > 0.0)) {
            return Err(MixtureError::Weight { component, value });
        }
        let total: f64 = weights.iter().sum();
        let components = weights.iter().zip(means).zip(&covariances).enumerate();
        let components = components.map(|(index, ((weight, mean), covariance))| {
            check_row("mean", index, &mean, dimension)?;
            let (variances, axes) = principal_axes(index, covariance, dimension)?;
            if let Some(&value) = variances.iter().find(|v| !(v.is_finite() && **v > 0.0)) {
                return Err(MixtureError::Variance { component: index, value });
            }
            Ok(Component { weight: weight / total, mean: DVector::from_vec(mean), variances, axes })
        });
        Ok(Self { components: components.collect::<Result<_, _>>()? })
    }

    /// The mixture whose component k has the variance `variances[k]` in every direction.
    ///
    /// # Errors
    /// As [`GaussianMixture::new`].
    pub fn with_variances(weights: Vec<f64>, means: Vec<Vec<f64>>, variances: Vec<f64>) -> Result<Self, MixtureError> {
        Self::new(weights, means, variances.into_iter().map(Covariance::Isotropic).collect())
    }

    /// The mixture whose component k has the standard deviation `stds[k]` in every direction.
    ///
    /// # Errors
    /// As [`GaussianMixture::new`].
    ///
    /// ```
    /// use fokker_process::{GaussianMixture, ProcessConfig};
    ///
    /// let process = ProcessConfig::default().build().unwrap();
    /// let narrow = GaussianMixture::with_stds(vec![1.0], vec![vec![0.0]], vec![0.5])?;
    /// let same = GaussianMixture::with_variances(vec![1.0], vec![vec![0.0]], vec![0.25])?;
    /// assert_eq!(narrow.log_density(&*process, 0.3, &[1.0]), same.log_density(&*process, 0.3, &[1.0]));
    /// # Ok::<(), fokker_process::MixtureError>(())
    /// ```
    pub fn with_stds(weights: Vec<f64>, means: Vec<Vec<f64>>, stds: Vec<f64>) -> Result<Self, MixtureError> {
        Self::with_variances(weights, means, stds.into_iter().map(|std| std * std).collect())
    }

    /// The number of coordinates, at least 1.
    pub fn dimension(&self) -> usize {
        self.components[0].mean.len()
    }

    /// The number of components, at least 1.
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Never: a mixture has at least one component.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// The components.
    pub fn components(&self) -> impl Iterator<Item = MixtureComponent> {
        self.components.iter().map(|component| MixtureComponent {
            weight: component.weight,
            mean: component.mean.as_slice().to_vec(),
            variances: component.variances.as_slice().to_vec(),
            // By columns is how they are stored.
            axes: component.axes.as_ref().map(|axes| axes.transpose().as_slice().to_vec()),
        })
    }

    /// Weight, mean and covariance of each component.
    pub(crate) fn gaussians(&self) -> impl Iterator<Item = (f64, DVector<f64>, DMatrix<f64>)> {
        self.components.iter().map(|component| (component.weight, component.mean.clone(), component.covariance()))
    }

    /// The law of x_t, as a mixture of its own.
    pub fn diffused(&self, process: &dyn Process, t: f64) -> Self {
        let (scale, variance) = kernel(process, t);
        let components = self.components.iter().map(|component| Component {
            mean: &component.mean * scale,
            variances: component.variances_at(scale, variance),
            ..component.clone()
        });
        Self { components: components.collect() }
    }

    /// The law of x_t for x_s of this law, under a process with matrix coefficients: Σ w_k N(Ψ m_k, Ψ S_k Ψᵀ + Q).
    ///
    /// # Panics
    /// If the transition has another dimension than the mixture.
    pub fn carried(&self, transition: &MatrixTransition) -> Self {
        let components = self.components.iter().map(|component| {
            let (mean, covariance) = transition.moments(&component.mean, &component.covariance());
            let eigen = covariance.symmetric_eigen();
            // Rounding may put the smallest eigenvalue of a sum of positive matrices below 0.
            let least = f64::MIN_POSITIVE.max(f64::EPSILON * f64::EPSILON * eigen.eigenvalues.amax());
            let variances = eigen.eigenvalues.map(|variance| variance.max(least));
            Component { weight: component.weight, mean, variances, axes: Some(eigen.eigenvectors) }
        });
        Self { components: components.collect() }
    }

    /// The mean of the data.
    pub fn mean(&self) -> Vec<f64> {
        let zero = DVector::zeros(self.dimension());
        self.components.iter().fold(zero, |sum, c| sum + &c.mean * c.weight).as_slice().to_vec()
    }

    /// The covariance of the data, by rows.
    pub fn covariance(&self) -> Vec<Vec<f64>> {
        let dimension = self.dimension();
        let mean = DVector::from_vec(self.mean());
        let mut sum = DMatrix::zeros(dimension, dimension);
        for component in &self.components {
            let away = &component.mean - &mean;
            sum += (component.covariance() + &away * away.transpose()) * component.weight;
        }
        sum.row_iter().map(|row| row.iter().copied().collect()).collect()
    }

    /// ln p_t(x), for x with [`dimension`](Self::dimension) coordinates.
    ///
    /// # Panics
    /// If x has another dimension; so do all functions of x.
    pub fn log_density(&self, process: &dyn Process, t: f64, x: &[f64]) -> f64 {
        let (scale, variance) = kernel(process, t);
        let logs: Vec<f64> = self.components.iter().map(|c| c.log_weighted(scale, variance, &self.point(x))).collect();
        log_sum_exp(&logs)
    }

    /// ln p(x) of the mixture itself, which is that of the data.
    ///
    /// # Panics
    /// If x has another dimension; so do all functions of x.
    pub fn data_log_density(&self, x: &[f64]) -> f64 {
        let logs: Vec<f64> = self.components.iter().map(|c| c.log_weighted(1.0, 0.0, &self.point(x))).collect();
        log_sum_exp(&logs)
    }

    /// ∇ln p(x) of the mixture itself.
    pub fn data_score(&self, x: &[f64]) -> Vec<f64> {
        self.mean_score(&self.opinions(1.0, 0.0, x)).as_slice().to_vec()
    }

    /// A draw from the mixture itself: one uniform number for the component, then one normal number per coordinate.
    pub fn data_sample(&self, rng: &mut fokker_random::Rng) -> Vec<f64> {
        self.draw(1.0, 0.0, rng)
    }

    /// ∇ln p_t(x).
    pub fn score(&self, process: &dyn Process, t: f64, x: &[f64]) -> Vec<f64> {
        let (scale, variance) = kernel(process, t);
        self.mean_score(&self.opinions(scale, variance, x)).as_slice().to_vec()
    }

    /// The divergence of the score, Δ ln p_t(x).
    pub fn score_divergence(&self, process: &dyn Process, t: f64, x: &[f64]) -> f64 {
        let (scale, variance) = kernel(process, t);
        let opinions = self.opinions(scale, variance, x);
        let score = self.mean_score(&opinions);
        opinions.iter().map(|o| o.responsibility * ((&o.score - &score).norm_squared() - o.precision)).sum()
    }

    /// The posterior mean E\[x_0 | x_t = x\].
    pub fn denoised(&self, process: &dyn Process, t: f64, x: &[f64]) -> Vec<f64> {
        let (scale, variance) = kernel(process, t);
        let zero = DVector::zeros(self.dimension());
        let add = |sum: DVector<f64>, o: &Opinion| {
            let component = o.component;
            let pull = component.from_axes(component.to_axes(o.score.clone()).component_mul(&component.variances));
            sum + (&component.mean - pull * scale) * o.responsibility
        };
        self.opinions(scale, variance, x).iter().fold(zero, add).as_slice().to_vec()
    }

    /// A draw from p_t: one uniform number for the component, then one normal number per coordinate.
    pub fn sample(&self, process: &dyn Process, t: f64, rng: &mut fokker_random::Rng) -> Vec<f64> {
        let (scale, variance) = kernel(process, t);
        self.draw(scale, variance, rng)
    }

    fn draw(&self, scale: f64, variance: f64, rng: &mut fokker_random::Rng) -> Vec<f64> {
        let mut left: f64 = rng.random();
        let chosen = self.components.iter().find(|c| {
            left -= c.weight;
            left < 0.0
        });
        // Rounding of the weights' sum may leave a sliver above 1.
        let component = chosen.unwrap_or(&self.components[self.components.len() - 1]);
        let noise = component.variances_at(scale, variance).map(|v| {
            let normal: f64 = rng.sample(StandardNormal);
            v.sqrt() * normal
        });
        (&component.mean * scale + component.from_axes(noise)).as_slice().to_vec()
    }

    fn point(&self, x: &[f64]) -> DVector<f64> {
        assert_eq!(x.len(), self.dimension(), "the point and the mixture differ in dimension");
        DVector::from_column_slice(x)
    }

    fn opinions(&self, scale: f64, variance: f64, x: &[f64]) -> Vec<Opinion<'_>> {
        let x = self.point(x);
        let logs: Vec<f64> = self.components.iter().map(|c| c.log_weighted(scale, variance, &x)).collect();
        let total = log_sum_exp(&logs);
        let opinions = self.components.iter().zip(logs).map(|(component, log)| {
            let variances = component.variances_at(scale, variance);
            let away = component.to_axes(&component.mean * scale - &x).component_div(&variances);
            let precision = variances.map(f64::recip).sum();
            Opinion { component, responsibility: (log - total).exp(), score: component.from_axes(away), precision }
        });
        opinions.collect()
    }

    fn mean_score(&self, opinions: &[Opinion]) -> DVector<f64> {
        opinions.iter().fold(DVector::zeros(self.dimension()), |sum, o| sum + &o.score * o.responsibility)
    }
}

impl Component {
    fn covariance(&self) -> DMatrix<f64> {
        let scatter = DMatrix::from_diagonal(&self.variances);
        self.axes.as_ref().map_or(scatter.clone(), |axes| axes * scatter * axes.transpose())
    }

    fn variances_at(&self, scale: f64, variance: f64) -> DVector<f64> {
        self.variances.map(|v| scale * scale * v + variance)
    }

    /// ln (weight · density at x).
    fn log_weighted(&self, scale: f64, variance: f64, x: &DVector<f64>) -> f64 {
        let variances = self.variances_at(scale, variance);
        let away = self.to_axes(x - &self.mean * scale);
        let exponent: f64 =
            away.iter().zip(&variances).map(|(z, v)| z * z / v + (std::f64::consts::TAU * v).ln()).sum();
        self.weight.ln() - 0.5 * exponent
    }

    fn to_axes(&self, vector: DVector<f64>) -> DVector<f64> {
        self.axes.as_ref().map_or_else(|| vector.clone(), |axes| axes.tr_mul(&vector))
    }

    #[allow(clippy::wrong_self_convention)]
    fn from_axes(&self, vector: DVector<f64>) -> DVector<f64> {
        self.axes.as_ref().map_or_else(|| vector.clone(), |axes| axes * &vector)
    }
}

/// (α, σ²) at t.
fn kernel(process: &dyn Process, t: f64) -> (f64, f64) {
    (process.mean_scale(t), process.std(t).powi(2))
}

pub(crate) fn log_sum_exp(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
}

fn check_row(what: &'static str, component: usize, row: &[f64], expected: usize) -> Result<(), MixtureError> {
    if row.len() != expected {
        return Err(MixtureError::Dimension { what, component, found: row.len(), expected });
    }
    match row.iter().find(|v| !v.is_finite()) {
        Some(&value) => Err(MixtureError::NotFinite { what, component, value }),
        None => Ok(()),
    }
}

type PrincipalAxes = (DVector<f64>, Option<DMatrix<f64>>);

fn principal_axes(component: usize, covariance: &Covariance, dimension: usize) -> Result<PrincipalAxes, MixtureError> {
    match covariance {
        Covariance::Isotropic(variance) => Ok((DVector::from_element(dimension, *variance), None)),
        Covariance::Diagonal(variances) => {
            check_row("covariance", component, variances, dimension)?;
            Ok((DVector::from_column_slice(variances), None))
        }
        Covariance::Full(rows) => {
            if rows.len() != dimension {
                let (found, expected) = (rows.len(), dimension);
                return Err(MixtureError::Dimension { what: "covariance", component, found, expected });
            }
            for row in rows {
                check_row("covariance row", component, row, dimension)?;
            }
            let matrix = DMatrix::from_fn(dimension, dimension, |i, j| rows[i][j]);
            let allowed = 1e-12 * matrix.amax();
            for (row, column) in (0..dimension).flat_map(|i| (0..i).map(move |j| (i, j))) {
                let difference = (matrix[(row, column)] - matrix[(column, row)]).abs();
                if difference > allowed {
                    return Err(MixtureError::Asymmetric { component, row, column, difference });
                }
            }
            let eigen = matrix.symmetric_eigen();
            Ok((eigen.eigenvalues, Some(eigen.eigenvectors)))
        }
    }
}
