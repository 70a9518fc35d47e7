//! What discrete chains share: N steps laid over the unit interval of time.
//!
//! Step k = 0, …, N−1 of a chain ends at the knot t_k = (k + 1)/N; time 0 is the data. Indices count from 0 as in code,
//! the papers' k counts from 1. Between knots a chain is continued by a piecewise linear function of time (the
//! integral of a piecewise constant rate), so the continuous process passes through the chain exactly.

/// The most steps that a chain can have.
pub(crate) const MOST_STEPS: usize = 1 << 22;

/// A rising function of time with F(0) = 0, linear between the knots of N panels ((k)/N, (k + 1)/N].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PiecewiseLinear {
    increments: Vec<f64>,
    /// F at k/N, for k = 0, …, N.
    cumulative: Vec<f64>,
}

impl PiecewiseLinear {
    pub fn new(increments: Vec<f64>) -> Self {
        let mut cumulative = vec![0.0];
        cumulative.extend(increments.iter().scan(0.0, |sum, increment| {
            *sum += increment;
            Some(*sum)
        }));
        Self { increments, cumulative }
    }

    /// F at the end of panel k, that is at t = (k + 1)/N.
    pub fn at_knot(&self, k: usize) -> f64 {
        self.cumulative[k + 1]
    }

    /// F′, from the left at a knot.
    pub fn rate(&self, t: f64) -> f64 {
        self.increments[self.panel(t)] * self.count()
    }

    /// F(t) − F(s) for s ≤ t, as a sum of non-negative parts.
    pub fn increase(&self, s: f64, t: f64) -> f64 {
        let (first, last) = (self.panel(s), self.panel(t));
        let end = |panel: usize| (panel + 1) as f64 / self.count();
        let into = if t == end(last) { 1.0 } else { (t - last as f64 / self.count()) * self.count() };
        if s == 0.0 {
            self.cumulative[last] + self.increments[last] * into
        } else if first >= last {
            self.increments[last] * (t - s) * self.count()
        } else {
            let left = (end(first) - s) * self.count();
            let between: f64 = self.increments[first + 1..last].iter().sum();
            self.increments[first] * left + between + self.increments[last] * into
        }
    }

    /// The t in \[0, 1\] with F(t) = value, or the nearer end.
    pub fn inverse(&self, value: f64) -> f64 {
        if value.is_nan() {
            return value;
        }
        let knot = self.cumulative.partition_point(|&reached| reached < value);
        if knot == 0 {
            0.0
        } else if knot == self.cumulative.len() {
            1.0
        } else {
            let into = (value - self.cumulative[knot - 1]) / self.increments[knot - 1];
            (((knot - 1) as f64 + into) / self.count()).min(knot as f64 / self.count())
        }
    }

    /// The panel that contains t; a knot belongs to the panel that it ends.
    pub fn panel(&self, t: f64) -> usize {
        let guess = ((t * self.count()).ceil() as usize).saturating_sub(1).min(self.increments.len() - 1);
        // The product may round across a knot, by one panel at most.
        if guess > 0 && t <= guess as f64 / self.count() {
            guess - 1
        } else if guess + 1 < self.increments.len() && t > (guess + 1) as f64 / self.count() {
            guess + 1
        } else {
            guess
        }
    }

    fn count(&self) -> f64 {
        self.increments.len() as f64
    }
}

/// The min_time of a chain of so many steps unless it is set: its first knot (½ for a chain of one step).
pub(crate) fn default_min_time(steps: usize) -> f64 {
    1.0 / steps.max(2) as f64
}

/// The step whose knot is nearest to t, for conditioning a network on an integer.
pub(crate) fn nearest_step(steps: usize, t: f64) -> usize {
    ((t * steps as f64).round() as usize).clamp(1, steps) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knots_belong_to_the_panel_they_end_for_every_chain_length() {
        for steps in 1..300usize {
            let function = PiecewiseLinear::new(vec![1.0; steps]);
            assert_eq!(function.panel(0.0), 0);
            for k in 0..steps {
                let t = (k + 1) as f64 / steps as f64;
                assert_eq!(function.panel(t), k);
                assert_eq!(function.increase(0.0, t), (k + 1) as f64);
                assert_eq!(function.inverse((k + 1) as f64), t);
                assert_eq!(nearest_step(steps, t), k);
            }
        }
    }

    #[test]
    fn increases_add_up() {
        let function = PiecewiseLinear::new(vec![0.5, 2.0, 0.25, 1.0]);
        // Exact in binary.
        assert_eq!(function.increase(0.125, 0.875), 0.25 + 2.0 + 0.25 + 0.5);
        assert_eq!(function.increase(0.375, 0.4375), 0.5);
        assert_eq!(function.inverse(1.5), 0.375);
        assert_eq!((function.inverse(-1.0), function.inverse(9.0)), (0.0, 1.0));
        assert!(function.inverse(f64::NAN).is_nan());
    }
}
