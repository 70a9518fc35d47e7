//! Mean 0 and deviation 1, column by column.

use serde::{Deserialize, Serialize};

use crate::{Dataset, DatasetError};

/// The mean and the standard deviation of each column of vectors, or of each channel of signals, over the training part.
///
/// ```
/// use fokker_datasets::{Standardization, Tensors};
///
/// let heights_and_weights = Tensors::from_examples([[160.0, 50.0], [180.0, 90.0]], [2])?;
/// let fitted = Standardization::of(&heights_and_weights)?;
/// assert_eq!((fitted.mean, fitted.std), (vec![170.0, 70.0], vec![10.0, 20.0]));
/// # Ok::<(), fokker_datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardization {
    /// The mean of each column or channel, in the data's units.
    pub mean: Vec<f64>,
    /// The standard deviation of each, in the data's units, above 0.
    pub std: Vec<f64>,
}

/// How many constant columns a message shows.
const MOST_SHOWN: usize = 8;

impl Standardization {
    /// Of the examples of a data set: in two passes, so that a large mean costs no digits.
    ///
    /// # Errors
    /// [`DatasetError::Config`]: a column or channel that is the same in all examples.
    pub fn of(data: &dyn Dataset) -> Result<Self, DatasetError> {
        let (size, columns) = (data.size(), data.shape()[0]);
        let per_column = size / columns;
        let count = (data.len() * per_column) as f64;
        let mut example = vec![0.0; size];
        let mut sum = |of: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; columns];
            for index in 0..data.len() {
                data.example(index, &mut example);
                for (column, values) in example.chunks(per_column).enumerate() {
                    sums[column] += values.iter().map(|&value| of(column, f64::from(value))).sum::<f64>();
                }
            }
            sums.iter().map(|sum| sum / count).collect::<Vec<f64>>()
        };
        let mean = sum(&|_, value| value);
        let variance = sum(&|column, value| (value - mean[column]).powi(2));
        let constant: Vec<usize> = (0..columns).filter(|&column| variance[column] == 0.0).collect();
        if !constant.is_empty() {
            let shown: Vec<String> =
                constant.iter().take(MOST_SHOWN).map(|&column| format!("{column} is {}", mean[column])).collect();
            let more = constant.len() - shown.len();
            let more = if more > 0 { format!(", and {more} more are constant") } else { String::new() };
            let problem = format!(
                "\"standardize\" divides by the deviation, and column {}{more} in all {} examples; leave them out of the data, \
                 or set preprocessing.scale = \"none\"",
                shown.join(", "),
                data.len()
            );
            return Err(DatasetError::config("preprocessing.scale", problem));
        }
        Ok(Self { mean, std: variance.into_iter().map(f64::sqrt).collect() })
    }

    /// Refuses numbers that cannot be.
    pub(crate) fn check(&self, key: &str) -> Result<(), DatasetError> {
        let refuse = |problem: String| Err(DatasetError::config(key, problem));
        let (means, stds) = (self.mean.len(), self.std.len());
        if means != stds || means == 0 {
            return refuse(format!("{means} means and {stds} deviations; expected one of each for a column"));
        }
        if let Some(mean) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return refuse(format!("the mean {mean} is not finite"));
        }
        match self.std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            Some(std) => refuse(format!("the deviation {std}; expected above 0 and finite")),
            None => Ok(()),
        }
    }

    /// Refuses numbers for other columns than an example has.
    pub(crate) fn check_fit(&self, key: &str, example: &[usize]) -> Result<(), DatasetError> {
        let (found, columns) = (self.mean.len(), example.first().copied().unwrap_or(0));
        if found == columns {
            return Ok(());
        }
        let problem = format!("it has {found} columns or channels, and the data {columns}");
        Err(DatasetError::config(key, problem))
    }

    /// (raw − mean)/std, in place.
    pub(crate) fn apply(&self, example: &mut [f32]) {
        self.each(example, |value, mean, std| (value - mean) / std);
    }

    /// mean + std · model, in place.
    pub(crate) fn undo(&self, example: &mut [f32]) {
        self.each(example, |value, mean, std| mean + std * value);
    }

    fn each(&self, example: &mut [f32], map: impl Fn(f64, f64, f64) -> f64) {
        let per_column = (example.len() / self.mean.len()).max(1);
        for ((values, &mean), &std) in example.chunks_mut(per_column).zip(&self.mean).zip(&self.std) {
            values.iter_mut().for_each(|value| *value = map(f64::from(*value), mean, std) as f32);
        }
    }

    /// The mean of log₂ std.
    pub(crate) fn offset_bits(&self) -> f64 {
        self.std.iter().map(|std| std.log2()).sum::<f64>() / self.std.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensors;

    #[test]
    fn channels_come_to_mean_0_and_deviation_1_and_back() {
        // Two signals of two channels: 1, 2, 3, 4 and 1000 + the same times ten.
        let values = vec![1.0, 2.0, 1010.0, 1020.0, 3.0, 4.0, 1030.0, 1040.0];
        let signals = Tensors::new(values.clone(), [2, 2]).unwrap();
        let fitted = Standardization::of(&signals).unwrap();
        // The population variance of 1, 2, 3, 4 is 5/4.
        assert_eq!(fitted, Standardization { mean: vec![2.5, 1025.0], std: vec![1.25f64.sqrt(), 125f64.sqrt()] });
        let mut example = values[..4].to_vec();
        fitted.apply(&mut example);
        let expected = [-1.5, -0.5].map(|value: f64| (value / 1.25f64.sqrt()) as f32);
        assert_eq!(example, [expected, expected].concat());
        fitted.undo(&mut example);
        // Rounded once on the way and once back: half an ulp of 1020 and of 1.
        for (back, value) in example.iter().zip(&values) {
            assert!((back - value).abs() <= 2.0 * f32::EPSILON * value.abs(), "{back} for {value}");
        }
        // log₂ √(5/4) and log₂ √125, in the mean.
        assert!((fitted.offset_bits() - 0.5 * (0.5 * 1.25f64.log2() + 0.5 * 125f64.log2())).abs() < 1e-12);
    }

    #[test]
    fn constant_columns_and_other_numbers_of_columns_are_refused() {
        let constant = Tensors::new(vec![1.0, 7.0, 2.0, 7.0], [2]).unwrap();
        let message = Standardization::of(&constant).unwrap_err().to_string();
        assert!(message.contains("column 1 is 7 in all 2 examples"), "{message}");
        let many = Standardization::of(&Tensors::new(vec![1.0; 20], [10]).unwrap()).unwrap_err().to_string();
        assert!(many.contains("column 0 is 1, 1 is 1,") && many.contains("and 2 more are constant"), "{many}");
        let three = Standardization { mean: vec![0.0; 3], std: vec![1.0; 3] };
        assert!(
            three.check_fit("units", &[2]).unwrap_err().to_string().contains("3 columns or channels, and the data 2")
        );
        assert!(three.check_fit("units", &[3, 100]).is_ok() && three.check("units").is_ok());
        for std in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Standardization { mean: vec![0.0], std: vec![std] }.check("units").is_err(), "{std}");
        }
        assert!(Standardization { mean: vec![], std: vec![] }.check("units").is_err());
    }
}
