//! The sliced Wasserstein distance.

use fokker_random::Index;
use fokker_registry::Settings;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::line::{Sorted, wasserstein};
use crate::{EvaluationError, MetricKind, MetricQuantity, Pair, Replicates, Series, Watch, register_metric};

/// The sliced Wasserstein distance `(E_θ W₂²(θᵀX, θᵀY))^½` (Rabin et al. 2011), the mean over random directions of length 1.
///
/// The directions are the same for every pair of one dimension and one seed, so they do not blur a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlicedWasserstein {
    /// How many directions.
    pub directions: usize,
}

impl Default for SlicedWasserstein {
    fn default() -> Self {
        Self { directions: 128 }
    }
}

register_metric!(SlicedWasserstein as "sliced_wasserstein");

impl MetricKind for SlicedWasserstein {
    fn check(&self) -> Result<(), EvaluationError> {
        let right = self.directions > 0;
        if right { Ok(()) } else { Err(EvaluationError::value("directions", 0, "at least 1")) }
    }

    fn measure(
        &self,
        pair: &Pair,
        replicates: &Replicates,
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Series>, EvaluationError> {
        self.check()?;
        let directions: Vec<Vec<f64>> =
            (0..self.directions as u64).map(|number| direction(seed, number, pair.samples().dimension())).collect();
        Ok(vec![Series::new(self.kind(), sliced_wasserstein(pair, &directions, replicates, watch)?)])
    }

    fn quantities(&self) -> &'static [MetricQuantity] {
        const { &[MetricQuantity::lower("sliced_wasserstein")] }
    }

    fn source(&self) -> &'static str {
        "Rabin et al. 2011"
    }
}

/// A random direction of length 1.
fn direction(seed: u64, number: u64, dimension: usize) -> Vec<f64> {
    let normals = Index::evaluation_direction(number).normals(seed, dimension);
    let length = normals.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    normals.into_iter().map(|x| f64::from(x) / length).collect()
}

/// The distance in every replicate along given directions.
///
/// # Errors
/// A watch that stops it.
///
/// # Panics
/// If a direction has another length than a vector.
pub fn sliced_wasserstein(
    pair: &Pair,
    directions: &[Vec<f64>],
    replicates: &Replicates,
    watch: &dyn Watch,
) -> Result<Vec<f64>, EvaluationError> {
    let done = std::sync::atomic::AtomicUsize::new(0);
    let squares: Vec<Vec<f64>> = directions
        .par_iter()
        .map(|direction| {
            let number = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            watch.advance(number as f64 / directions.len() as f64)?;
            let [samples, reference] = [pair.samples(), pair.reference()].map(|features| {
                assert_eq!(direction.len(), features.dimension(), "the length of a direction");
                let along = |row: &[f64]| row.iter().zip(direction).map(|(x, y)| x * y).sum();
                Sorted::new(&features.rows().map(along).collect::<Vec<f64>>())
            });
            let square = |masks: &crate::Replicate| {
                wasserstein(&samples.within(masks.samples()), &reference.within(masks.reference()), 2)
            };
            Ok(replicates.iter().map(square).collect())
        })
        .collect::<Result<_, EvaluationError>>()?;
    let mean = |number: usize| squares.iter().map(|each| each[number]).sum::<f64>() / directions.len() as f64;
    Ok((0..replicates.count()).map(|number| mean(number).sqrt()).collect())
}
