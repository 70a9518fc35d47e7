//! The steps between two lines of metrics.

use crate::readings::StepReading;

/// What is known of the steps since the last line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interval {
    /// Steps whose loss was read.
    pub(super) steps: u64,
    /// Those among them whose loss or gradient was not finite.
    pub(super) not_finite: u64,
    /// Sum of the losses of the others.
    sum: f64,
    /// Norm of the last of the others' gradients.
    pub(super) gradient_norm: Option<f64>,
}

impl Interval {
    pub(super) fn add(&mut self, reading: &StepReading) {
        self.steps += 1;
        if reading.non_finite().is_some() {
            self.not_finite += 1;
            return;
        }
        self.sum += reading.loss;
        self.gradient_norm = Some(reading.gradient_norm);
    }

    /// Mean loss of the finite steps; none if there is no such step.
    pub(super) fn loss(&self) -> Option<f64> {
        let finite = self.steps - self.not_finite;
        (finite > 0).then(|| self.sum / finite as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_finite_steps() {
        let mut interval = Interval::default();
        assert_eq!(interval.loss(), None);
        for (loss, gradient_norm) in [(1.0, 2.0), (f64::NAN, 1.0), (3.0, 4.0), (5.0, f64::INFINITY)] {
            interval.add(&StepReading { step: 0, loss, gradient_norm, times: [0.0, 1.0] });
        }
        assert_eq!((interval.steps, interval.not_finite), (4, 2));
        assert_eq!((interval.loss(), interval.gradient_norm), (Some(2.0), Some(4.0)));
    }
}
