//! Keeping the predicted data within range.

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_model::per_example::scale_examples;
use fokker_process::Process;
use serde::{Deserialize, Serialize};

use crate::error::SamplingError;

/// The range of the data in the network's units. Thresholds are in units in which it is [−1, 1].
///
/// ```
/// use fokker_sampling::DataRange;
///
/// let range = DataRange::new(0.0, 1.0);
/// assert_eq!((range.centre, range.half_width), (0.5, 0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataRange {
    /// Its middle.
    pub centre: f64,
    /// Half of its length, positive.
    pub half_width: f64,
}

impl DataRange {
    /// From the lowest number to the highest.
    pub fn new(lowest: f64, highest: f64) -> Self {
        Self { centre: 0.5 * (lowest + highest), half_width: 0.5 * (highest - lowest) }
    }
}

impl Default for DataRange {
    fn default() -> Self {
        Self { centre: 0.0, half_width: 1.0 }
    }
}

/// What is done to the prediction of the data, in every network call; the predicted noise follows from it. All numbers are
/// in units in which the data's range is [−1, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Threshold {
    /// Clipped to [−limit, limit] (Ho et al. 2020).
    Clip {
        /// The largest absolute value.
        #[serde(default = "one")]
        limit: f64,
    },
    /// Clipped to [−s, s] and divided by s, where s is a quantile of the absolute values of each example, at least 1
    /// and at most `max` (Saharia et al. 2022, sec. 2.3).
    Dynamic {
        /// Which quantile, in (0, 1].
        #[serde(default = "default_quantile")]
        quantile: f64,
        /// The largest s; with 1 it is plain clipping.
        #[serde(default = "one")]
        max: f64,
    },
}

fn one() -> f64 {
    1.0
}

fn default_quantile() -> f64 {
    0.995
}

impl Threshold {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The number that does not work, under `sampler.threshold`.
    pub fn validate(&self) -> Result<(), SamplingError> {
        let fail = |message: String| Err(SamplingError::sampler("threshold", message));
        match *self {
            Self::Clip { limit } if !(limit.is_finite() && limit > 0.0) => {
                fail(format!("the limit {limit} is not positive"))
            }
            Self::Dynamic { quantile, .. } if !(quantile > 0.0 && quantile <= 1.0) => {
                fail(format!("the quantile {quantile} is not above 0 and at most 1"))
            }
            Self::Dynamic { max, .. } if !(max.is_finite() && max >= 1.0) => {
                fail(format!("max = {max} is not a number ≥ 1"))
            }
            _ => Ok(()),
        }
    }

    /// The prediction within range.
    ///
    /// # Shapes
    /// `data`: `[batch, …]` → the same
    pub fn apply<const D: usize>(&self, data: Tensor<D>, range: DataRange) -> Tensor<D> {
        if range == DataRange::default() {
            return self.apply_centred(data);
        }
        let centred = data.sub_scalar(range.centre).div_scalar(range.half_width);
        self.apply_centred(centred).mul_scalar(range.half_width).add_scalar(range.centre)
    }

    fn apply_centred<const D: usize>(&self, data: Tensor<D>) -> Tensor<D> {
        match *self {
            Self::Clip { limit } => data.clamp(-limit, limit),
            Self::Dynamic { quantile, max } => {
                let shape = data.dims();
                let (batch, each) = (shape[0], shape[1..].iter().product::<usize>());
                let flat = data.reshape([batch, each]);
                let sorted = flat.clone().abs().sort(1);
                let place = quantile * (each - 1) as f64;
                let below = sorted.clone().narrow(1, place.floor() as usize, 1);
                let above = sorted.narrow(1, place.ceil() as usize, 1);
                let bound = (below.clone() + (above - below).mul_scalar(place.fract())).clamp(1.0, max);
                let bound = bound.expand([batch, each]);
                let clipped = flat.min_pair(bound.clone()).max_pair(-bound.clone());
                (clipped / bound).reshape(shape)
            }
        }
    }
}

/// A score whose predicted data are kept within range.
#[derive(Clone, Copy)]
pub struct Thresholded<'a, const D: usize> {
    score: &'a dyn Score<D>,
    threshold: Threshold,
    range: DataRange,
}

impl<'a, const D: usize> Thresholded<'a, D> {
    /// `score` within `threshold`, for data of that range.
    pub fn new(score: &'a dyn Score<D>, threshold: Threshold, range: DataRange) -> Self {
        Self { score, threshold, range }
    }
}

impl<const D: usize> Score<D> for Thresholded<'_, D> {
    fn process(&self) -> &dyn Process {
        self.score.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        let data = self.denoised(x.clone(), t);
        noise_of_denoised(self.process(), x, data, t)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.threshold.apply(self.score.denoised(x, t), self.range)
    }
}

/// `(x − α x̂₀)/σ`: the noise that belongs to a prediction of the data.
pub(crate) fn noise_of_denoised<const D: usize>(
    process: &dyn Process,
    x: Tensor<D>,
    data: Tensor<D>,
    t: &[f64],
) -> Tensor<D> {
    scale_examples(x, t.iter().map(|&t| 1.0 / process.std(t)))
        - scale_examples(data, t.iter().map(|&t| process.mean_scale(t) / process.std(t)))
}

/// `(x − σ ε̂)/α`: the data that belong to a prediction of the noise.
pub(crate) fn denoised_of_noise<const D: usize>(
    process: &dyn Process,
    x: Tensor<D>,
    noise: Tensor<D>,
    t: &[f64],
) -> Tensor<D> {
    scale_examples(x, t.iter().map(|&t| 1.0 / process.mean_scale(t)))
        - scale_examples(noise, t.iter().map(|&t| process.std(t) / process.mean_scale(t)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn values(threshold: Threshold) -> Vec<f32> {
        let data = Tensor::<2>::from_floats([[0.5, -2.0, 1.0, 4.0, 0.0], [0.1, 0.2, -0.3, 0.0, 0.4]], &Device::flex());
        threshold.apply(data, DataRange::default()).into_data_as::<f32>().as_slice::<f32>().unwrap().to_vec()
    }

    #[test]
    fn clipping_clips() {
        let expected = [0.5, -1.5, 1.0, 1.5, 0.0, 0.1, 0.2, -0.3, 0.0, 0.4];
        assert_eq!(values(Threshold::Clip { limit: 1.5 }), expected);
    }

    /// Data in [0, 1] are clipped at 0 and at 1, and a dynamic threshold shrinks towards the middle.
    #[test]
    fn other_ranges_are_clipped_at_their_own_ends() {
        let range = DataRange::new(0.0, 1.0);
        let data = Tensor::<2>::from_floats([[-0.5, 0.25, 0.5, 2.0, 1.0]], &Device::flex());
        let values = |threshold: Threshold| {
            let data = threshold.apply(data.clone(), range).into_data_as::<f32>();
            data.as_slice::<f32>().unwrap().to_vec()
        };
        assert_eq!(values(Threshold::Clip { limit: 1.0 }), [0.0, 0.25, 0.5, 1.0, 1.0]);
        // In units of [−1, 1]: −2, −½, 0, 3, 1; the largest, 3, becomes 1.
        let expected = [-2.0 / 3.0, -0.5 / 3.0, 0.0, 1.0, 1.0 / 3.0].map(|v: f32| 0.5 * v + 0.5);
        for (got, expected) in values(Threshold::Dynamic { quantile: 1.0, max: 9.0 }).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} {expected}");
        }
    }

    #[test]
    fn the_quantile_is_interpolated_and_an_example_in_range_is_left_alone() {
        // |x| sorted: 0, ½, 1, 2, 4; the quantile 0.875 lies half way between the last two: 3.
        let expected = [0.5 / 3.0, -2.0 / 3.0, 1.0 / 3.0, 1.0, 0.0, 0.1, 0.2, -0.3, 0.0, 0.4];
        for (got, expected) in values(Threshold::Dynamic { quantile: 0.875, max: 9.0 }).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} {expected}");
        }
    }
}
