//! A mean with its standard errors, by what they come from.

use serde::{Deserialize, Serialize};

/// A mean over examples, each of which was estimated by several draws, each draw by several probes.
///
/// `standard_error` is that of the mean over examples, and includes the noise of draws and probes. The two others say how much
/// of it more draws or probes of the same data would remove.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Over data, for another sample of examples; none for a single example.
    pub standard_error: Option<f64>,
    /// Over draws of dequantisation and noise, for the same examples; none for a single draw.
    pub standard_error_draws: Option<f64>,
    /// Over probes of the divergence, for the same examples and draws; none for a single probe.
    pub standard_error_probes: Option<f64>,
    /// Examples that are no finite number; the mean is over the others.
    pub non_finite: usize,
}

impl Estimate {
    /// Of `values[example][draw][probe]`.
    pub fn new(values: &[Vec<Vec<f64>>]) -> Self {
        let finite = |example: &&Vec<Vec<f64>>| example.iter().flatten().all(|value| value.is_finite());
        let used: Vec<&Vec<Vec<f64>>> = values.iter().filter(finite).collect();
        let count = used.len() as f64;
        let draws: Vec<Vec<f64>> = used.iter().map(|draws| draws.iter().map(|probes| mean(probes)).collect()).collect();
        let means: Vec<f64> = draws.iter().map(|draws| mean(draws)).collect();
        // The error of a mean of means whose own squared errors are known.
        let within = |squares: Option<Vec<f64>>| squares.map(|squares| (mean(&squares) / count).sqrt());
        let over_probes = |draws: &&Vec<Vec<f64>>| -> Option<f64> {
            let squares = draws.iter().map(|probes| squared_error(probes)).collect::<Option<Vec<f64>>>()?;
            Some(mean(&squares) / squares.len() as f64)
        };
        Self {
            mean: mean(&means),
            standard_error: squared_error(&means).map(f64::sqrt),
            standard_error_draws: within(draws.iter().map(|draws| squared_error(draws)).collect()),
            standard_error_probes: within(used.iter().map(over_probes).collect()),
            non_finite: values.len() - used.len(),
        }
    }

    /// The same in other units: `factor · mean + offset`.
    #[must_use]
    pub fn affine(&self, factor: f64, offset: f64) -> Self {
        let scaled = |error: Option<f64>| error.map(|error| factor.abs() * error);
        Self {
            mean: factor * self.mean + offset,
            standard_error: scaled(self.standard_error),
            standard_error_draws: scaled(self.standard_error_draws),
            standard_error_probes: scaled(self.standard_error_probes),
            non_finite: self.non_finite,
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The square of the mean's standard error; none for a single value.
fn squared_error(values: &[f64]) -> Option<f64> {
    let (count, mean) = (values.len() as f64, mean(values));
    (values.len() > 1).then(|| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count * (count - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart() {
        // Two examples, two draws, two probes; by hand.
        let values =
            vec![vec![vec![1.0, 3.0], vec![2.0, 2.0]], vec![vec![5.0, 5.0], vec![9.0, 9.0]], vec![vec![f64::NAN]]];
        let estimate = Estimate::new(&values);
        // Examples 2 and 7; squared error over data (2.5² + 2.5²)/2.
        assert_eq!(estimate.mean, 4.5);
        assert_eq!(estimate.standard_error, Some(2.5));
        // Squared errors over draws 0 and 4, so (0 + 4)/2 on average and half of it for the mean of two.
        assert_eq!(estimate.standard_error_draws, Some(1.0));
        // Over probes: 1 and 0 in the first example, so ¼ for the mean of its two draws; 0 in the second.
        assert_eq!(estimate.standard_error_probes, Some((0.125f64 / 2.0).sqrt()));
        assert_eq!(estimate.non_finite, 1);
        let other = estimate.affine(-2.0, 1.0);
        assert_eq!((other.mean, other.standard_error), (-8.0, Some(5.0)));
        assert_eq!(Estimate::new(&[vec![vec![1.0]]]).standard_error, None);
    }
}
