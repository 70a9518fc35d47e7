//! All pairs of two clouds: dot products by matrix products, a block of rows at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::{EvaluationError, Features, Watch};

/// Rows in a block.
const BLOCK: usize = 64;

/// A distance below this share of the vectors' sizes is computed again from the differences: the difference of squares has
/// lost too many digits, and equal vectors must have the distance 0.
const CANCELLED: f64 = 1e-6;

/// Calls `each(i, row)` for every vector of `one`, where `row` holds its dot products with all vectors of `other`, and
/// returns the results in order.
///
/// `one` and `other` have a column for each vector.
pub(crate) fn map_dots<T: Send>(
    one: &DMatrix<f64>,
    other: &DMatrix<f64>,
    watch: &dyn Watch,
    each: impl Fn(usize, &mut [f64]) -> T + Sync,
) -> Result<Vec<T>, EvaluationError> {
    let transposed = other.transpose();
    let (count, done) = (one.ncols(), AtomicUsize::new(0));
    let blocks: Vec<Vec<T>> = (0..count.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let first = block * BLOCK;
            let size = BLOCK.min(count - first);
            watch.advance(done.fetch_add(size, Ordering::Relaxed) as f64 / count as f64)?;
            let mut dots = &transposed * one.columns(first, size);
            let rows = dots.as_mut_slice().chunks_exact_mut(other.ncols());
            Ok(rows.enumerate().map(|(k, row)| each(first + k, row)).collect())
        })
        .collect::<Result<_, EvaluationError>>()?;
    Ok(blocks.into_iter().flatten().collect())
}

/// Two clouds from one origin, for squared distances between them.
pub(crate) struct Distances {
    one: DMatrix<f64>,
    other: DMatrix<f64>,
    one_sizes: DVector<f64>,
    other_sizes: DVector<f64>,
}

impl Distances {
    /// Between the vectors of `one` and those of `other`.
    pub(crate) fn new(one: &Features, other: &Features) -> Self {
        // The origin in the middle of the data: large means would cost digits.
        let origin = other.mean();
        let (one, other) = (one.relative_to(&origin), other.relative_to(&origin));
        let sizes =
            |cloud: &DMatrix<f64>| DVector::from_iterator(cloud.ncols(), cloud.column_iter().map(|c| c.norm_squared()));
        Self { one_sizes: sizes(&one), other_sizes: sizes(&other), one, other }
    }

    /// Calls `each(i, row)` for every vector of the first cloud with its squared distances to all of the second.
    pub(crate) fn map_rows<T: Send>(
        &self,
        watch: &dyn Watch,
        each: impl Fn(usize, &mut [f64]) -> T + Sync,
    ) -> Result<Vec<T>, EvaluationError> {
        map_dots(&self.one, &self.other, watch, |i, row| {
            let size = self.one_sizes[i];
            for (j, (dot, &other)) in row.iter_mut().zip(self.other_sizes.iter()).enumerate() {
                let squared = size + other - 2.0 * *dot;
                let cancelled = squared < CANCELLED * (size + other);
                *dot = if cancelled { self.direct(i, j) } else { squared };
            }
            each(i, row)
        })
    }

    /// The squared distance from the differences.
    fn direct(&self, i: usize, j: usize) -> f64 {
        let (one, other) = (self.one.column(i), self.other.column(j));
        one.iter().zip(other.iter()).map(|(x, y)| (x - y) * (x - y)).sum()
    }
}
