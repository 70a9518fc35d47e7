//! How the numbers of a tensor are spread, as TensorBoard's histograms have it.

use prost::Message;

/// Bins of a histogram.
const BINS: usize = 30;

/// `HistogramProto` of TensorFlow's `summary.proto`: the first bin begins at the smallest number, and each ends at its limit.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    num: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    #[prost(double, repeated, tag = "6")]
    bucket_limit: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    bucket: Vec<f64>,
}

impl Histogram {
    /// Of those numbers that are finite, in bins of one width; none if there are no such numbers.
    pub(crate) fn of(numbers: &[f32]) -> Option<Self> {
        let finite = || numbers.iter().filter(|number| number.is_finite()).map(|&number| f64::from(number));
        let (min, max) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        // Numbers that are all the same are one bin.
        let bins = if max > min { BINS } else { 1 };
        let width = (max - min) / bins as f64;
        let mut bucket = vec![0.0; bins];
        for number in finite() {
            let bin = if bins == 1 { 0 } else { ((number - min) / width) as usize };
            bucket[bin.min(bins - 1)] += 1.0;
        }
        let mut bucket_limit: Vec<f64> = (1..=bins).map(|bin| min + width * bin as f64).collect();
        bucket_limit[bins - 1] = max;
        let (num, sum) = (bucket.iter().sum(), finite().sum());
        Some(Self { min, max, num, sum, sum_squares: finite().map(|x| x * x).sum(), bucket_limit, bucket })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_is_in_the_bin_that_ends_behind_it() {
        let numbers: Vec<f32> = (0..=120).map(|k| k as f32 / 4.0).chain([f32::NAN, f32::INFINITY]).collect();
        let found = Histogram::of(&numbers).unwrap();
        assert_eq!((found.min, found.max, found.num, found.sum), (0.0, 30.0, 121.0, 1815.0));
        assert_eq!(found.sum_squares, (0..=120).map(|k| f64::from(k * k) / 16.0).sum::<f64>());
        assert_eq!(found.bucket_limit, (1..=30).map(f64::from).collect::<Vec<f64>>());
        // Four in each, and the largest number in the last.
        assert_eq!(found.bucket, [vec![4.0; 29], vec![5.0]].concat());
    }

    #[test]
    fn equal_numbers_are_one_bin_and_none_are_no_histogram() {
        let zeros = Histogram::of(&[0.0; 3]).unwrap();
        assert_eq!((zeros.min, zeros.max, zeros.bucket_limit, zeros.bucket), (0.0, 0.0, vec![0.0], vec![3.0]));
        assert_eq!(Histogram::of(&[f32::NAN]), None);
    }
}
