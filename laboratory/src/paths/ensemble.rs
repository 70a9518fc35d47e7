//! Many paths of one equation.

use rayon::prelude::*;

use super::{BrownianPath, Ito, Method};
use crate::grid::Axis;
use crate::{LaboratoryError, Watch};

/// Takes `x` along a path from time `from`; `observe` sees the number of steps done and the state, the start first.
pub fn follow(
    equation: &dyn Ito,
    method: &dyn Method,
    x: &mut [f64],
    from: f64,
    path: &BrownianPath,
    mut observe: impl FnMut(usize, &[f64]),
) {
    let h = path.horizon() / path.steps() as f64;
    let mut scratch = vec![0.0; 6 * x.len()];
    observe(0, x);
    for k in 0..path.steps() {
        method.step(equation, x, from + k as f64 * h, h, path.increment(k), &mut scratch);
        observe(k + 1, x);
    }
}

/// What an ensemble in one dimension is remembered by.
#[derive(Clone, Debug)]
pub struct Ensemble {
    /// Steps at which it was looked at.
    pub looks: Vec<usize>,
    /// Counts per look and cell: `counts[look * cells + cell]`.
    pub counts: Vec<u32>,
    /// Where the paths ended.
    pub ends: Vec<f64>,
    /// The first paths in full, at every look.
    pub kept: Vec<Vec<f64>>,
}

/// Paths that are simulated between two looks at the clock.
const CHUNK: usize = 512;

impl Ensemble {
    /// Simulates `count` paths of a one-dimensional equation on \[from, from + horizon\] in `steps` steps, and looks at
    /// them after the numbers of steps in `looks`, which must not fall and end at `steps` or below. Path i is a function
    /// of the seed and i.
    ///
    /// # Errors
    /// If the one who watches stops it.
    #[allow(clippy::too_many_arguments)]
    pub fn simulate(
        equation: &dyn Ito,
        method: &dyn Method,
        start: &(dyn Fn(u64) -> f64 + Sync),
        (from, horizon): (f64, f64),
        steps: usize,
        (count, kept): (usize, usize),
        (axis, looks): (&Axis, &[usize]),
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Self, LaboratoryError> {
        let mut ensemble = Self {
            counts: vec![0; looks.len() * axis.cells],
            looks: looks.to_vec(),
            ends: Vec::with_capacity(count),
            kept: vec![],
        };
        for first in (0..count).step_by(CHUNK) {
            watch.advance(first as f64 / count as f64)?;
            let paths: Vec<(Vec<f64>, f64)> = (first..count.min(first + CHUNK))
                .into_par_iter()
                .map(|i| {
                    let path = BrownianPath::new(seed, i as u64, 1, horizon, steps);
                    let mut seen = Vec::with_capacity(looks.len());
                    let mut x = [start(i as u64)];
                    follow(equation, method, &mut x, from, &path, |step, x| {
                        while looks.get(seen.len()) == Some(&step) {
                            seen.push(x[0]);
                        }
                    });
                    (seen, x[0])
                })
                .collect();
            for (seen, end) in paths {
                for (look, x) in seen.iter().enumerate() {
                    if let Some(cell) = axis.cell(*x) {
                        ensemble.counts[look * axis.cells + cell] += 1;
                    }
                }
                ensemble.ends.push(end);
                if ensemble.kept.len() < kept {
                    ensemble.kept.push(seen);
                }
            }
        }
        Ok(ensemble)
    }

    /// Numbers of steps from 0 to `steps` that are evenly far apart: at most `count` intervals.
    pub fn evenly(steps: usize, count: usize) -> Vec<usize> {
        let count = count.clamp(1, steps.max(1));
        (0..=count).map(|look| (look as u128 * steps as u128 / count as u128) as usize).collect()
    }

    /// The histogram of one look as a density.
    pub fn density(&self, look: usize, axis: &Axis) -> Vec<f64> {
        let unit = 1.0 / (self.ends.len() as f64 * axis.width());
        self.counts[look * axis.cells..][..axis.cells].iter().map(|count| f64::from(*count) * unit).collect()
    }
}
