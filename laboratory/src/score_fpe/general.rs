//! The score Fokker–Planck equation of any Itô equation [Lai 2023, Appx. E.1].

use crate::matrix::{Coefficients, MatrixEquation, MatrixScore, NoiseMatrix, times};

/// dX = F(X, t) dt + G(X, t) dW and a guess s of ∇ln q_t [Lai 2023, eq. 15].
///
/// ```text
/// A = F − ½ ∇·(G Gᵀ)        F̃ = A − ½ G Gᵀ s                                                            (16)
/// ∂ₜ ln q = −(div F̃ + ⟨F̃, s⟩)                                                                           (21)
///         = ½ div(G Gᵀ s) + ½ ‖Gᵀ s‖² − ⟨A, s⟩ − div A                                                  (23)
/// ε       = ∂ₜ s − ∇(23)
/// ```
///
/// (∇·T)ᵢ = Σ ∂ⱼ Tᵢⱼ. The density moves with the velocity F̃, as in [Aamari 2025, Prop. 2.6]. With F = f and G = g(t) I this is (5).
/// Derivatives are central differences of order 6 (Fornberg 1988) over three `width`s to each side, up to third ones in space.
#[derive(Clone, Copy)]
pub struct ScoreEquation<'a> {
    /// F and G.
    pub equation: &'a dyn MatrixEquation,
    /// s.
    pub score: &'a dyn MatrixScore,
    /// Distance between neighbouring points of a difference, in data units and in time; 0.01 of the scales on which F, G and s change.
    pub width: f64,
}

/// Weights of a first derivative at ±1, ±2 and ±3 widths.
const WEIGHTS: [f64; 3] = [0.75, -0.15, 1.0 / 60.0];

/// The derivative of order 6 of a function of one number.
fn slope<T>(width: f64, function: impl Fn(f64) -> T) -> T
where
    T: std::ops::Sub<Output = T> + std::ops::Mul<f64, Output = T> + std::ops::Add<Output = T>,
{
    let pair = |k: usize| {
        let step = (k + 1) as f64 * width;
        (function(step) - function(-step)) * (WEIGHTS[k] / width)
    };
    pair(0) + pair(1) + pair(2)
}

impl ScoreEquation<'_> {
    /// F̃ at a point, the velocity of the density (16).
    pub fn velocity(&self, x: &[f64], t: f64) -> Vec<f64> {
        let (at, score) = (self.equation.at(t), self.score.at(t));
        self.velocity_at(&at, &score, x)
    }

    /// ∂ₜ ln q by (23).
    pub fn log_density_rate(&self, x: &[f64], t: f64) -> f64 {
        let (at, score) = (self.equation.at(t), self.score.at(t));
        self.rate_at(&at, &score, x)
    }

    /// ∂ₜ ln q by (21).
    pub fn log_density_rate_of_velocity(&self, x: &[f64], t: f64) -> f64 {
        let (at, score) = (self.equation.at(t), self.score.at(t));
        let along = dot(&self.velocity_at(&at, &score, x), &score(x));
        -(self.divergence(x, |x| self.velocity_at(&at, &score, x)) + along)
    }

    /// ε at a point: n numbers. `t` is three widths or more above 0.
    pub fn residual(&self, x: &[f64], t: f64) -> Vec<f64> {
        let (at, score) = (self.equation.at(t), self.score.at(t));
        let along = |i: usize| {
            let rate = slope(self.width, |step| self.score.at(t + step)(x)[i]);
            rate - slope(self.width, |step| self.rate_at(&at, &score, &moved(x, i, step)))
        };
        (0..x.len()).map(along).collect()
    }

    fn rate_at(&self, at: &Coefficients, score: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> f64 {
        // G Gᵀ s.
        let pull = |x: &[f64]| {
            let noise = at.noise.at(x);
            times(&noise, &times(&noise.transpose(), &score(x)))
        };
        let here = score(x);
        let square = dot(&pull(x), &here);
        let drift = |x: &[f64]| self.corrected(at, x);
        0.5 * (self.divergence(x, pull) + square) - dot(&drift(x), &here) - self.divergence(x, drift)
    }

    fn velocity_at(&self, at: &Coefficients, score: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> Vec<f64> {
        let noise = at.noise.at(x);
        let pull = times(&noise, &times(&noise.transpose(), &score(x)));
        self.corrected(at, x).iter().zip(pull).map(|(drift, pull)| drift - 0.5 * pull).collect()
    }

    /// A.
    fn corrected(&self, at: &Coefficients, x: &[f64]) -> Vec<f64> {
        let mut drift = (at.drift)(x);
        if matches!(at.noise, NoiseMatrix::Everywhere(_)) {
            return drift;
        }
        for j in 0..x.len() {
            let column = slope(self.width, |step| {
                let noise = at.noise.at(&moved(x, j, step));
                noise.as_ref() * noise.row(j).transpose()
            });
            drift.iter_mut().zip(column.iter()).for_each(|(drift, change)| *drift -= 0.5 * change);
        }
        drift
    }

    fn divergence(&self, x: &[f64], field: impl Fn(&[f64]) -> Vec<f64>) -> f64 {
        (0..x.len()).map(|i| slope(self.width, |step| field(&moved(x, i, step))[i])).sum()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn moved(x: &[f64], component: usize, step: f64) -> Vec<f64> {
    let mut x = x.to_vec();
    x[component] += step;
    x
}
