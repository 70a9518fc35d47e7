//! How far a score is from a gradient [Lai 2023, Prop. 1].

use fokker_process::Process;
use nalgebra::DVector;

use super::{Inequality, ScoreField, Span};
use crate::{LaboratoryError, Watch};

/// Both sides of inequality (7) along time, at fixed points.
#[derive(Clone, Debug, PartialEq)]
pub struct Conservativity {
    /// ‖s_θ − ∇ln q‖ at t_θ, for each point. The proposition takes it for zero; where it is not, the right side is larger by it.
    pub start_error: Vec<f64>,
    /// ‖s_θ − ∇Ψ_θ‖ and |∫ ‖ε‖ dτ| from t_θ on, at the end of each panel.
    pub rows: Vec<Inequality>,
}

impl Conservativity {
    /// The rows with the error at t_θ on the right: what holds of every score, by the triangle inequality.
    pub fn with_start_error(&self) -> Vec<Inequality> {
        let row = |row: &Inequality| Inequality {
            right: row.right.iter().zip(&self.start_error).map(|(right, error)| right + error).collect(),
            ..row.clone()
        };
        self.rows.iter().map(row).collect()
    }
}

/// Evaluates [Lai 2023, Prop. 1, eq. 7] from t_θ = `span.from` to `span.to`:
///
/// ```text
/// ‖s_θ(x, t) − ∇Ψ_θ(x, t)‖ ≤ |∫ ‖ε(x, τ)‖ dτ|        ∇Ψ_θ = ∇ln q_{t_θ} + ∫ ∇M[s_θ] dτ
/// ```
///
/// The left side has s_θ at both ends and the integral of ∇M, the right one ∂ₜ s_θ as well. `truth` is asked at t_θ alone.
///
/// # Errors
/// Times out of range; if the one who watches stops it.
pub fn conservativity(
    process: &dyn Process,
    guess: &dyn ScoreField,
    truth: &dyn ScoreField,
    points: &[Vec<f64>],
    span: &Span,
    watch: &dyn Watch,
) -> Result<Conservativity, LaboratoryError> {
    span.check(process)?;
    // ∇Ψ, which begins as the true score.
    let mut gradient = truth.values(points, span.from);
    let start = guess.values(points, span.from);
    let start_error = start.iter().zip(&gradient).map(|(guess, truth)| (guess - truth).norm()).collect();
    let mut right = vec![0.0; points.len()];
    let panels = span.panels(process);
    let mut rows = Vec::with_capacity(panels.len());
    for (k, panel) in panels.iter().enumerate() {
        watch.advance(k as f64 / panels.len() as f64)?;
        for (t, dt) in panel.nodes {
            for (i, jet) in guess.jets(points, t).iter().enumerate() {
                let slope = jet.potential_slope(process, &points[i], t);
                right[i] += (&jet.rate - &slope).norm() * dt.abs();
                gradient[i] += slope * dt;
            }
        }
        let here = guess.values(points, panel.end);
        let left = here.iter().zip(&gradient).map(|(s, gradient): (&DVector<f64>, _)| (s - gradient).norm()).collect();
        rows.push(Inequality { t: panel.end, left, right: right.clone() });
    }
    Ok(Conservativity { start_error, rows })
}
