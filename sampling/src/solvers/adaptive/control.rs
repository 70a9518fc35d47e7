//! Which step each example takes next.

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

/// The share of `σ/α` that no step falls below.
const SMALLEST: f64 = 1e-3;
/// The share of `σ/α` that the first step has.
const FIRST: f64 = 0.1;

/// One example's position.
struct ExamplePosition {
    ratio: f64,
    step: f64,
}

/// From one ratio to another, in either direction.
#[derive(Clone, Copy)]
pub(crate) struct RatioSpan {
    /// Where it begins.
    pub first: f64,
    /// Where it ends.
    pub last: f64,
}

impl RatioSpan {
    /// The distance from a ratio to the end.
    fn left(self, ratio: f64) -> f64 {
        (self.last - ratio).abs()
    }

    /// The ratio at a distance from another, not beyond the end.
    fn on(self, ratio: f64, distance: f64) -> f64 {
        if self.last < self.first { (ratio - distance).max(self.last) } else { (ratio + distance).min(self.last) }
    }

    /// The percentage of the span that is done.
    fn percent(self, ratio: f64) -> usize {
        let share = 100.0 * (ratio / self.first).ln() / (self.last / self.first).ln();
        (share.floor() as usize).min(100)
    }
}

/// The positions of a batch, with what the control did.
pub(super) struct Control {
    span: RatioSpan,
    positions: Vec<ExamplePosition>,
    pub statistics: StepStatistics,
}

impl Control {
    /// All examples at the beginning.
    pub fn new(span: RatioSpan, batch: usize) -> Self {
        let statistics =
            StepStatistics { accepted: vec![0; batch], rejected: vec![0; batch], ..StepStatistics::default() };
        let first = || ExamplePosition { ratio: span.first, step: FIRST * span.first };
        Self { span, positions: (0..batch).map(|_| first()).collect(), statistics }
    }

    /// Whether an example is at the end.
    pub fn has_arrived(&self, example: usize) -> bool {
        self.positions[example].ratio == self.span.last
    }

    /// Whether all examples are at the end.
    pub fn all_arrived(&self) -> bool {
        (0..self.positions.len()).all(|example| self.has_arrived(example))
    }

    /// The length of the next step of each example, at least 0.
    pub fn steps(&self) -> Vec<f64> {
        self.positions.iter().map(|position| position.step.min(self.span.left(position.ratio))).collect()
    }

    /// 1 if ratios rise, −1 if they fall.
    pub fn sign(&self) -> f64 {
        (self.span.last - self.span.first).signum()
    }

    /// The ratio of each example.
    pub fn ratios(&self) -> impl Iterator<Item = f64> {
        self.positions.iter().map(|position| position.ratio)
    }

    /// The ratio of each example at a share of its step.
    pub fn ratios_at(&self, steps: &[f64], node: f64) -> Vec<f64> {
        self.ratios().zip(steps).map(|(ratio, step)| self.span.on(ratio, node * step)).collect()
    }

    /// The percentage of the span that the slowest example has done, in the logarithm of σ/α.
    pub fn percent(&self) -> usize {
        self.ratios().map(|ratio| self.span.percent(ratio)).min().unwrap_or(100)
    }

    /// Takes or refuses the step of every example by its error in units of the tolerance, and chooses the next steps.
    pub fn decide(&mut self, steps: &[f64], errors: &[f64]) -> Vec<bool> {
        self.statistics.rounds += 1;
        let decided = (0..steps.len()).map(|example| self.decide_one(example, steps[example], errors[example]));
        decided.collect()
    }

    fn decide_one(&mut self, example: usize, step: f64, error: f64) -> bool {
        if self.has_arrived(example) {
            return false;
        }
        let (position, statistics) = (&mut self.positions[example], &mut self.statistics);
        let smallest = SMALLEST * position.ratio;
        let is_smallest = step <= 1.0001 * smallest;
        if error.is_nan() && is_smallest {
            // The state itself is not a number: there is nothing left to solve.
            position.ratio = self.span.last;
            return false;
        }
        let forced = error > 1.0 && is_smallest;
        statistics.forced += usize::from(forced);
        let accepted = error <= 1.0 || forced;
        if accepted {
            statistics.accepted[example] += 1;
            let is_last = step >= self.span.left(position.ratio);
            position.ratio = if is_last { self.span.last } else { self.span.on(position.ratio, step) };
        } else {
            statistics.rejected[example] += 1;
        }
        let growth = if error.is_nan() { 0.2 } else { (0.9 * error.powf(-0.2)).clamp(0.2, 5.0) };
        position.step = (step * growth).max(smallest);
        accepted
    }
}
