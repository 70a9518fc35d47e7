//! Which step each example takes next.

/// What the error control did, over all examples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepStatistics {
    /// Steps taken by each example.
    pub accepted: Vec<usize>,
    /// Steps refused by each example.
    pub rejected: Vec<usize>,
    /// Steps that missed the tolerance and were taken all the same, because they were a thousandth of the variable already.
    pub forced: usize,
    /// Attempted steps of the whole batch, six network calls each.
    pub rounds: usize,
}

/// The share of the variable that no step falls below.
const SMALLEST: f64 = 1e-3;
/// The share of the variable that the first step has.
const FIRST: f64 = 0.1;

/// One example's position.
struct ExamplePosition {
    place: f64,
    step: f64,
}

/// From one place to another, in either direction.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// Where it begins.
    pub first: f64,
    /// Where it ends.
    pub last: f64,
}

impl Span {
    /// The distance from a place to the end.
    fn left(self, place: f64) -> f64 {
        (self.last - place).abs()
    }

    /// The place at a distance from another, not beyond the end.
    fn on(self, place: f64, distance: f64) -> f64 {
        if self.last < self.first { (place - distance).max(self.last) } else { (place + distance).min(self.last) }
    }

    /// The percentage of the span that is done.
    fn percent(self, place: f64) -> usize {
        let share = 100.0 * (place / self.first).ln() / (self.last / self.first).ln();
        (share.floor() as usize).min(100)
    }
}

/// The positions of a batch, with what the control did.
pub(super) struct Control {
    span: Span,
    positions: Vec<ExamplePosition>,
    pub statistics: StepStatistics,
}

impl Control {
    /// All examples at the beginning.
    pub fn new(span: Span, batch: usize) -> Self {
        let statistics =
            StepStatistics { accepted: vec![0; batch], rejected: vec![0; batch], ..StepStatistics::default() };
        let first = || ExamplePosition { place: span.first, step: FIRST * span.first };
        Self { span, positions: (0..batch).map(|_| first()).collect(), statistics }
    }

    /// Whether an example is at the end.
    pub fn has_arrived(&self, example: usize) -> bool {
        self.positions[example].place == self.span.last
    }

    /// Whether all examples are at the end.
    pub fn all_arrived(&self) -> bool {
        (0..self.positions.len()).all(|example| self.has_arrived(example))
    }

    /// The length of the next step of each example, at least 0.
    pub fn steps(&self) -> Vec<f64> {
        self.positions.iter().map(|position| position.step.min(self.span.left(position.place))).collect()
    }

    /// 1 if places rise, −1 if they fall.
    pub fn sign(&self) -> f64 {
        (self.span.last - self.span.first).signum()
    }

    /// The place of each example.
    pub fn places(&self) -> impl Iterator<Item = f64> {
        self.positions.iter().map(|position| position.place)
    }

    /// The place of each example at a share of its step.
    pub fn places_at(&self, steps: &[f64], node: f64) -> Vec<f64> {
        self.places().zip(steps).map(|(place, step)| self.span.on(place, node * step)).collect()
    }

    /// The percentage of the span that the slowest example has done, in the logarithm of the variable.
    pub fn percent(&self) -> usize {
        self.places().map(|place| self.span.percent(place)).min().unwrap_or(100)
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
        let smallest = SMALLEST * position.place;
        let is_smallest = step <= 1.0001 * smallest;
        if error.is_nan() && is_smallest {
            // The state itself is not a number: there is nothing left to solve.
            position.place = self.span.last;
            return false;
        }
        let forced = error > 1.0 && is_smallest;
        statistics.forced += usize::from(forced);
        let accepted = error <= 1.0 || forced;
        if accepted {
            statistics.accepted[example] += 1;
            let is_last = step >= self.span.left(position.place);
            position.place = if is_last { self.span.last } else { self.span.on(position.place, step) };
        } else {
            statistics.rejected[example] += 1;
        }
        let growth = if error.is_nan() { 0.2 } else { (0.9 * error.powf(-0.2)).clamp(0.2, 5.0) };
        position.step = (step * growth).max(smallest);
        accepted
    }
}
