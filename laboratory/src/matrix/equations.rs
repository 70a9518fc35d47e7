//! Equations by their coefficients at a time.

use std::borrow::Cow;

use fokker_process::matrix::{DMatrix, MatrixProcess};
use fokker_process::{GaussianMixture, MixtureComponent};

/// A function of the place: what it returns has as many coordinates.
type Vectors<'a> = Box<dyn Fn(&[f64]) -> Vec<f64> + Send + Sync + 'a>;

/// A function of the place: what it returns is a matrix.
type Matrices<'a> = Box<dyn Fn(&[f64]) -> DMatrix<f64> + Send + Sync + 'a>;

/// L at one time, n × m.
pub enum NoiseMatrix<'a> {
    /// The same at all places.
    Everywhere(DMatrix<f64>),
    /// A function of the place. The stochastic integral is Itô's.
    At(Matrices<'a>),
}

impl NoiseMatrix<'_> {
    /// L at a place.
    pub fn at(&self, x: &[f64]) -> Cow<'_, DMatrix<f64>> {
        match self {
            Self::Everywhere(noise) => Cow::Borrowed(noise),
            Self::At(noise) => Cow::Owned(noise(x)),
        }
    }
}

/// An equation at one time.
pub struct Coefficients<'a> {
    /// a(x).
    pub drift: Vectors<'a>,
    /// L(x).
    pub noise: NoiseMatrix<'a>,
}

/// dX = a(X, t) dt + L(X, t) dB in ℝⁿ.
pub trait MatrixEquation: Sync {
    /// n.
    fn dimension(&self) -> usize;

    /// The coefficients at t. What depends on time alone is computed here once, and not again at every place.
    fn at(&self, t: f64) -> Coefficients<'_>;
}

impl<E: MatrixEquation + ?Sized> MatrixEquation for &E {
    fn dimension(&self) -> usize {
        (**self).dimension()
    }

    fn at(&self, t: f64) -> Coefficients<'_> {
        (**self).at(t)
    }
}

/// A linear process: a = F x.
#[derive(Clone, Copy, Debug)]
pub struct Forward<'a>(pub &'a dyn MatrixProcess);

impl MatrixEquation for Forward<'_> {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn at(&self, t: f64) -> Coefficients<'_> {
        let drift = self.0.drift(t);
        Coefficients { drift: Box::new(move |x| times(&drift, x)), noise: NoiseMatrix::Everywhere(self.0.noise(t)) }
    }
}

/// Any drift and any noise, from two functions of place and time.
#[derive(Clone, Copy)]
pub struct ItoEquation<A, L> {
    dimension: usize,
    drift: A,
    noise: L,
}

impl<A, L> ItoEquation<A, L>
where
    A: Fn(&[f64], f64) -> Vec<f64> + Send + Sync,
    L: Fn(&[f64], f64) -> DMatrix<f64> + Send + Sync,
{
    /// `drift(x, t)` with n coordinates and `noise(x, t)`, n × m.
    pub fn new(dimension: usize, drift: A, noise: L) -> Self {
        Self { dimension, drift, noise }
    }
}

impl<A, L> MatrixEquation for ItoEquation<A, L>
where
    A: Fn(&[f64], f64) -> Vec<f64> + Send + Sync,
    L: Fn(&[f64], f64) -> DMatrix<f64> + Send + Sync,
{
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn at(&self, t: f64) -> Coefficients<'_> {
        Coefficients {
            drift: Box::new(move |x| (self.drift)(x, t)),
            noise: NoiseMatrix::At(Box::new(move |x| (self.noise)(x, t))),
        }
    }
}

/// A guess of ∇ln p_t.
pub trait MatrixScore: Sync {
    /// The score at t, as a function of the place.
    fn at(&self, t: f64) -> Vectors<'_>;
}

/// The law of a mixture under a process, at every time.
#[derive(Clone, Copy, Debug)]
pub struct Law<'a> {
    /// The law at time 0.
    pub data: &'a GaussianMixture,
    /// The forward process.
    pub process: &'a dyn MatrixProcess,
}

impl Law<'_> {
    /// The mixture at t.
    pub fn mixture(&self, t: f64) -> GaussianMixture {
        self.data.carried(&self.process.transition(0.0, t))
    }
}

impl MatrixScore for Law<'_> {
    fn at(&self, t: f64) -> Vectors<'_> {
        let components: Vec<Normal> = self.mixture(t).components().map(Normal::new).collect();
        Box::new(move |x| {
            let scores: Vec<(f64, Vec<f64>)> = components.iter().map(|component| component.score(x)).collect();
            let most = scores.iter().map(|(log, _)| *log).fold(f64::NEG_INFINITY, f64::max);
            let (mut total, mut sum) = (0.0, vec![0.0; x.len()]);
            for (log, score) in scores {
                let weight = (log - most).exp();
                total += weight;
                sum.iter_mut().zip(score).for_each(|(sum, score)| *sum += weight * score);
            }
            sum.iter_mut().for_each(|sum| *sum /= total);
            sum
        })
    }
}

/// A component at one time, ready for many places.
pub(crate) struct Normal {
    pub mean: Vec<f64>,
    pub precision: DMatrix<f64>,
    /// ln of weight over √det covariance.
    log_scale: f64,
}

impl Normal {
    pub fn new(component: MixtureComponent) -> Self {
        let n = component.mean.len();
        let axes = component.axes.map_or_else(|| DMatrix::identity(n, n), |axes| DMatrix::from_row_slice(n, n, &axes));
        let inverse = DMatrix::from_fn(n, n, |i, j| if i == j { component.variances[i].recip() } else { 0.0 });
        let log_determinant: f64 = component.variances.iter().map(|variance| variance.ln()).sum();
        Self {
            mean: component.mean,
            precision: &axes * inverse * axes.transpose(),
            log_scale: component.weight.ln() - 0.5 * log_determinant,
        }
    }

    /// The logarithm of weight times density, up to a constant, and the score.
    pub fn score(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let away: Vec<f64> = x.iter().zip(&self.mean).map(|(x, mean)| mean - x).collect();
        let score = times(&self.precision, &away);
        let square: f64 = away.iter().zip(&score).map(|(away, score)| away * score).sum();
        (self.log_scale - 0.5 * square, score)
    }
}

/// The reverse of a process in its own time τ = T − t, with a backward noise L̃ that may be any matrix:
///
/// ```text
/// dX = [−F X + ½ (L Lᵀ + L̃ L̃ᵀ) ∇ln p_t(X)] dτ + L̃ dB
/// ```
///
/// L̃ = L is [SDE tutorial, eq. 2.4.19], L̃ = 0 the probability flow, L̃ = σ̃ L the family of [Aamari 2025, Thm 2.10]. The
/// law is p_{T−τ} for all of them: in the Fokker–Planck equation ½ ∇·(L̃ L̃ᵀ ∇p) and −½ ∇·(L̃ L̃ᵀ p ∇ln p) cancel.
pub struct Reverse<'a> {
    process: &'a dyn MatrixProcess,
    score: &'a dyn MatrixScore,
    start: f64,
    noise: Box<dyn Fn(f64) -> DMatrix<f64> + Send + Sync + 'a>,
}

impl<'a> Reverse<'a> {
    /// From the time `start` of the process, with the backward noise `noise(t)` = L̃(t), n × any number of columns.
    pub fn new(
        process: &'a dyn MatrixProcess,
        score: &'a dyn MatrixScore,
        start: f64,
        noise: impl Fn(f64) -> DMatrix<f64> + Send + Sync + 'a,
    ) -> Self {
        Self { process, score, start, noise: Box::new(noise) }
    }

    /// With L̃ = σ̃ L, for σ̃ ≥ 0 in units of the forward noise.
    pub fn scaled(process: &'a dyn MatrixProcess, score: &'a dyn MatrixScore, start: f64, backward_noise: f64) -> Self {
        Self::new(process, score, start, move |t| process.noise(t) * backward_noise)
    }
}

impl MatrixEquation for Reverse<'_> {
    fn dimension(&self) -> usize {
        self.process.dimension()
    }

    fn at(&self, tau: f64) -> Coefficients<'_> {
        let t = self.start - tau;
        let (drift, noise, score) = (-self.process.drift(t), (self.noise)(t), self.score.at(t));
        let pull = (self.process.tensor(t) + &noise * noise.transpose()) * 0.5;
        let drift = move |x: &[f64]| {
            let mut value = times(&drift, x);
            value.iter_mut().zip(times(&pull, &score(x))).for_each(|(value, pull)| *value += pull);
            value
        };
        Coefficients { drift: Box::new(drift), noise: NoiseMatrix::Everywhere(noise) }
    }
}

/// M x.
pub(crate) fn times(matrix: &DMatrix<f64>, x: &[f64]) -> Vec<f64> {
    (0..matrix.nrows()).map(|i| x.iter().enumerate().map(|(j, x)| matrix[(i, j)] * x).sum()).collect()
}
