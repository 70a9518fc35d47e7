//! Maximum mean discrepancies: the kernel distance KID, and the MMD with a Gaussian kernel.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::pairs::map_dots;
use crate::watch::Part;
use crate::{EvaluationError, Features, Replicates, Watch};

/// The unbiased estimate of MMD² (Gretton et al. 2012, eq. 3) in every replicate:
/// `Σ_{i≠j} k(x_i, x_j)/(n(n−1)) + Σ_{i≠j} k(y_i, y_j)/(m(m−1)) − 2 Σ_{ij} k(x_i, y_j)/(nm)`.
///
/// Each kernel value is computed once. `origin` is taken from all vectors; `kernel` has a dot product and two squared
/// norms.
pub(crate) fn mmd(
    (samples, reference): (&Features, &Features),
    replicates: &Replicates,
    origin: &[f64],
    kernel: impl Fn(f64, f64, f64) -> f64 + Sync,
    watch: &dyn Watch,
) -> Result<Vec<f64>, EvaluationError> {
    let [x, y] = [samples, reference].map(|features| features.relative_to(origin));
    let in_x: Vec<&[bool]> = replicates.iter().map(|each| each.samples()).collect();
    let in_y: Vec<&[bool]> = replicates.iter().map(|each| each.reference()).collect();
    let part = |from: f64, to: f64| Part { watch, from, to };
    let within_x = sums((&x, &in_x), (&x, &in_x), true, &kernel, &part(0.0, 0.33))?;
    let within_y = sums((&y, &in_y), (&y, &in_y), true, &kernel, &part(0.33, 0.66))?;
    let across = sums((&x, &in_x), (&y, &in_y), false, &kernel, &part(0.66, 1.0))?;
    let size = |mask: &[bool]| mask.iter().filter(|inside| **inside).count() as f64;
    let value = |number: usize| {
        let (n, m) = (size(in_x[number]), size(in_y[number]));
        within_x[number] / (n * (n - 1.0)) + within_y[number] / (m * (m - 1.0)) - 2.0 * across[number] / (n * m)
    };
    Ok((0..replicates.count()).map(value).collect())
}

/// `Σ_{ij} k(x_i, y_j)` over the pairs of every replicate, without those of equal number if `distinct`.
fn sums(
    (x, in_x): (&DMatrix<f64>, &[&[bool]]),
    (y, in_y): (&DMatrix<f64>, &[&[bool]]),
    distinct: bool,
    kernel: &(impl Fn(f64, f64, f64) -> f64 + Sync),
    watch: &dyn Watch,
) -> Result<Vec<f64>, EvaluationError> {
    let norms = |cloud: &DMatrix<f64>| cloud.column_iter().map(|column| column.norm_squared()).collect::<Vec<f64>>();
    let (norms_x, norms_y) = (norms(x), norms(y));
    // Weights 0 and 1 rather than conditions: sums of products are what processors are good at.
    let weights: Vec<Vec<f64>> =
        in_y.par_iter().map(|mask| mask.iter().map(|&inside| f64::from(u8::from(inside))).collect()).collect();
    let rows = map_dots(x, y, watch, |i, row| {
        for (dot, &norm) in row.iter_mut().zip(&norms_y) {
            *dot = kernel(*dot, norms_x[i], norm);
        }
        if distinct {
            row[i] = 0.0;
        }
        let sum = |number: usize| if in_x[number][i] { weighted(row, &weights[number]) } else { 0.0 };
        (0..in_x.len()).map(sum).collect::<Vec<f64>>()
    })?;
    let mut sums = vec![0.0; in_x.len()];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    Ok(sums)
}

/// `Σ a_j b_j` in eight running sums, which are one instruction.
fn weighted(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (whole_a, rest_a) = a.as_chunks::<8>();
    let (whole_b, rest_b) = b.as_chunks::<8>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f64>()
}
