//! Which vectors lie in which balls.

use super::radii::radii;
use crate::pairs::Distances;
use crate::watch::Part;
use crate::{EvaluationError, Pair, Replicates, Watch};

/// The four quantities in every replicate.
pub(super) struct Found {
    pub(super) precision: Vec<f64>,
    pub(super) recall: Vec<f64>,
    pub(super) density: Vec<f64>,
    pub(super) coverage: Vec<f64>,
}

/// What one reference vector sees.
struct Seen {
    /// `(replicate, sample)` for every sample in its ball.
    inside: Vec<(u32, u32)>,
    /// For each replicate, whether it lies in a ball of a sample.
    recalled: Vec<bool>,
    /// For each replicate, whether its ball holds a sample.
    covered: Vec<bool>,
}

/// Measures with balls that hold their surface or not: `d ≤ r` in Kynkäänniemi's definition, `d < r` in Naeem's.
pub(super) fn measure(
    pair: &Pair,
    replicates: &Replicates,
    k: usize,
    closed: bool,
    watch: &dyn Watch,
) -> Result<Found, EvaluationError> {
    let (samples, reference) = (pair.samples(), pair.reference());
    let in_samples: Vec<&[bool]> = replicates.iter().map(|each| each.samples()).collect();
    let in_reference: Vec<&[bool]> = replicates.iter().map(|each| each.reference()).collect();
    let part = |from: f64, to: f64| Part { watch, from, to };
    let reference_radii = radii(reference, &in_reference, k, &part(0.0, 0.33))?;
    let sample_radii = radii(samples, &in_samples, k, &part(0.33, 0.66))?;
    let largest = |radii: &[f64]| radii.iter().copied().fold(0.0, f64::max);
    let largest_of_samples: Vec<f64> = sample_radii.iter().map(|radii| largest(radii)).collect();
    let count = replicates.count();
    let holds = |radius: f64, squared: f64| if closed { squared <= radius } else { squared < radius };
    let rows = Distances::new(reference, samples).map_rows(&part(0.66, 1.0), |i, row| {
        let own = largest(&reference_radii[i]);
        let mut seen = Seen { inside: Vec::new(), recalled: vec![false; count], covered: vec![false; count] };
        for (j, &squared) in row.iter().enumerate() {
            // Most pairs are far from each other in every replicate.
            if squared > own && squared > largest_of_samples[j] {
                continue;
            }
            for number in (0..count).filter(|&number| in_reference[number][i] && in_samples[number][j]) {
                if holds(reference_radii[i][number], squared) {
                    seen.inside.push((number as u32, j as u32));
                    seen.covered[number] = true;
                }
                seen.recalled[number] |= holds(sample_radii[j][number], squared);
            }
        }
        seen
    })?;
    let mut realistic = vec![vec![false; samples.count()]; count];
    let (mut balls, mut recalled, mut covered) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    for seen in rows {
        for (number, sample) in seen.inside {
            realistic[number as usize][sample as usize] = true;
            balls[number as usize] += 1.0;
        }
        for number in 0..count {
            recalled[number] += f64::from(u8::from(seen.recalled[number]));
            covered[number] += f64::from(u8::from(seen.covered[number]));
        }
    }
    let size = |mask: &[bool]| mask.iter().filter(|inside| **inside).count() as f64;
    let share = |values: &[f64], masks: &[&[bool]]| -> Vec<f64> {
        values.iter().zip(masks).map(|(value, mask)| value / size(mask)).collect()
    };
    let precise: Vec<f64> = realistic.iter().map(|mask| size(mask)).collect();
    Ok(Found {
        precision: share(&precise, &in_samples),
        recall: share(&recalled, &in_reference),
        density: share(&balls, &in_samples).into_iter().map(|balls| balls / k as f64).collect(),
        coverage: share(&covered, &in_reference),
    })
}
