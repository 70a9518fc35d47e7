//! Linear processes with matrix coefficients, dx = F(t) x dt + L(t) dβ [SDE tutorial, §2.1, eq. 2.2.16].
//!
//! The state transition matrix Ψ and the covariance Q of what the noise adds after time s,
//!
//! ```text
//! ∂Ψ(t, s)/∂t = F(t) Ψ(t, s),                    Ψ(s, s) = I         [SDE tutorial, eq. 2.1.7, 2.1.11]
//! ∂Q(t, s)/∂t = F Q + Q Fᵀ + L Lᵀ,               Q(s, s) = 0
//! x_t | x_s   ~ N(Ψ(t, s) x_s, Q(t, s))                              [SDE tutorial, eq. 2.2.16]
//! ```
//!
//! are one [`MatrixTransition`]. Two of them in a row are again one: Ψ = Ψ₂ Ψ₁ (eq. 2.1.9), Q = Ψ₂ Q₁ Ψ₂ᵀ + Q₂.
//!
//! | process | coefficients | Ψ and Q by | source |
//! |---|---|---|---|
//! | [`TimeInvariant`] | F, L | one matrix exponential (Van Loan 1978) | [SDE tutorial, Examples 1 and 2] |
//! | [`TimeScaled`] | β(t) F, √β(t) L | the same, at the time ∫β | [SDE tutorial, Example 8, eq. 4.2.25] |
//! | [`TimeVarying`] | F(t), L(t) | Magnus's series of order six, adaptively | [SDE tutorial, eq. 2.1.6–2.1.11] |
//! | [`CriticallyDamped`] | Langevin dynamics of position and velocity | a closed form | Dockhorn et al. 2022, eq. 5 |
//!
//! A [`GaussianMixture`](crate::GaussianMixture) stays one: [`GaussianMixture::carried`](crate::GaussianMixture::carried).
//!
//! ```
//! use fokker_process::matrix::{MatrixProcess, TimeInvariant};
//! use fokker_process::{Covariance, GaussianMixture};
//!
//! // x″ + 0.6 x′ + 2 x = white noise, as a system of first order.
//! let oscillator = TimeInvariant::oscillator(2.0, 0.6)?;
//! let start = GaussianMixture::new(vec![1.0], vec![vec![1.0, 0.0]], vec![Covariance::Isotropic(0.1)])?;
//! // In the long run the energy is shared: Var x = 1/(2βγ), Var x′ = 1/(2γ), and no correlation.
//! let late = start.carried(&oscillator.transition(0.0, 100.0)).covariance();
//! assert!((late[0][0] - 1.0 / 2.4).abs() < 1e-12 && (late[1][1] - 1.0 / 1.2).abs() < 1e-12 && late[0][1].abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod critically_damped;
mod error;
mod magnus;
mod time_invariant;
mod time_scaled;
mod time_varying;
mod transition;

use std::fmt::Debug;

pub use nalgebra::{DMatrix, DVector};

pub use critically_damped::CriticallyDamped;
pub use error::MatrixError;
pub use time_invariant::TimeInvariant;
pub use time_scaled::TimeScaled;
pub use time_varying::TimeVarying;
pub use transition::MatrixTransition;

/// A process dx = F(t) x dt + L(t) dβ with x in ℝⁿ and Brownian motion β in ℝᵐ.
pub trait MatrixProcess: Debug + Send + Sync {
    /// n, the number of coordinates of x.
    fn dimension(&self) -> usize;

    /// F(t), n × n, per unit of time.
    fn drift(&self, t: f64) -> DMatrix<f64>;

    /// L(t), n × m, data units per square root of time.
    fn noise(&self, t: f64) -> DMatrix<f64>;

    /// The law of x_t given x_s, for s ≤ t.
    fn transition(&self, s: f64, t: f64) -> MatrixTransition;

    /// The tensor L Lᵀ of the Fokker–Planck equation [SDE tutorial, eq. 2.3.1], n × n.
    fn tensor(&self, t: f64) -> DMatrix<f64> {
        let noise = self.noise(t);
        &noise * noise.transpose()
    }

    /// Ψ(t, s) for times in any order; Ψ(s, t) = Ψ⁻¹(t, s) [SDE tutorial, eq. 2.1.10].
    fn transition_matrix(&self, t: f64, s: f64) -> DMatrix<f64> {
        if s <= t {
            return self.transition(s, t).matrix;
        }
        let forwards = self.transition(t, s).matrix;
        // A transition matrix has the determinant e^{∫ tr F} > 0; what rounds to 0 has no inverse in numbers.
        forwards.try_inverse().unwrap_or_else(|| DMatrix::from_element(self.dimension(), self.dimension(), f64::NAN))
    }

    /// dm/dt = F m, for the mean of x_t.
    fn mean_rate(&self, t: f64, mean: &DVector<f64>) -> DVector<f64> {
        self.drift(t) * mean
    }

    /// dP/dt = F P + P Fᵀ + L Lᵀ, for the covariance of x_t. [SDE tutorial, eq. 5.1.1] is the case F = −½ σ I, L Lᵀ = σ I;
    /// it prints Σ(0) where the equation has Σ(t).
    fn covariance_rate(&self, t: f64, covariance: &DMatrix<f64>) -> DMatrix<f64> {
        let turned = self.drift(t) * covariance;
        &turned + turned.transpose() + self.tensor(t)
    }
}
