//! Whether samples are copies of training examples.

use serde::{Deserialize, Serialize};

use crate::pairs::Distances;
use crate::replicate::{Estimate, Replicates, numbers};
use crate::watch::Part;
use crate::{EvaluationError, Features, Pair, Watch};

/// A sample and the training example that is nearest to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearestExample {
    /// The number of the sample.
    pub sample: usize,
    /// The number of the training example.
    pub example: usize,
    /// Their distance.
    pub distance: f64,
    /// The share of held-out vectors that are as near to a training example, or nearer.
    pub quantile: f64,
}

/// How near samples are to the training data, compared with data that were not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Copying {
    /// The probability that a sample is nearer to the training data than a held-out vector is, with half of ties
    /// (Meehan et al. 2020, section 4): ½ where nothing is copied, 1 where everything is.
    pub nearer: Estimate,
    /// The share of samples that are nearer to a training example than 99 % of the held-out vectors: 0.01 where nothing is
    /// copied.
    pub suspicious: Estimate,
    /// The median distance of the samples from their nearest training example.
    pub median_distance: Estimate,
    /// The median distance of the held-out vectors.
    pub median_distance_held_out: f64,
    /// The nearest pairs, the nearest first.
    pub nearest: Vec<NearestExample>,
}

/// Compares the distances of samples to their nearest training examples with those of held-out vectors. `listed` pairs are
/// listed; error bars come of `halves` half-samples of samples and held-out vectors.
///
/// # Errors
/// Clouds of different widths; a watch that stops it.
pub fn copying(
    samples: &Features,
    training: &Features,
    held_out: &Features,
    listed: usize,
    (seed, halves): (u64, usize),
    watch: &dyn Watch,
) -> Result<Copying, EvaluationError> {
    let pair = Pair::new(samples, held_out)?;
    crate::features::check_widths(samples, training)?;
    let of_samples = nearest(samples, training, &Part { watch, from: 0.0, to: 0.5 })?;
    let of_held_out = nearest(held_out, training, &Part { watch, from: 0.5, to: 1.0 })?;
    let replicates = Replicates::new(seed, halves, &pair);
    let chosen = |near: &[(f64, usize)], mask: &[bool]| {
        let mut distances: Vec<f64> = numbers(mask).into_iter().map(|number| near[number].0).collect();
        distances.sort_unstable_by(f64::total_cmp);
        distances
    };
    let values: Vec<[f64; 3]> = replicates
        .iter()
        .map(|each| {
            let (own, others) = (chosen(&of_samples, each.samples()), chosen(&of_held_out, each.reference()));
            let below = |limit: f64| own.partition_point(|&distance| distance < limit) as f64;
            let near = others[others.len() / 100];
            [nearer(&own, &others), below(near) / own.len() as f64, median(&own)]
        })
        .collect();
    let estimate = |k: usize| Estimate::of(&values.iter().map(|value| value[k]).collect::<Vec<f64>>());
    let all = chosen(&of_held_out, &vec![true; held_out.count()]);
    let mut order: Vec<usize> = (0..samples.count()).collect();
    order.sort_by(|&i, &j| of_samples[i].0.total_cmp(&of_samples[j].0));
    let pairs = order.into_iter().take(listed).map(|sample| {
        let (distance, example) = of_samples[sample];
        let quantile = all.partition_point(|&other| other <= distance) as f64 / all.len() as f64;
        NearestExample { sample, example, distance, quantile }
    });
    Ok(Copying {
        nearer: estimate(0),
        suspicious: estimate(1),
        median_distance: estimate(2),
        median_distance_held_out: median(&all),
        nearest: pairs.collect(),
    })
}

/// The distance to the nearest vector of `to`, and its number.
fn nearest(from: &Features, to: &Features, watch: &dyn Watch) -> Result<Vec<(f64, usize)>, EvaluationError> {
    Distances::new(from, to).map_rows(watch, |_, row| {
        let first = (f64::INFINITY, 0);
        let (squared, number) = row
            .iter()
            .enumerate()
            .fold(first, |best, (j, &squared)| if squared < best.0 { (squared, j) } else { best });
        (squared.sqrt(), number)
    })
}

/// The probability that one of `own` is below one of `others`, with half of ties; both in order.
fn nearer(own: &[f64], others: &[f64]) -> f64 {
    let pairs = own.iter().map(|distance| {
        let above = others.len() - others.partition_point(|other| other <= distance);
        let equal =
            others.partition_point(|other| other <= distance) - others.partition_point(|other| other < distance);
        above as f64 + 0.5 * equal as f64
    });
    pairs.sum::<f64>() / (own.len() as f64 * others.len() as f64)
}

/// The median of numbers in order.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { 0.5 * (values[middle - 1] + values[middle]) } else { values[middle] }
}
