//! One attempted step of a batch, and its errors.

use burn::tensor::Tensor;
use fokker_model::per_example::scale_examples;

use super::control::Control;
use super::path::Path;
use crate::solvers::dormand_prince::{DORMAND_PRINCE, ERROR};
use crate::solvers::dynamics::ProbabilityFlow;
use crate::solvers::slopes::Slopes;
use crate::solvers::tableau::weighted;
use crate::solvers::tolerance::ToleranceConfig;

/// The step that each example would take.
pub(super) struct Attempt<const D: usize> {
    /// The states at its end.
    pub next: Tensor<D>,
    /// The slope at its end, which the next step begins with.
    pub last_slope: Tensor<D>,
    /// The error of the states.
    error: Tensor<D>,
    /// The slopes of the integrals at each of the seven places, example after example.
    integrands: Vec<Vec<f64>>,
    /// The length of each example's step.
    steps: Vec<f64>,
    /// The same with the sign of the direction.
    signed: Vec<f64>,
    /// The place at the end of each example's step.
    ends: Vec<f64>,
}

impl<const D: usize> Attempt<D> {
    /// Six evaluations of the slopes.
    pub fn new(path: &Path<D>, control: &Control, slopes: &dyn Slopes<D>) -> Self {
        let steps = control.steps();
        let signed: Vec<f64> = steps.iter().map(|step| step * control.sign()).collect();
        let mut integrands = vec![path.integrand.clone()];
        let mut evaluate = |stage: Tensor<D>, node: f64| {
            let (slope, more) = slopes.slopes(stage, &control.places_at(&steps, node));
            integrands.push(more);
            slope
        };
        let mut all = DORMAND_PRINCE.slopes(&path.state, &signed, Some(path.slope.clone()), &mut evaluate);
        let next = DORMAND_PRINCE.advance(path.state.clone(), &signed, &all);
        let last_slope = evaluate(next.clone(), 1.0);
        all.push(last_slope.clone());
        let error = weighted(&ERROR, &all);
        let ends = control.places_at(&steps, 1.0);
        Self { next, last_slope, error, integrands, steps, signed, ends }
    }

    /// The length of each example's step.
    pub fn steps(&self) -> &[f64] {
        &self.steps
    }

    /// The change of integral `k`, of `columns` for each example.
    pub fn integral(&self, k: usize, columns: usize) -> f64 {
        self.signed[k / columns] * self.sum(DORMAND_PRINCE.weights, k)
    }

    /// The slope of integral `k` at the end.
    pub fn last_integrand(&self, k: usize) -> f64 {
        self.integrands[6][k]
    }

    fn sum(&self, weights: &[f64], k: usize) -> f64 {
        weights.iter().zip(&self.integrands).map(|(weight, values)| weight * values[k]).sum()
    }

    /// The error of each example in units of the tolerance: the largest of its state's and its integrals'.
    pub fn errors(&self, flow: ProbabilityFlow<D>, tolerance: ToleranceConfig) -> Vec<f64> {
        let scales: Vec<f64> = self.ends.iter().map(|&place| flow.scale(flow.time(place))).collect();
        let factors = self.signed.iter().zip(&scales).map(|(step, scale)| step * scale);
        let error = scale_examples(self.error.clone(), factors);
        let after = scale_examples(self.next.clone(), scales.iter().copied());
        let mut errors = relative_errors(error, after, tolerance);
        let dimension = self.next.dims()[1..].iter().product::<usize>() as f64;
        let count = self.integrands[0].len();
        let columns = count / errors.len();
        for (k, example) in (0..count).map(|k| (k, k / columns)) {
            let error = (self.signed[example] * self.sum(&ERROR, k)).abs() / (tolerance.absolute * dimension);
            errors[example] = larger(errors[example], error);
        }
        errors
    }
}

/// The larger of two errors. It is NaN if one of them is, where `f64::max` would take the other.
fn larger(one: f64, other: f64) -> f64 {
    if one.is_nan() || other.is_nan() { f64::NAN } else { one.max(other) }
}

/// The error of each example's state in units of the tolerance: the one thing that is read back.
fn relative_errors<const D: usize>(error: Tensor<D>, after: Tensor<D>, tolerance: ToleranceConfig) -> Vec<f64> {
    let allowed = after.abs().mul_scalar(tolerance.relative).add_scalar(tolerance.absolute);
    let batch = error.dims()[0];
    let each = error.dims().iter().product::<usize>() / batch;
    let mean = (error / allowed).square().reshape([batch, each]).mean_dim(1).sqrt();
    mean.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64 just above").to_vec()
}

#[cfg(test)]
mod tests {
    use super::larger;

    #[test]
    fn an_error_that_is_no_number_is_not_lost() {
        assert_eq!(larger(1.0, 2.0), 2.0);
        assert!(larger(f64::NAN, 2.0).is_nan() && larger(2.0, f64::NAN).is_nan());
    }
}
