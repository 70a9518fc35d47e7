//! The probability flow with steps that fit each sample: Dormand–Prince 5(4) with an error control of its own for every
//! example of the batch.
//!
//! All examples are evaluated together, each at its own time and with its own step. Errors are measured on the device;
//! what comes back to the host is one number for each example after each attempted step, and the steps follow from it.
//! An example that has arrived takes steps of length zero while the others finish, and neither changes nor holds them
//! back: it takes the same steps at every batch size.
//!
//! The equation is solved in `x/α` over `σ/α`, towards the data or away from them; the error is measured on `x'`, the state at the end of the step, as the
//! root mean square over the coordinates of `e/(absolute + relative · |x'|)` (Hairer, Nørsett & Wanner 1993, eq.
//! II.4.11, where the larger of `|x|` and `|x'|` is taken: at the beginning that is the noise, which says nothing about
//! the data).

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::{per_example, scale_examples};

use super::dormand_prince::{ERROR, NODES, STAGES, weighted};
use super::dynamics::ProbabilityFlow;
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

/// A slope for each example, at its own place, and the slopes of numbers that are integrated along its path.
pub(crate) trait Slopes<const D: usize> {
    /// The slopes of the states, and one after the other those of each example's integrals, as many for each.
    ///
    /// # Shapes
    /// `x`: `[batch, …]`, `ratios`: `batch` numbers → like `x`, and `batch · integrals` numbers
    fn slopes(&self, x: Tensor<D>, ratios: &[f64]) -> (Tensor<D>, Vec<f64>);
}

impl<const D: usize> Slopes<D> for ProbabilityFlow<'_, D> {
    fn slopes(&self, x: Tensor<D>, ratios: &[f64]) -> (Tensor<D>, Vec<f64>) {
        (self.drift_each(x, ratios), Vec::new())
    }
}

/// Where the paths of a batch have come to.
pub(crate) struct Arrived<const D: usize> {
    /// `x/α`.
    pub state: Tensor<D>,
    /// The integrals over σ/α, example after example.
    pub integrals: Vec<f64>,
    /// What it took.
    pub statistics: StepStatistics,
}

/// One example's place.
struct Place {
    ratio: f64,
    step: f64,
}

/// The way from one ratio to another, in either direction.
#[derive(Clone, Copy)]
struct Way {
    first: f64,
    last: f64,
}

impl Way {
    /// How far it still is.
    fn left(self, ratio: f64) -> f64 {
        (self.last - ratio).abs()
    }

    /// The place at a distance from another, not beyond the end.
    fn on(self, ratio: f64, distance: f64) -> f64 {
        if self.last < self.first { (ratio - distance).max(self.last) } else { (ratio + distance).min(self.last) }
    }

    /// The percentage of the way that is done.
    fn percent(self, ratio: f64) -> usize {
        let share = 100.0 * (ratio / self.first).ln() / (self.last / self.first).ln();
        (share.floor() as usize).min(100)
    }
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
    let way = (flow.ratio(t0), flow.ratio(t1));
    let state = x.div_scalar(process.mean_scale(t0));
    let slopes = flow.slopes(state.clone(), &vec![way.0; state.dims()[0]]);
    let arrived = walk(flow, &flow, (state, slopes), way, tolerance, observe)?;
    Some((arrived.state.mul_scalar(process.mean_scale(t1)), arrived.statistics))
}

/// From a state at one ratio, with the slopes there, to another ratio, in either direction. The error of an integral
/// is measured in units of the absolute tolerance for each coordinate of the state; the largest error counts.
///
/// # Shapes
/// the state and its slope: `[batch, …]` → the same
pub(crate) fn walk<const D: usize>(
    flow: ProbabilityFlow<D>,
    slopes: &dyn Slopes<D>,
    (mut state, (slope, integrand)): (Tensor<D>, (Tensor<D>, Vec<f64>)),
    (first, last): (f64, f64),
    tolerance: ToleranceConfig,
    observe: &mut dyn FnMut(usize, &Tensor<D>) -> ControlFlow<()>,
) -> Option<Arrived<D>> {
    let way = Way { first, last };
    let batch = state.dims()[0];
    let columns = integrand.len() / batch;
    let dimension = state.dims()[1..].iter().product::<usize>() as f64;
    let mut places: Vec<Place> = (0..batch).map(|_| Place { ratio: first, step: FIRST * first }).collect();
    let mut statistics =
        StepStatistics { accepted: vec![0; batch], rejected: vec![0; batch], ..StepStatistics::default() };
    let mut integrals = vec![0.0; integrand.len()];
    let (mut slope, mut integrand) = (slope, integrand);
    while places.iter().any(|place| place.ratio != last) {
        let steps: Vec<f64> = places.iter().map(|place| place.step.min(way.left(place.ratio))).collect();
        let signed: Vec<f64> = steps.iter().map(|step| step * (last - first).signum()).collect();
        let (mut drifts, mut integrands) = (vec![slope.clone()], vec![integrand.clone()]);
        let mut next = state.clone();
        for (row, node) in STAGES.iter().zip(NODES).skip(1) {
            let change = weighted(row, &drifts).expect("every later row has weights");
            next = state.clone() + scale_examples(change, signed.iter().copied());
            let at: Vec<f64> =
                places.iter().zip(&steps).map(|(place, step)| way.on(place.ratio, node * step)).collect();
            let (drift, more) = slopes.slopes(next.clone(), &at);
            drifts.push(drift);
            integrands.push(more);
        }
        let error = weighted(&ERROR, &drifts).expect("there are seven weights");
        let ends = places.iter().zip(&steps).map(|(place, step)| way.on(place.ratio, *step));
        let scale: Vec<f64> = ends.map(|ratio| flow.score().process().mean_scale(flow.time(ratio))).collect();
        let error = scale_examples(error, signed.iter().zip(&scale).map(|(step, scale)| step * scale));
        let after = scale_examples(next.clone(), scale.into_iter());
        let mut errors = relative_errors(error, after, tolerance);
        let sum = |weights: &[f64], k: usize| -> f64 {
            weights.iter().zip(&integrands).map(|(weight, values)| weight * values[k]).sum()
        };
        for (k, example) in (0..integrals.len()).map(|k| (k, k / columns)) {
            let error = (signed[example] * sum(&ERROR, k)).abs() / (tolerance.absolute * dimension);
            errors[example] = larger(errors[example], error);
        }
        let accept = control(&mut places, &steps, &errors, way, &mut statistics);
        for k in (0..integrals.len()).filter(|k| errors[k / columns].is_nan() && places[k / columns].ratio == last) {
            integrals[k] = f64::NAN;
        }
        for k in (0..integrals.len()).filter(|k| accept[k / columns]) {
            integrals[k] += signed[k / columns] * sum(STAGES[6], k);
            integrand[k] = integrands[6][k];
        }
        let mask = per_example::<D>(accept.into_iter().map(f64::from), &state.device());
        let mask = mask.greater_elem(0.5).expand(state.dims());
        state = state.mask_where(mask.clone(), next);
        slope = slope.mask_where(mask, drifts.pop().expect("seven slopes"));
        let percent = places.iter().map(|place| way.percent(place.ratio)).min().unwrap_or(100);
        let now = places.iter().map(|place| flow.score().process().mean_scale(flow.time(place.ratio)));
        let now = scale_examples(state.clone(), now);
        if observe(percent, &now).is_break() {
            return None;
        }
    }
    Some(Arrived { state, integrals, statistics })
}

/// The larger of two errors, and no number if one of them is none: `f64::max` would take the other.
fn larger(one: f64, other: f64) -> f64 {
    if one.is_nan() || other.is_nan() { f64::NAN } else { one.max(other) }
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
    way: Way,
    statistics: &mut StepStatistics,
) -> Vec<bool> {
    statistics.rounds += 1;
    let mut accepted = vec![false; places.len()];
    for (example, place) in places.iter_mut().enumerate() {
        if place.ratio == way.last {
            continue;
        }
        let (error, step) = (errors[example], steps[example]);
        let forced = error > 1.0 && step <= 1.0001 * SMALLEST * place.ratio;
        statistics.forced += usize::from(forced);
        accepted[example] = error <= 1.0 || forced;
        let growth = if error.is_nan() { 0.2 } else { (0.9 * error.powf(-0.2)).clamp(0.2, 5.0) };
        let smallest = SMALLEST * place.ratio;
        if error.is_nan() && step <= 1.0001 * smallest {
            // The state itself is not a number: there is nothing left to solve.
            place.ratio = way.last;
            continue;
        }
        match accepted[example] {
            true => {
                statistics.accepted[example] += 1;
                place.ratio = if step >= way.left(place.ratio) { way.last } else { way.on(place.ratio, step) };
            }
            false => statistics.rejected[example] += 1,
        }
        place.step = (step * growth).max(smallest);
    }
    accepted
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
