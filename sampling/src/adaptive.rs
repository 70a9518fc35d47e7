//! The probability flow with steps that fit each sample: Dormand–Prince 5(4) with an error control of its own for every
//! example of the batch.
//!
//! All examples are evaluated together, each at its own time and with its own step. Errors are measured on the device;
//! what comes back to the host is one number for each example after each attempted step, and the steps follow from it.
//! An example that has arrived takes steps of length zero while the others finish, and neither changes nor holds them
//! back: it takes the same steps at every batch size.
//!
//! The equation is solved in `x/α` over `σ/α`; the error is measured on `x'`, the state at the end of the step, as the
//! root mean square over the coordinates of `e/(absolute + relative · |x'|)` (Hairer, Nørsett & Wanner 1993, eq.
//! II.4.11, where the larger of `|x|` and `|x'|` is taken: at the beginning that is the noise, which says nothing about
//! the data).

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::{per_example, scale_examples};

use crate::dormand_prince::{ERROR, NODES, STAGES, weighted};
use crate::dynamics::ProbabilityFlow;
use crate::options::ToleranceConfig;

/// What the error control did, over all examples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepStatistics {
    /// Steps taken by each example.
    pub accepted: Vec<usize>,
    /// Steps refused by each example.
    pub rejected: Vec<usize>,
    /// Steps that missed the tolerance and were taken all the same, because they were a thousandth of `σ/α` already.
    pub forced: usize,
    /// Attempted steps of the whole batch, six network calls each.
    pub rounds: usize,
}

/// Shares of `σ/α` that no step falls below, and that the first one has.
const SMALLEST: f64 = 1e-3;
const FIRST: f64 = 0.1;

/// One example's place.
struct Place {
    ratio: f64,
    step: f64,
}

/// From `x` at `t0` to `t1 < t0`. `observe` is given the share of the way that the slowest example has come (in the
/// logarithm of σ/α, as a percentage) and the states, each at its own time.
///
/// # Shapes
/// `x`: `[batch, …]` → the same; `None` if `observe` broke off
pub fn integrate<const D: usize>(
    score: &dyn Score<D>,
    x: Tensor<D>,
    (t0, t1): (f64, f64),
    tolerance: ToleranceConfig,
    observe: &mut dyn FnMut(usize, &Tensor<D>) -> ControlFlow<()>,
) -> Option<(Tensor<D>, StepStatistics)> {
    let (flow, process) = (ProbabilityFlow::new(score), score.process());
    let (first, last) = (flow.ratio(t0), flow.ratio(t1));
    let batch = x.dims()[0];
    let mut places: Vec<Place> = (0..batch).map(|_| Place { ratio: first, step: FIRST * first }).collect();
    let mut statistics =
        StepStatistics { accepted: vec![0; batch], rejected: vec![0; batch], ..StepStatistics::default() };
    let mut state = x.div_scalar(process.mean_scale(t0));
    let mut slope = flow.drift_each(state.clone(), &vec![first; batch]);
    while places.iter().any(|place| place.ratio > last) {
        let steps: Vec<f64> = places.iter().map(|place| -place.step.min(place.ratio - last)).collect();
        let mut slopes = vec![slope.clone()];
        let mut next = state.clone();
        for (row, node) in STAGES.iter().zip(NODES).skip(1) {
            let change = weighted(row, &slopes).expect("every later row has weights");
            next = state.clone() + scale_examples(change, steps.iter().copied());
            let at: Vec<f64> =
                places.iter().zip(&steps).map(|(place, step)| (place.ratio + node * step).max(last)).collect();
            slopes.push(flow.drift_each(next.clone(), &at));
        }
        let error = weighted(&ERROR, &slopes).expect("there are seven weights");
        let ends = places.iter().zip(&steps).map(|(place, step)| (place.ratio + step).max(last));
        let scale: Vec<f64> = ends.map(|ratio| process.mean_scale(flow.time(ratio))).collect();
        let error = scale_examples(error, steps.iter().zip(&scale).map(|(step, scale)| step * scale));
        let after = scale_examples(next.clone(), scale.into_iter());
        let errors = relative_errors(error, after, tolerance);
        let accept = control(&mut places, &steps, &errors, last, &mut statistics);
        let mask = per_example::<D>(accept.into_iter().map(f64::from), &state.device());
        let mask = mask.greater_elem(0.5).expand(state.dims());
        state = state.mask_where(mask.clone(), next);
        slope = slope.mask_where(mask, slopes.pop().expect("seven slopes"));
        let highest = places.iter().map(|place| place.ratio).fold(last, f64::max);
        let percent = (100.0 * (first / highest).ln() / (first / last).ln()).floor() as usize;
        let now = places.iter().map(|place| process.mean_scale(flow.time(place.ratio)));
        let now = scale_examples(state.clone(), now);
        if observe(percent.min(100), &now).is_break() {
            return None;
        }
    }
    Some((state.mul_scalar(process.mean_scale(t1)), statistics))
}

/// The error of each example in units of the tolerance: the one thing that is read back.
fn relative_errors<const D: usize>(error: Tensor<D>, after: Tensor<D>, tolerance: ToleranceConfig) -> Vec<f64> {
    let allowed = after.abs().mul_scalar(tolerance.relative).add_scalar(tolerance.absolute);
    let batch = error.dims()[0];
    let each = error.dims().iter().product::<usize>() / batch;
    let mean = (error / allowed).square().reshape([batch, each]).mean_dim(1).sqrt();
    mean.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64 just above").to_vec()
}

/// Takes or refuses the step of every example, and chooses the next ones.
fn control(
    places: &mut [Place],
    steps: &[f64],
    errors: &[f64],
    last: f64,
    statistics: &mut StepStatistics,
) -> Vec<bool> {
    statistics.rounds += 1;
    let mut accepted = vec![false; places.len()];
    for (example, place) in places.iter_mut().enumerate() {
        if place.ratio <= last {
            continue;
        }
        let (error, step) = (errors[example], -steps[example]);
        let forced = error > 1.0 && step <= 1.0001 * SMALLEST * place.ratio;
        statistics.forced += usize::from(forced);
        accepted[example] = error <= 1.0 || forced;
        let growth = if error.is_nan() { 0.2 } else { (0.9 * error.powf(-0.2)).clamp(0.2, 5.0) };
        let smallest = SMALLEST * place.ratio;
        if error.is_nan() && step <= 1.0001 * smallest {
            // The state itself is not a number: there is nothing left to solve.
            place.ratio = last;
            continue;
        }
        match accepted[example] {
            true => {
                statistics.accepted[example] += 1;
                place.ratio = if step >= place.ratio - last { last } else { place.ratio - step };
            }
            false => statistics.rejected[example] += 1,
        }
        place.step = (step * growth).max(smallest);
    }
    accepted
}
