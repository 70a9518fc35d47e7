//! Brownian paths that can be looked at more closely.

use fokker_random::{Index, Rng};
use rand::RngExt;
use rand_distr::StandardNormal;

/// One Brownian motion in ℝᵈ on \[0, T\], by its increments over equal steps [Aamari 2025, Definition 1.2].
///
/// A function of (seed, path number, dimension, coarsest number of steps). [`refine`](Self::refine) halves every step
/// by Lévy's construction and keeps every value the path had: W(m) given its neighbours at distance h/2 is their mean
/// plus √h/2 times a normal number.
#[derive(Clone, Debug)]
pub struct BrownianPath {
    dimension: usize,
    horizon: f64,
    increments: Vec<f64>,
    origin: Origin,
}

/// Which numbers belong to a path: a level of refinement draws from an index of its own.
#[derive(Clone, Copy, Debug)]
struct Origin {
    seed: u64,
    /// The index of a path and of how often it was refined.
    index: fn(u64, u64) -> Index,
    path: u64,
    level: u64,
}

impl Origin {
    fn rng(self) -> Rng {
        (self.index)(self.path, self.level).rng(self.seed)
    }
}

impl BrownianPath {
    /// The path at its coarsest.
    ///
    /// ```
    /// use fokker_laboratory::paths::BrownianPath;
    ///
    /// let path = BrownianPath::new(0, 3, 1, 1.0, 8);
    /// // A refined path goes through the same points, and through others between them.
    /// let fine = path.refine();
    /// assert_eq!(fine.steps(), 16);
    /// let ends = |path: &BrownianPath| *path.values(0).last().unwrap();
    /// assert!((ends(&fine) - ends(&path)).abs() < 1e-12);
    /// ```
    pub fn new(seed: u64, path: u64, dimension: usize, horizon: f64, steps: usize) -> Self {
        Self::drawn(Origin { seed, index: Index::laboratory_path, path, level: 0 }, dimension, horizon, steps)
    }

    pub(crate) fn of_field(seed: u64, realisation: u64, dimension: usize, horizon: f64, steps: usize) -> Self {
        let origin = Origin { seed, index: Index::laboratory_field, path: realisation, level: 0 };
        Self::drawn(origin, dimension, horizon, steps)
    }

    fn drawn(origin: Origin, dimension: usize, horizon: f64, steps: usize) -> Self {
        let deviation = (horizon / steps as f64).sqrt();
        let mut rng = origin.rng();
        let increments = (0..steps * dimension).map(|_| deviation * normal(&mut rng)).collect();
        Self { dimension, horizon, increments, origin }
    }

    /// Number of components d.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// T.
    pub fn horizon(&self) -> f64 {
        self.horizon
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.increments.len() / self.dimension
    }

    /// The d increments of step k.
    pub fn increment(&self, k: usize) -> &[f64] {
        &self.increments[k * self.dimension..][..self.dimension]
    }

    /// The values of one component at 0, T/steps, …, T.
    pub fn values(&self, component: usize) -> Vec<f64> {
        let mut value = 0.0;
        let later = (0..self.steps()).map(|k| {
            value += self.increment(k)[component];
            value
        });
        std::iter::once(0.0).chain(later).collect()
    }

    /// The same path with every step halved.
    pub fn refine(&self) -> Self {
        let origin = Origin { level: self.origin.level + 1, ..self.origin };
        let mut rng = origin.rng();
        let deviation = 0.5 * (self.horizon / self.steps() as f64).sqrt();
        let d = self.dimension;
        let mut increments = vec![0.0; 2 * self.increments.len()];
        for (k, step) in self.increments.chunks(d).enumerate() {
            for (component, increment) in step.iter().enumerate() {
                let first = 0.5 * increment + deviation * normal(&mut rng);
                increments[2 * k * d + component] = first;
                increments[(2 * k + 1) * d + component] = increment - first;
            }
        }
        Self { dimension: d, horizon: self.horizon, increments, origin }
    }

    /// The same path with every two steps joined; undoes [`refine`](Self::refine) up to rounding.
    ///
    /// # Panics
    /// If the number of steps is odd.
    pub fn coarsen(&self) -> Self {
        assert!(self.steps().is_multiple_of(2), "an odd number of steps cannot be joined in pairs");
        let d = self.dimension;
        // One level back, so that refining goes to the same points again.
        let origin = Origin { level: self.origin.level.saturating_sub(1), ..self.origin };
        let pairs = self.increments.chunks(2 * d);
        let increments = pairs.flat_map(|pair| (0..d).map(move |c| pair[c] + pair[c + d])).collect();
        Self { dimension: d, horizon: self.horizon, increments, origin }
    }
}

fn normal(rng: &mut Rng) -> f64 {
    rng.sample(StandardNormal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finer_path_goes_through_the_same_points() {
        let coarse = BrownianPath::new(1, 2, 3, 2.0, 10);
        let fine = coarse.refine().refine();
        assert_eq!(fine.steps(), 40);
        for component in 0..3 {
            let (coarse, fine) = (coarse.values(component), fine.values(component));
            for k in 0..=10 {
                assert!((coarse[k] - fine[4 * k]).abs() < 1e-14);
            }
        }
        let back = fine.coarsen().coarsen();
        for k in 0..10 {
            assert!((back.increment(k)[1] - coarse.increment(k)[1]).abs() < 1e-15);
        }
    }

    #[test]
    fn refined_increments_are_independent_with_the_variance_of_their_step() {
        let (paths, steps) = (4000, 4);
        let mut second = [0.0; 4];
        let mut mixed = 0.0;
        for path in 0..paths {
            let fine = BrownianPath::new(5, path, 1, 2.0, 2).refine();
            for (k, second) in second.iter_mut().enumerate() {
                *second += fine.increment(k)[0].powi(2);
            }
            mixed += fine.increment(0)[0] * fine.increment(1)[0];
        }
        let n = paths as f64;
        let variance = 2.0 / steps as f64;
        // Five standard errors of a mean of squares (√2 v/√n) and of products (v/√n).
        for second in second {
            assert!((second / n - variance).abs() < 5.0 * 2f64.sqrt() * variance / n.sqrt());
        }
        assert!((mixed / n).abs() < 5.0 * variance / n.sqrt());
    }
}
