//! The Fokker–Planck equation in the plane with a full tensor.

use std::borrow::Cow;

use fokker_process::matrix::DMatrix;
use rayon::prelude::*;

use super::equations::{Coefficients, MatrixEquation, NoiseMatrix};
use super::tensor::{Offset, split};
use crate::fokker_planck::{ChainSolver, JumpRates, Scheme, Transport, bernoulli};
use crate::grid::Field;
use crate::watch::in_equal_steps;
use crate::{LaboratoryError, Watch};

/// Solves ∂p/∂t = −∇·(a p) + Σ ∂ᵢ∂ⱼ (Dᵢⱼ p) with D = ½ L Lᵀ on a grid of two axes [SDE tutorial, eq. 2.3.1]. L may depend on
/// time and place.
///
/// The drift is parted as a = D u + r, where u = D⁺ a and r lies outside of the range of D:
///
/// - [`split`] writes D = Σ ρₑ e eᵀ at every cell, so Σ ∂ᵢ∂ⱼ (Dᵢⱼ p) = Σ ∂ₑ² (ρₑ p). Between a cell and the one at e flows the
///   exponentially fitted flux of one dimension, in q = ρₑ p, with w = e·u, u in the middle between the centres. Along e the cells
///   form lines, each a Markov chain with positive rates, and an implicit step on each keeps mass and sign. Where ρₑ does not
///   depend on the place, a drift D ∇U with a quadratic U has its stationary law e^U exactly. Where it does, the chain has the
///   drift and the tensor of the equation in every cell up to O(h²), also where the offsets change from one cell to the next.
/// - r, which is there only if D is singular, moves the density by [`Transport`], which keeps mass and sign as well.
///
/// A step does all of them one after the other and then back (Strang 1968): second order in time, second order in space
/// where the noise is felt between neighbouring cells, and first order (upwind) where the drift outweighs it.
#[derive(Clone, Copy, Debug)]
pub struct PlaneSolver<E> {
    equation: E,
    scheme: Scheme,
}

/// An eigenvalue of D below this part of the other is none.
const SINGULAR: f64 = 1e-10;

impl<E: MatrixEquation> PlaneSolver<E> {
    /// The solver of an equation.
    pub fn new(equation: E, scheme: Scheme) -> Self {
        Self { equation, scheme }
    }

    /// Takes a density from t0 to t1 > t0 in one step, with the coefficients of the middle.
    ///
    /// # Errors
    /// A tensor that is too thin for the grid; see [`split`].
    ///
    /// # Panics
    /// Unless the density has two axes and the equation two coordinates.
    pub fn step(&self, density: &mut Field, t0: f64, t1: f64) -> Result<(), LaboratoryError> {
        assert_eq!((density.dimension(), self.equation.dimension()), (2, 2), "the plane has two dimensions");
        let (step, widths) = (t1 - t0, [density.axes[0].width(), density.axes[1].width()]);
        let Coefficients { drift, noise } = self.equation.at(0.5 * (t0 + t1));
        let at = |point: &[f64]| Parts::of(&noise.at(point));
        let everywhere = matches!(noise, NoiseMatrix::Everywhere(_)).then(|| at(&[0.0, 0.0]));
        let parts = |point: &[f64]| everywhere.as_ref().map_or_else(|| Cow::Owned(at(point)), Cow::Borrowed);
        let offsets =
            |parts: &Parts| split([0, 1].map(|i| [0, 1].map(|j| parts.tensor[(i, j)] / (widths[i] * widths[j]))));
        let cells = density.values.len();
        let (edges, singular) = match &everywhere {
            Some(parts) => (Edges::same(&offsets(parts)?, cells), parts.rest.amax() > 0.0),
            None => {
                let here = (0..cells).into_par_iter().map(|cell| {
                    let parts = at(&density.point(cell));
                    Ok((offsets(&parts)?, parts.rest.amax() > 0.0))
                });
                let here: Vec<(Vec<Offset>, bool)> = here.collect::<Result<_, LaboratoryError>>()?;
                (
                    Edges::of(here.iter().map(|(offsets, _)| offsets.as_slice()), cells),
                    here.iter().any(|(_, rest)| *rest),
                )
            }
        };
        let tilt = |point: &[f64], along: [f64; 2]| {
            let (parts, drift) = (parts(point), drift(point));
            let inverse = &parts.inverse;
            (0..2).map(|i| along[i] * (inverse[(i, 0)] * drift[0] + inverse[(i, 1)] * drift[1])).sum::<f64>()
        };
        let sweeps: Vec<Sweep> = edges.iter().map(|edges| Sweep::new(density, edges, &tilt)).collect();
        let moved = |x: &[f64], _: f64, component: usize| {
            let (parts, drift) = (parts(x), drift(x));
            parts.rest[(component, 0)] * drift[0] + parts.rest[(component, 1)] * drift[1]
        };
        let transport = singular.then_some(Transport(moved));
        let moves = |density: &mut Field, part: f64| {
            transport.iter().for_each(|transport| transport.run_frozen(density, 0.0, part * step));
        };
        let Some((last, first)) = sweeps.split_last() else {
            moves(density, 1.0);
            return Ok(());
        };
        moves(density, 0.5);
        first.iter().for_each(|sweep| sweep.apply(density, self.scheme, 0.5 * step));
        last.apply(density, self.scheme, step);
        first.iter().rev().for_each(|sweep| sweep.apply(density, self.scheme, 0.5 * step));
        moves(density, 0.5);
        Ok(())
    }

    /// Takes a density through `steps` equal steps from t0 to t1.
    ///
    /// # Errors
    /// As [`step`](Self::step); if the one who watches stops it.
    pub fn run(
        &self,
        density: &mut Field,
        t0: f64,
        t1: f64,
        steps: usize,
        watch: &dyn Watch,
    ) -> Result<(), LaboratoryError> {
        in_equal_steps((t0, t1), steps, watch, |from, to| self.step(density, from, to))
    }
}

/// What a step needs of the noise at one place.
#[derive(Clone, Debug)]
struct Parts {
    /// D = ½ L Lᵀ.
    tensor: DMatrix<f64>,
    /// Its pseudo-inverse D⁺.
    inverse: DMatrix<f64>,
    /// The projection I − D D⁺ onto what the noise does not reach.
    rest: DMatrix<f64>,
}

impl Parts {
    fn of(noise: &DMatrix<f64>) -> Self {
        let tensor = noise * noise.transpose() * 0.5;
        let eigen = tensor.clone().symmetric_eigen();
        let least = SINGULAR * eigen.eigenvalues.amax();
        let [mut inverse, mut rest] = [DMatrix::zeros(2, 2), DMatrix::zeros(2, 2)];
        for (value, axis) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            if *value > least {
                inverse += axis * axis.transpose() / *value;
            } else {
                rest += axis * axis.transpose();
            }
        }
        Self { tensor, inverse, rest }
    }
}

/// One offset, and ρ of every cell along it.
struct Edges {
    cells: [i64; 2],
    rates: Vec<f64>,
}

impl Edges {
    /// The same offsets in every cell.
    fn same(offsets: &[Offset], cells: usize) -> Vec<Self> {
        offsets.iter().map(|offset| Self { cells: offset.cells, rates: vec![offset.rate; cells] }).collect()
    }

    /// Offsets of each cell: all that there are, with a rate of 0 where a cell has others.
    fn of<'a>(offsets: impl Iterator<Item = &'a [Offset]>, cells: usize) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (cell, offsets) in offsets.enumerate() {
            for Offset { cells: [i, j], rate } in offsets {
                // e and −e are one offset.
                let sign = if (*i, *j) < (0, 0) { -1 } else { 1 };
                let along = [sign * i, sign * j];
                let place = all.iter().position(|edges| edges.cells == along).unwrap_or_else(|| {
                    all.push(Self { cells: along, rates: vec![0.0; cells] });
                    all.len() - 1
                });
                all[place].rates[cell] = *rate;
            }
        }
        all
    }
}

/// The lines of cells along one offset, with their rates.
struct Sweep {
    lines: Vec<(Vec<usize>, JumpRates)>,
}

impl Sweep {
    /// `tilt(point, along)` is the w of an edge with this middle and direction, in data units.
    fn new(
        density: &Field,
        Edges { cells, rates: rho }: &Edges,
        tilt: &(impl Fn(&[f64], [f64; 2]) -> f64 + Sync),
    ) -> Self {
        let counts = [density.axes[0].cells as i64, density.axes[1].cells as i64];
        let inside = |at: [i64; 2]| (0..2).all(|i| (0..counts[i]).contains(&at[i]));
        let starts = (0..counts[1]).flat_map(|j| (0..counts[0]).map(move |i| [i, j]));
        // A line starts where there is no cell before.
        let starts: Vec<[i64; 2]> = starts.filter(|at| !inside([at[0] - cells[0], at[1] - cells[1]])).collect();
        let along = [0, 1].map(|i| cells[i] as f64 * density.axes[i].width());
        let line = |start: &[i64; 2]| {
            let mut line = Vec::new();
            let mut at = *start;
            while inside(at) {
                line.push((at[0] + at[1] * counts[0]) as usize);
                at = [at[0] + cells[0], at[1] + cells[1]];
            }
            let mut rates = JumpRates { right: vec![0.0; line.len()], left: vec![0.0; line.len()] };
            for (k, pair) in line.windows(2).enumerate() {
                let (here, next) = (rho[pair[0]], rho[pair[1]]);
                if here == 0.0 && next == 0.0 {
                    continue;
                }
                let centre = density.point(pair[0]);
                let w = tilt(&[centre[0] + 0.5 * along[0], centre[1] + 0.5 * along[1]], along);
                rates.right[k] = here * bernoulli(-w);
                rates.left[k + 1] = next * bernoulli(w);
            }
            (line, rates)
        };
        let moves = |rates: &JumpRates| rates.right.iter().chain(&rates.left).any(|rate| *rate > 0.0);
        Self { lines: starts.par_iter().map(line).filter(|(_, rates)| moves(rates)).collect() }
    }

    fn apply(&self, density: &mut Field, scheme: Scheme, step: f64) {
        let values = &density.values;
        let advanced = self.lines.par_iter().map(|(line, rates)| {
            let mut along: Vec<f64> = line.iter().map(|cell| values[*cell]).collect();
            scheme.advance(&mut ChainSolver::default(), rates, step, &mut along);
            along
        });
        let advanced: Vec<Vec<f64>> = advanced.collect();
        for ((line, _), along) in self.lines.iter().zip(advanced) {
            line.iter().zip(along).for_each(|(cell, value)| density.values[*cell] = value);
        }
    }
}
