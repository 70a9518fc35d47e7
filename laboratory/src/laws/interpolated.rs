//! A score that is cheaper to ask for many points at once, such as a network.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::Score;
use crate::grid::{Axis, Field};

/// A score that is evaluated at all centres of a grid for each time that is needed, and interpolated linearly between them.
/// Beyond the outermost centres it keeps the outermost values.
pub struct Interpolated<F> {
    axes: Vec<Axis>,
    evaluate: F,
    recent: Mutex<VecDeque<(u64, Arc<Vec<f64>>)>>,
}

/// Times whose values are kept. A step evaluates at its middle, the history of divergences at its end.
const REMEMBERED: usize = 4;

impl<F: Fn(&[f64], f64) -> Vec<f64> + Sync> Interpolated<F> {
    /// `evaluate(points, t)` is given the coordinates of all points, point after point, and returns the scores likewise.
    pub fn new(axes: &[Axis], evaluate: F) -> Self {
        Self { axes: axes.to_vec(), evaluate, recent: Mutex::default() }
    }

    fn at(&self, t: f64) -> Arc<Vec<f64>> {
        // A panic of `evaluate` leaves nothing half done in the list.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, scores)) = recent.iter().find(|(time, _)| *time == t.to_bits()) {
            return scores.clone();
        }
        let grid = Field::zeros(&self.axes);
        let points: Vec<f64> = (0..grid.values.len()).flat_map(|index| grid.point(index)).collect();
        let scores = Arc::new((self.evaluate)(&points, t));
        assert_eq!(scores.len(), points.len(), "one number of the score for each coordinate of a point");
        recent.push_back((t.to_bits(), scores.clone()));
        if recent.len() > REMEMBERED {
            recent.pop_front();
        }
        scores
    }
}

/// The centre below a coordinate, and how far beyond it, in cells.
fn place(axis: &Axis, x: f64) -> (usize, f64) {
    let cells = ((x - axis.centre(0)) / axis.width()).clamp(0.0, (axis.cells - 1) as f64);
    let below = (cells as usize).min(axis.cells - 2);
    (below, cells - below as f64)
}

impl<F: Fn(&[f64], f64) -> Vec<f64> + Sync> Score for Interpolated<F> {
    fn dimension(&self) -> usize {
        self.axes.len()
    }

    fn score(&self, x: &[f64], t: f64, component: usize) -> f64 {
        let scores = self.at(t);
        let d = self.axes.len();
        let value = |i: usize, j: usize| scores[(i + j * self.axes[0].cells) * d + component];
        let (i, right) = place(&self.axes[0], x[0]);
        let along = |j: usize| (1.0 - right) * value(i, j) + right * value(i + 1, j);
        match self.axes.get(1) {
            None => along(0),
            Some(axis) => {
                let (j, above) = place(axis, x[1]);
                (1.0 - above) * along(j) + above * along(j + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linear_is_exact_and_asked_for_once() {
        let axes = [Axis::new(-1.0, 1.0, 8).unwrap(), Axis::new(0.0, 3.0, 5).unwrap()];
        let asked = Mutex::new(0);
        let score = Interpolated::new(&axes, |points: &[f64], t: f64| {
            *asked.lock().unwrap() += 1;
            points.chunks(2).flat_map(|x| [t * x[0] + x[1], x[0] - 2.0 * x[1]]).collect()
        });
        for x in [[-0.3, 0.7], [0.8, 2.5], [0.0, 1.5]] {
            assert!((score.score(&x, 0.5, 0) - (0.5 * x[0] + x[1])).abs() < 1e-14);
            assert!((score.score(&x, 0.5, 1) - (x[0] - 2.0 * x[1])).abs() < 1e-14);
        }
        assert_eq!(*asked.lock().unwrap(), 1);
        assert_eq!(score.score(&[-9.0, 1.5], 0.5, 1), score.score(&[axes[0].centre(0), 1.5], 0.5, 1));
    }
}
