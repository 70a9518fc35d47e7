//! Paths of equations with matrix-valued noise.

use fokker_process::matrix::{DVector, MatrixProcess};
use rayon::prelude::*;

use super::equations::{Coefficients, MatrixEquation, times};
use crate::paths::BrownianPath;
use crate::{LaboratoryError, Watch};

/// Paths that are simulated between two looks at the clock.
const CHUNK: usize = 512;

/// Where paths start: the point of path i.
pub type Start<'a> = &'a (dyn Fn(u64) -> Vec<f64> + Sync);

/// Simulates `count` paths on \[from, from + horizon\] by `steps` steps of Euler–Maruyama, X + a h + L ΔB: strong order 1 if
/// L does not depend on X, ½ if it does. Returns the points of all paths after the numbers of steps in `looks`, which must rise and end at
/// `steps` or below: `points[look][path]`. Path i is a function of the seed and i.
///
/// # Errors
/// If the one who watches stops it.
pub fn draw(
    equation: &dyn MatrixEquation,
    start: Start,
    count: usize,
    (from, horizon): (f64, f64),
    (steps, looks): (usize, &[usize]),
    seed: u64,
    watch: &dyn Watch,
) -> Result<Vec<Vec<Vec<f64>>>, LaboratoryError> {
    let h = horizon / steps as f64;
    let at: Vec<Coefficients> = (0..steps).map(|k| equation.at(from + k as f64 * h)).collect();
    let noises = at.first().map_or(1, |coefficients| coefficients.noise.at(&start(0)).ncols());
    let follow = |i: u64| {
        let path = BrownianPath::new(seed, i, noises, horizon, steps);
        let walk = |k: usize, x: &mut Vec<f64>| {
            let drift = (at[k].drift)(x);
            let kick = times(&at[k].noise.at(x), path.increment(k));
            x.iter_mut().zip(drift.iter().zip(kick)).for_each(|(x, (drift, kick))| *x += drift * h + kick);
        };
        looked_at(start(i), steps, looks, walk)
    };
    gather(count, looks.len(), follow, watch)
}

/// Simulates `count` paths of a linear process at the `times`, which must rise, from the law of each step given the point
/// before it: without error, however long the steps. The first time is that of the start. Returns `points[time][path]`.
///
/// # Errors
/// If the one who watches stops it.
pub fn draw_exactly(
    process: &dyn MatrixProcess,
    start: Start,
    count: usize,
    times: &[f64],
    seed: u64,
    watch: &dyn Watch,
) -> Result<Vec<Vec<Vec<f64>>>, LaboratoryError> {
    let (steps, n) = (times.len().saturating_sub(1), process.dimension());
    let transitions: Vec<_> = times.windows(2).map(|pair| process.transition(pair[0], pair[1])).collect();
    let factors: Vec<_> = transitions.iter().map(|transition| transition.factor()).collect();
    let looks: Vec<usize> = (0..times.len()).collect();
    let follow = |i: u64| {
        // Steps of length 1: their increments are normal numbers.
        let path = BrownianPath::new(seed, i, n, steps as f64, steps);
        let walk = |k: usize, x: &mut Vec<f64>| {
            let mean = super::equations::times(&transitions[k].matrix, x);
            let noise = super::equations::times(&factors[k], path.increment(k));
            x.iter_mut().zip(mean.iter().zip(noise)).for_each(|(x, (mean, noise))| *x = mean + noise);
        };
        looked_at(start(i), steps, &looks, walk)
    };
    gather(count, times.len(), follow, watch)
}

/// x(t) = Ψ(t, t₀) x(t₀) + ∫ Ψ(t, τ) L(τ) dβ(τ) at the end of a Brownian path that begins at t₀ = `from`, by Itô's sum over
/// its steps [SDE tutorial, eq. 2.2.16 and Definition 3].
pub fn solution(process: &dyn MatrixProcess, x: &[f64], from: f64, path: &BrownianPath) -> Vec<f64> {
    let h = path.horizon() / path.steps() as f64;
    let mut sum = DVector::from_column_slice(x);
    // Ψ(t, τ) of a step times those of all later ones: the sum is carried along instead.
    for k in 0..path.steps() {
        let s = from + k as f64 * h;
        let kicked = sum + process.noise(s) * DVector::from_column_slice(path.increment(k));
        sum = process.transition(s, s + h).matrix * kicked;
    }
    sum.as_slice().to_vec()
}

fn looked_at(
    mut x: Vec<f64>,
    steps: usize,
    looks: &[usize],
    mut walk: impl FnMut(usize, &mut Vec<f64>),
) -> Vec<Vec<f64>> {
    let mut seen = Vec::with_capacity(looks.len());
    for k in 0..=steps {
        if looks.get(seen.len()) == Some(&k) {
            seen.push(x.clone());
        }
        if k < steps {
            walk(k, &mut x);
        }
    }
    seen
}

/// All paths, by the looks at them.
fn gather(
    count: usize,
    looks: usize,
    follow: impl Fn(u64) -> Vec<Vec<f64>> + Sync,
    watch: &dyn Watch,
) -> Result<Vec<Vec<Vec<f64>>>, LaboratoryError> {
    let mut points = vec![Vec::with_capacity(count); looks];
    for first in (0..count).step_by(CHUNK) {
        watch.advance(first as f64 / count as f64)?;
        let paths: Vec<_> = (first..count.min(first + CHUNK)).into_par_iter().map(|i| follow(i as u64)).collect();
        for path in paths {
            points.iter_mut().zip(path).for_each(|(look, point)| look.push(point));
        }
    }
    Ok(points)
}
