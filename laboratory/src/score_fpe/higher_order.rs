//! What the errors of a score and of its derivatives say about its residual [Lai 2023, Prop. 3].

use fokker_process::Process;
use nalgebra::DVector;

use super::{Inequality, Jet, ScoreField, Span};
use crate::{LaboratoryError, Watch};

/// Both sides of the inequality of Prop. 3 along time, at fixed points.
#[derive(Clone, Debug, PartialEq)]
pub struct HigherOrder {
    /// δ₀, δ₁, δ₂: the largest ‖s − s_θ‖, ‖∇(s − s_θ)‖_F and ‖∇ div(s − s_θ)‖ at the points and times that were seen.
    pub deltas: [f64; 3],
    /// ‖∫ ε dτ‖ and its bound, at the end of each panel.
    pub rows: Vec<Inequality>,
}

/// The integrals of one point, from the start.
#[derive(Clone)]
struct Sums {
    residual: DVector<f64>,
    /// ∫ (g² ‖s‖ + ‖f‖) and ∫ (g² ‖∇s‖_F + ‖∇f‖_F).
    first: f64,
    second: f64,
}

/// Evaluates [Lai 2023, Prop. 3] from `span.from` to `span.to`, forwards:
///
/// ```text
/// ‖∫ ε dτ‖ ≤ 2 δ₀ + (δ₂ + 2 δ₁ δ₀) C(t) + δ₁ ∫ (g² ‖s‖ + ‖f‖) dτ + δ₀ ∫ (g² ‖∇s‖_F + ‖∇f‖_F) dτ        C = ½ ∫ g²
/// ```
///
/// The paper's δ are suprema over all of space. Its proof uses them on the line {x} × \[0, t\] alone, so suprema over any set of
/// points and all times bound the same left sides, and are finite where those of a network are not.
///
/// # Errors
/// Times out of range or backwards; if the one who watches stops it.
pub fn higher_order(
    process: &dyn Process,
    guess: &dyn ScoreField,
    truth: &dyn ScoreField,
    points: &[Vec<f64>],
    span: &Span,
    watch: &dyn Watch,
) -> Result<HigherOrder, LaboratoryError> {
    span.check(process)?;
    if span.to < span.from {
        return Err(LaboratoryError::value("to", span.to, format!("above from = {}", span.from)));
    }
    let n = guess.dimension();
    let mut deltas = [0.0f64; 3];
    let mut see = |guess: &[Jet], truth: &[Jet]| {
        for (guess, truth) in guess.iter().zip(truth) {
            deltas[0] = deltas[0].max((&guess.value - &truth.value).norm());
            deltas[1] = deltas[1].max((&guess.jacobian - &truth.jacobian).norm());
            deltas[2] = deltas[2].max((&guess.divergence_slope - &truth.divergence_slope).norm());
        }
    };
    see(&guess.jets(points, span.from), &truth.jets(points, span.from));
    let mut sums = vec![Sums { residual: DVector::zeros(n), first: 0.0, second: 0.0 }; points.len()];
    let (mut half_square, mut history) = (0.0, Vec::new());
    let panels = span.panels(process);
    for (k, panel) in panels.iter().enumerate() {
        watch.advance(k as f64 / panels.len() as f64)?;
        for (t, dt) in panel.nodes {
            let (square, drift) = (process.diffusion_squared(t), process.drift(t).abs());
            let (here, exact) = (guess.jets(points, t), truth.jets(points, t));
            see(&here, &exact);
            for (((sums, x), here), exact) in sums.iter_mut().zip(points).zip(&here).zip(&exact) {
                sums.residual += here.residual(process, x, t) * dt;
                let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
                sums.first += (square * exact.value.norm() + drift * length) * dt;
                sums.second += (square * exact.jacobian.norm() + drift * (n as f64).sqrt()) * dt;
            }
            half_square += 0.5 * square * dt;
        }
        see(&guess.jets(points, panel.end), &truth.jets(points, panel.end));
        history.push((panel.end, half_square, sums.clone()));
    }
    let [zero, one, two] = deltas;
    let row = |(t, c, sums): (f64, f64, Vec<Sums>)| Inequality {
        t,
        left: sums.iter().map(|sums| sums.residual.norm()).collect(),
        right: sums
            .iter()
            .map(|sums| 2.0 * zero + (two + 2.0 * one * zero) * c + one * sums.first + zero * sums.second)
            .collect(),
    };
    Ok(HigherOrder { deltas, rows: history.into_iter().map(row).collect() })
}
