//! How far the generated law is from the data, and the bound on it [Aamari 2025, Prop. 4.1–4.3].
//!
//! Backwards from T with a score s in the place of ∇ln p and the prior p∞ in the place of p_T, the law q_τ of what is
//! generated drifts away from p_{T−τ}. In units σ̃ of the forward noise, with σ² = ½ g² and τ = T − t,
//!
//! ```text
//! truth   d/dτ KL(p_{T−τ} | q_τ) = ∫ ⟨(σ² + σ̃²)(∇ln p − s) − σ̃² ∇ln(p/q), ∇ln(p/q)⟩ p dx        (Prop. 4.1)
//! bound   KL(p_T | p∞) + ∫ (σ² + σ̃²)²/(4σ̃²) ∫ |∇ln p − s|² p dx dτ                              (Prop. 4.3)
//! ```
//!
//! Both are evaluated at every step: the first must integrate to the divergence itself (Cor. 4.2), the second must stay
//! above it. σ̃ may depend on t. σ̃ = 0 has no bound: its coefficient is infinite.

use fokker_process::{GaussianMixture, Process};

use super::{Exact, KlTrace, Score};
use crate::fokker_planck::{BackwardNoise, Reverse, Scheme, Solver};
use crate::grid::{Axis, Field};
use crate::{LaboratoryError, Watch, check};

/// One row of the trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KlRow {
    /// τ, from 0 to T − min_time.
    pub tau: f64,
    /// KL(p_{T−τ} | q_τ) on the grid.
    pub truth: f64,
    /// The integral of Cor. 4.2 up to τ, by the trapezoidal rule.
    pub integrated: f64,
    /// The right-hand side of Prop. 4.3 up to τ.
    pub bound: f64,
    /// E |∇ln p − s|² at this time, the Fisher divergence of the score.
    pub score_error: f64,
}

/// The generation whose error is accounted for.
#[derive(Clone, Copy)]
pub struct ReverseError<'a> {
    /// The law of the data.
    pub data: &'a GaussianMixture,
    /// The forward process.
    pub process: &'a dyn Process,
    /// The score that stands for ∇ln p.
    pub score: &'a dyn Score,
    /// The backward noise σ̃ > 0 in units of the forward noise, a number or a schedule.
    pub backward_noise: BackwardNoise<'a>,
    /// Where the generation begins, T or below.
    pub start: f64,
    /// Where it ends, above 0.
    pub end: f64,
    /// Standard deviation of the prior p∞ = N(0, σ∞²), per coordinate.
    pub prior_std: f64,
}

/// The names under which a person chose the numbers of a [`ReverseError`], for messages.
#[derive(Clone, Copy, Debug)]
pub struct ReverseErrorKeys<'a> {
    /// The box of the grid.
    pub reach: &'a str,
    /// Its cells.
    pub cells: &'a str,
    /// Where the generation ends.
    pub end: &'a str,
}

impl ReverseError<'_> {
    /// Checks that a grid resolves what is computed: the box holds the prior and the laws at both ends, and a cell is no
    /// wider than the narrowest component at the end.
    ///
    /// # Errors
    /// An end that is not before the start, a box that is too small, cells that are too wide, each with what is right.
    pub fn check(&self, axes: &[Axis], keys: &ReverseErrorKeys) -> Result<(), LaboratoryError> {
        if self.end >= self.start {
            return Err(LaboratoryError::value(keys.end, self.end, format!("below T = {}", self.start)));
        }
        let law = |t: f64| self.data.diffused(self.process, t);
        let prior =
            GaussianMixture::with_variances(vec![1.0], vec![vec![0.0; axes.len()]], vec![self.prior_std.powi(2)])?;
        check::holds(keys.reach, axes, &prior, "the prior")?;
        check::holds(keys.reach, axes, &law(self.start), &format!("the law at t = {}", self.start))?;
        check::holds(keys.reach, axes, &law(self.end), &format!("the law at t = {}", self.end))?;
        check::resolves(keys.cells, axes, &law(self.end), &format!("the law at t = {}", self.end))
    }

    /// Walks back in `steps` steps, equally far apart in ln t, and accounts for every `every`-th of them.
    ///
    /// # Errors
    /// A backward noise or times that are not as stated; if the one who watches stops it.
    pub fn trace(
        &self,
        axes: &[Axis],
        steps: usize,
        every: usize,
        watch: &dyn Watch,
    ) -> Result<Vec<KlRow>, LaboratoryError> {
        check::positive("end", self.end)?;
        check::count("steps", steps, 1..=check::MOST_STEPS)?;
        check::count("every", every, 1..=check::MOST_STEPS)?;
        if self.end >= self.start {
            return Err(LaboratoryError::value("end", self.end, format!("below start = {}", self.start)));
        }
        let time = |k: usize| self.start * (self.end / self.start).powf(k as f64 / steps as f64);
        (0..=steps).try_for_each(|k| check::positive("backward_noise", self.backward_noise.at(time(k))))?;
        let equation = Reverse::new(self.process, self.score, self.start, self.backward_noise);
        let variance = self.prior_std.powi(2);
        let dimension = axes.len() as f64;
        let prior = |x: &[f64]| {
            let square: f64 = x.iter().map(|x| x * x).sum();
            (-0.5 * square / variance).exp() * (std::f64::consts::TAU * variance).powf(-0.5 * dimension)
        };
        let trace = KlTrace {
            generator: Solver::new(equation, Scheme::Extrapolated),
            law: &|t| Field::of(axes, |x| self.data.log_density(self.process, t, x).exp()).normalized(),
            truth: &Exact { data: self.data, process: self.process },
            score: self.score,
            forward: &|_, t| 0.5 * self.process.diffusion_squared(t),
            backward: &|_, t| 0.5 * self.process.diffusion_squared(t) * self.backward_noise.at(t).powi(2),
            start: self.start,
            end: self.end,
        };
        trace.rows(Field::of(axes, prior).normalized(), steps, every, watch)
    }
}
