//! Exact derivatives, or the finite differences of [Lai 2023, Appx. D].

use burn::tensor::Tensor;
use fokker_model::Derivatives;
use fokker_model::per_example::scale_examples;
use serde::{Deserialize, Serialize};

use crate::error::TrainingError;

/// How `∂ₜ s` and `D_w M` are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Differentiation {
    /// By dual numbers.
    #[default]
    Exact,
    /// By differences [Lai 2023, Lemma 1], with the steps of its Appx. D.1.
    FiniteDifference {
        /// `h_s`, the step back in time.
        #[serde(default = "paper_behind")]
        behind: f64,
        /// `h_d`, the step ahead in time.
        #[serde(default = "paper_ahead")]
        ahead: f64,
        /// Step to either side along `w`, as a share of `σ`; absent, `D_w M` is exact.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        space: Option<f64>,
    },
}

fn paper_behind() -> f64 {
    0.001
}

fn paper_ahead() -> f64 {
    0.0005
}

impl Differentiation {
    /// Checks the numbers; `key` is the section, for messages.
    ///
    /// # Errors
    /// A step that is not positive.
    pub fn validate(&self, key: &str) -> Result<(), TrainingError> {
        let Self::FiniteDifference { behind, ahead, space } = *self else { return Ok(()) };
        for (name, step) in [("behind", behind), ("ahead", ahead), ("space", space.unwrap_or(1.0))] {
            if !(step.is_finite() && step > 0.0) {
                return Err(TrainingError::config(format!("{key}.{name}"), format!("{step} is not positive")));
            }
        }
        Ok(())
    }

    /// The score and `∂ₜ s`.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, one time for each example → like `x`
    pub fn rate<const D: usize>(&self, score: &dyn Derivatives<D>, x: Tensor<D>, t: &[f64]) -> (Tensor<D>, Tensor<D>) {
        match *self {
            Self::Exact => score.score_rate(x, t),
            Self::FiniteDifference { behind, ahead, .. } => difference_in_time(score, x, t, behind, ahead),
        }
    }
}

/// [Lai 2023, Lemma 1]: `(h_s² s(t + h_d) + (h_d² − h_s²) s(t) − h_d² s(t − h_s)) / (h_s h_d (h_s + h_d))`, with
/// steps that end at the ends of the process's range. Closer than half a step to an end it is a quotient to the other side
/// alone: a step that is nearly zero would divide rounding by nearly zero.
fn difference_in_time<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    t: &[f64],
    behind: f64,
    ahead: f64,
) -> (Tensor<D>, Tensor<D>) {
    let (first, last) = (score.process().min_time(), score.process().horizon());
    let before: Vec<f64> = t.iter().map(|&t| (t - behind).max(first)).collect();
    let after: Vec<f64> = t.iter().map(|&t| (t + ahead).min(last)).collect();
    let weights: Vec<[f64; 3]> = t
        .iter()
        .zip(before.iter().zip(&after))
        .map(|(t, (before, after))| match (t - before, after - t) {
            (back, forth) if back < 0.5 * behind => [0.0, -1.0 / forth, 1.0 / forth],
            (back, forth) if forth < 0.5 * ahead => [-1.0 / back, 1.0 / back, 0.0],
            (back, forth) => {
                let all = back * forth * (back + forth);
                [-forth * forth / all, (forth * forth - back * back) / all, back * back / all]
            }
        })
        .collect();
    let weigh = |s: Tensor<D>, part: usize| scale_examples(s, weights.iter().map(|weights| weights[part]));
    let here = score.score(x.clone(), t);
    let rate = weigh(score.score(x.clone(), &before), 0) + weigh(here.clone(), 1) + weigh(score.score(x, &after), 2);
    (here, rate)
}
