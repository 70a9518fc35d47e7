//! The probability flow with steps that fit each sample: Dormand–Prince 5(4) with an error control of its own for every
//! example of the batch.
//!
//! All examples are evaluated together, each at its own time and with its own step. Errors are measured on the device;
//! what comes back to the host is one number for each example after each attempted step, and the steps follow from it.
//! An example that has arrived takes steps of length zero while the others finish, and neither changes nor holds them
//! back: it takes the same steps at every batch size.
//!
//! The equation is solved in the [coordinates](crate::Coordinates) of the flow, towards the data or away from them. The error is measured on `x'`, the state
//! at the end of the step, as the root mean square over the coordinates of `e/(absolute + relative · |x'|)` (Hairer,
//! Nørsett & Wanner 1993, eq. II.4.11; there the larger of `|x|` and `|x'|` is taken, but at the beginning that is the noise,
//! which says nothing about the data).

mod attempt;
mod control;
mod path;

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::{per_example, scale_examples};

use self::attempt::Attempt;
use self::control::Control;
use self::path::Path;
use super::dynamics::ProbabilityFlow;
use super::slopes::Slopes;
use super::tolerance::ToleranceConfig;

pub(crate) use self::control::Span;
pub use self::control::StepStatistics;

/// Where the paths of a batch arrive.
pub(crate) struct AdaptiveResult<const D: usize> {
    /// The states, divided by their scale.
    pub state: Tensor<D>,
    /// The integrals over the variable, example after example.
    pub integrals: Vec<f64>,
    /// What it took.
    pub statistics: StepStatistics,
}

/// Moves the examples that accept the attempt.
fn accept<const D: usize>(path: &mut Path<D>, attempt: Attempt<D>, accepted: Vec<bool>) {
    let columns = path.integrals.len() / accepted.len();
    for k in (0..path.integrals.len()).filter(|k| accepted[k / columns]) {
        path.integrals[k] += attempt.integral(k, columns);
        path.integrand[k] = attempt.last_integrand(k);
    }
    let mask = per_example::<D>(accepted.into_iter().map(f64::from), &path.state.device());
    let mask = mask.greater_elem(0.5).expand(path.state.dims());
    path.state = path.state.clone().mask_where(mask.clone(), attempt.next);
    path.slope = path.slope.clone().mask_where(mask, attempt.last_slope);
}

/// The integrals of examples that ended because their state is not a number are none either.
fn lose<const D: usize>(path: &mut Path<D>, control: &Control, errors: &[f64]) {
    let columns = path.integrals.len() / errors.len();
    for (k, integral) in path.integrals.iter_mut().enumerate() {
        if errors[k / columns].is_nan() && control.has_arrived(k / columns) {
            *integral = f64::NAN;
        }
    }
}

/// From `x` at `t0` to `t1 < t0`. `observe` is called with the share that the slowest example has done (in the logarithm of
/// the flow's variable, as a percentage) and the states, each at its own time.
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
    let flow = ProbabilityFlow::new(score);
    let span = Span { first: flow.place(t0), last: flow.place(t1) };
    let state = x.div_scalar(flow.scale(t0));
    let slopes = flow.slopes(state.clone(), &vec![span.first; state.dims()[0]]);
    let result = walk(flow, &flow, (state, slopes), span, tolerance, observe)?;
    Some((result.state.mul_scalar(flow.scale(t1)), result.statistics))
}

/// From a state at one place, with the slopes there, to another place, in either direction. The error of an integral
/// is measured in units of the absolute tolerance for each coordinate of the state; the largest error counts.
///
/// # Shapes
/// the state and its slope: `[batch, …]` → the same
pub(crate) fn walk<const D: usize>(
    flow: ProbabilityFlow<D>,
    slopes: &dyn Slopes<D>,
    (state, (slope, integrand)): (Tensor<D>, (Tensor<D>, Vec<f64>)),
    span: Span,
    tolerance: ToleranceConfig,
    observe: &mut dyn FnMut(usize, &Tensor<D>) -> ControlFlow<()>,
) -> Option<AdaptiveResult<D>> {
    let mut control = Control::new(span, state.dims()[0]);
    let integrals = vec![0.0; integrand.len()];
    let mut path = Path { state, slope, integrand, integrals };
    while !control.all_arrived() {
        let attempt = Attempt::new(&path, &control, slopes);
        let errors = attempt.errors(flow, tolerance);
        let accepted = control.decide(attempt.steps(), &errors);
        lose(&mut path, &control, &errors);
        accept(&mut path, attempt, accepted);
        let scales = control.places().map(|place| flow.scale(flow.time(place)));
        if observe(control.percent(), &scale_examples(path.state.clone(), scales)).is_break() {
            return None;
        }
    }
    Some(AdaptiveResult { state: path.state, integrals: path.integrals, statistics: control.statistics })
}
