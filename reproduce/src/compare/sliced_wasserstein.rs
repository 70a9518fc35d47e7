//! The sliced Wasserstein distance (Rabin et al. 2011) between samples and data.

use fokker::random::{Stream, normals};

/// Directions in which distributions are compared.
const DIRECTIONS: usize = 128;

/// Data to compare with.
pub(super) struct SlicedWasserstein {
    size: usize,
    directions: Vec<Vec<f32>>,
    /// Sorted projections of the data, for each direction.
    sorted: Vec<Vec<f32>>,
}

impl SlicedWasserstein {
    pub(super) fn new(values: &[f32], size: usize) -> Self {
        let directions: Vec<Vec<f32>> = (0..DIRECTIONS as u64)
            .map(|k| {
                let direction = normals(0, Stream::Test, k, size);
                let norm = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
                direction.into_iter().map(|x| x / norm).collect()
            })
            .collect();
        let sorted = directions.iter().map(|direction| project(values, direction)).collect();
        Self { size, directions, sorted }
    }

    /// The distance of samples, in units of the data; NaN if one of them is not finite.
    pub(super) fn distance(&self, values: &[f32]) -> f64 {
        if values.iter().any(|value| !value.is_finite()) {
            return f64::NAN;
        }
        let count = values.len() / self.size;
        let squares = self.directions.iter().zip(&self.sorted).map(|(direction, truth)| {
            let samples = project(values, direction);
            let at = |k: usize| samples[(k * count / truth.len()).min(count - 1)];
            let square = |(k, x): (usize, &f32)| f64::from(at(k) - x).powi(2);
            truth.iter().enumerate().map(square).sum::<f64>() / truth.len() as f64
        });
        (squares.sum::<f64>() / DIRECTIONS as f64).sqrt()
    }
}

fn project(values: &[f32], direction: &[f32]) -> Vec<f32> {
    let dot = |point: &[f32]| point.iter().zip(direction).map(|(a, b)| a * b).sum();
    let mut projected: Vec<f32> = values.chunks(direction.len()).map(dot).collect();
    projected.sort_by(f32::total_cmp);
    projected
}
