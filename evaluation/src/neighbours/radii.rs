//! How far a ball reaches.

use crate::pairs::Distances;
use crate::{EvaluationError, Features, Watch};

/// For every vector and every mask that it is in, the squared distance to its `k`-th nearest neighbour within the mask; 0
/// for the masks that it is not in.
pub(super) fn radii(
    features: &Features,
    masks: &[&[bool]],
    k: usize,
    watch: &dyn Watch,
) -> Result<Vec<Vec<f64>>, EvaluationError> {
    let fewest = masks.iter().map(|mask| mask.iter().filter(|inside| **inside).count()).min().unwrap_or(0);
    if fewest <= k {
        let count = features.count();
        let halves = if fewest < count { format!(", of which half-samples hold {fewest}") } else { String::new() };
        let problem =
            format!("{count} vectors{halves}, have no {k}-th nearest neighbour each; use more samples, or a smaller k");
        return Err(EvaluationError::input(features.name(), problem));
    }
    Distances::new(features, features).map_rows(watch, |i, row| {
        let mut near: Vec<(f64, usize)> =
            row.iter().enumerate().filter(|(j, _)| *j != i).map(|(j, &squared)| (squared, j)).collect();
        // A half-sample finds its k neighbours among the nearest 2k or few more; if not, among all.
        let mut sorted = (8 * k + 32).min(near.len());
        near.select_nth_unstable_by(sorted - 1, compare);
        near[..sorted].sort_unstable_by(compare);
        let kth =
            |near: &[(f64, usize)], mask: &[bool]| near.iter().filter(|(_, j)| mask[*j]).nth(k - 1).map(|near| near.0);
        let mut found = Vec::with_capacity(masks.len());
        for mask in masks.iter() {
            if !mask[i] {
                found.push(0.0);
                continue;
            }
            let radius = kth(&near[..sorted], mask).or_else(|| {
                near.sort_unstable_by(compare);
                sorted = near.len();
                kth(&near, mask)
            });
            found.push(radius.expect("a mask holds more than k vectors"));
        }
        found
    })
}

fn compare(one: &(f64, usize), other: &(f64, usize)) -> std::cmp::Ordering {
    one.0.total_cmp(&other.0)
}
