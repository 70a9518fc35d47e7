//! Steps of a density through time.

use rayon::prelude::*;

use super::{ChainSolver, Equation, JumpRates, Scheme};
use crate::grid::Field;
use crate::watch::in_equal_steps;
use crate::{LaboratoryError, Watch};

/// Solves one equation on any grid of its dimension.
#[derive(Clone, Copy, Debug)]
pub struct Solver<E> {
    equation: E,
    scheme: Scheme,
}

impl<E: Equation> Solver<E> {
    /// The solver of an equation.
    pub fn new(equation: E, scheme: Scheme) -> Self {
        Self { equation, scheme }
    }

    /// The equation.
    pub fn equation(&self) -> &E {
        &self.equation
    }

    /// Takes a density from t0 to t1 > t0 in one step, with the coefficients of the middle.
    ///
    /// In two dimensions half a step along the first axis, a whole one along the second, half along the first.
    ///
    /// # Panics
    /// If the density has another dimension than the equation.
    pub fn step(&self, density: &mut Field, t0: f64, t1: f64) {
        assert_eq!(density.dimension(), self.equation.dimension(), "the density and the equation differ in dimension");
        let (middle, step) = (0.5 * (t0 + t1), t1 - t0);
        if density.dimension() == 1 {
            let rates = JumpRates::along(&self.equation, &density.axes[0], &[0.0], 0, middle);
            return self.scheme.advance(&mut ChainSolver::default(), &rates, step, &mut density.values);
        }
        self.sweep_rows(density, middle, 0.5 * step);
        self.sweep_columns(density, middle, step);
        self.sweep_rows(density, middle, 0.5 * step);
    }

    /// Takes a density through `steps` equal steps from t0 to t1.
    ///
    /// # Errors
    /// If the one who watches stops it.
    pub fn run(
        &self,
        density: &mut Field,
        t0: f64,
        t1: f64,
        steps: usize,
        watch: &dyn Watch,
    ) -> Result<(), LaboratoryError> {
        in_equal_steps((t0, t1), steps, watch, |from, to| {
            self.step(density, from, to);
            Ok(())
        })
    }

    /// ∂p/∂t = −∇·J on the grid at time t.
    pub fn rate_of_change(&self, density: &Field, t: f64) -> Field {
        let mut change = Field::zeros(&density.axes);
        let first = density.axes[0];
        for (row, values) in density.values.chunks(first.cells).enumerate() {
            let point = density.point(row * first.cells);
            let line = JumpRates::along(&self.equation, &first, &point, 0, t).apply(values);
            change.values[row * first.cells..][..first.cells].copy_from_slice(&line);
        }
        if let Some(second) = density.axes.get(1) {
            for column in 0..first.cells {
                let values: Vec<f64> = density.values.iter().skip(column).step_by(first.cells).copied().collect();
                let line = JumpRates::along(&self.equation, second, &density.point(column), 1, t).apply(&values);
                change.values.iter_mut().skip(column).step_by(first.cells).zip(line).for_each(|(c, l)| *c += l);
            }
        }
        change
    }

    fn sweep_rows(&self, density: &mut Field, t: f64, step: f64) {
        let (first, second) = (density.axes[0], density.axes[1]);
        density.values.par_chunks_mut(first.cells).enumerate().for_each(|(row, line)| {
            let rates = JumpRates::along(&self.equation, &first, &[0.0, second.centre(row)], 0, t);
            self.scheme.advance(&mut ChainSolver::default(), &rates, step, line);
        });
    }

    fn sweep_columns(&self, density: &mut Field, t: f64, step: f64) {
        let (first, second) = (density.axes[0], density.axes[1]);
        let values = &density.values;
        let columns: Vec<Vec<f64>> = (0..first.cells)
            .into_par_iter()
            .map(|column| {
                let mut line: Vec<f64> = values.iter().skip(column).step_by(first.cells).copied().collect();
                let rates = JumpRates::along(&self.equation, &second, &[first.centre(column), 0.0], 1, t);
                self.scheme.advance(&mut ChainSolver::default(), &rates, step, &mut line);
                line
            })
            .collect();
        for (column, line) in columns.iter().enumerate() {
            for (row, value) in line.iter().enumerate() {
                density.values[row * first.cells + column] = *value;
            }
        }
    }
}
