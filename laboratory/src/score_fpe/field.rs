//! A score with its derivatives.

use fokker_process::Process;
use nalgebra::{DMatrix, DVector};

/// A field s and what the score Fokker–Planck equation needs of it, at one point and one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Jet {
    /// s, n numbers.
    pub value: DVector<f64>,
    /// ∇s, n × n: entry (i, j) is ∂sᵢ/∂xⱼ.
    pub jacobian: DMatrix<f64>,
    /// ∇ div s, n numbers.
    pub divergence_slope: DVector<f64>,
    /// ∂ₜ s, n numbers.
    pub rate: DVector<f64>,
}

impl Jet {
    /// ∇M = ½ g² (∇ div s + 2 (∇s)ᵀ s) − f (s + (∇s)ᵀ x), for a process with the drift f(t) x [Lai 2023, eq. 5].
    pub fn potential_slope(&self, process: &dyn Process, x: &[f64], t: f64) -> DVector<f64> {
        let (half_square, drift) = (0.5 * process.diffusion_squared(t), process.drift(t));
        let of_square = self.jacobian.tr_mul(&self.value) * 2.0;
        let of_drift = &self.value + self.jacobian.tr_mul(&DVector::from_column_slice(x));
        (&self.divergence_slope + of_square) * half_square - of_drift * drift
    }

    /// ε = ∂ₜ s − ∇M [Lai 2023, eq. 6].
    pub fn residual(&self, process: &dyn Process, x: &[f64], t: f64) -> DVector<f64> {
        &self.rate - self.potential_slope(process, x, t)
    }
}

/// A field that stands for ∇ln q_t.
pub trait ScoreField: Sync {
    /// n.
    fn dimension(&self) -> usize;

    /// The field with its derivatives at many points, at one time.
    fn jets(&self, points: &[Vec<f64>], t: f64) -> Vec<Jet>;

    /// The field alone.
    fn values(&self, points: &[Vec<f64>], t: f64) -> Vec<DVector<f64>> {
        self.jets(points, t).into_iter().map(|jet| jet.value).collect()
    }
}
