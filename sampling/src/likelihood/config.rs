//! How a likelihood is computed.

use fokker_model::{Divergence, Probe};
use fokker_process::Process;
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use burn::tensor::Tensor;

use super::truncation::Truncation;
use crate::error::SamplingError;
use crate::grid::{MOST_STEPS, TimeGrid};
use crate::solvers::{EULER, HEUN, RUNGE_KUTTA_4, Summation, Tableau, ToleranceConfig};

/// The method that walks the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LikelihoodSolver {
    /// Dormand–Prince 5(4) with steps of each example's own.
    #[default]
    DormandPrince,
    /// Euler's method on a grid, of order 1.
    Euler,
    /// Heun's method on a grid, of order 2.
    Heun,
    /// The classical Runge–Kutta method on a grid, of order 4.
    Rk4,
}

impl LikelihoodSolver {
    /// The method on a grid; none for `dormand_prince`, which chooses its steps.
    pub(super) fn on_grid(self) -> Option<Tableau> {
        match self {
            Self::DormandPrince => None,
            Self::Euler => Some(EULER),
            Self::Heun => Some(HEUN),
            Self::Rk4 => Some(RUNGE_KUTTA_4.summed(Summation::SlopesFirst)),
        }
    }
}

/// How the divergence is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DivergenceMethod {
    /// One product for each coordinate.
    Exact,
    /// One random probe for each estimate (Hutchinson 1989).
    Hutchinson,
    /// As many directions taken out exactly as probes of the rest (Meyer et al. 2021).
    HutchPlusPlus,
}

/// How a likelihood is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LikelihoodConfig {
    /// The method. Default `dormand_prince`.
    pub solver: LikelihoodSolver,
    /// Steps of the methods on a grid. Default 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// The grid of those. Default Karras's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<TimeGrid>,
    /// What `dormand_prince` allows in a step: the root mean square over the coordinates of the state's error, and the
    /// error of ln p for each coordinate. Default 1e-5 for both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<ToleranceConfig>,
    /// The divergence. Default: exact up to 32 coordinates, Hutchinson's above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divergence: Option<DivergenceMethod>,
    /// Independent estimates of the divergence along each path; the exact one needs no second. Default 2, of which the
    /// standard error over probes is estimated.
    pub probes: usize,
    /// The law of the probes. Default Rademacher.
    pub probe: Probe,
    /// Directions that Hutch++ takes out, and probes of the rest, in each of its estimates. Default 4.
    pub sketch: usize,
    /// Coordinates that the exact divergence evaluates at once. Default 16.
    pub block: usize,
    /// What is done about the smallest time. Default `matched`.
    pub truncation: Truncation,
}

impl Default for LikelihoodConfig {
    fn default() -> Self {
        Self {
            solver: LikelihoodSolver::DormandPrince,
            steps: None,
            grid: None,
            tolerance: None,
            divergence: None,
            probes: 2,
            probe: Probe::Rademacher,
            sketch: 4,
            block: 16,
            truncation: Truncation::Matched,
        }
    }
}

/// Dimensions up to which the exact divergence is the default.
const EXACT_UP_TO: usize = 32;

impl LikelihoodConfig {
    /// Checks the numbers, and that they go with the solver and the process.
    ///
    /// # Errors
    /// The field that does not fit, with the reason.
    pub fn validate(&self, process: &dyn Process) -> Result<(), SamplingError> {
        let fail = |key, message: &str| Err(SamplingError::argument(key, message));
        let adaptive = self.solver == LikelihoodSolver::DormandPrince;
        if adaptive && self.steps.is_some() {
            return fail("steps", "dormand_prince chooses its steps by the tolerance");
        }
        if adaptive && self.grid.is_some() {
            return fail("grid", "dormand_prince chooses its steps by the tolerance");
        }
        if !adaptive && self.tolerance.is_some() {
            return fail("tolerance", "only dormand_prince controls its error; the others take steps");
        }
        if !(1..=MOST_STEPS).contains(&self.steps()) {
            return fail("steps", &format!("{} is not in 1..={MOST_STEPS}", self.steps()));
        }
        let grid = self.grid();
        if grid.counts_points() {
            return fail(
                "grid",
                "must reach from the horizon to the smallest time: uniform, quadratic, log_snr or karras",
            );
        }
        grid.validate(process, self.steps())?;
        if !self.tolerance().is_positive() {
            return fail("tolerance", "needs absolute > 0 and relative > 0");
        }
        for (key, value) in [("probes", self.probes), ("sketch", self.sketch), ("block", self.block)] {
            if value == 0 {
                return fail(key, "must be at least 1");
            }
        }
        // Numbers of probes are packed with those of examples.
        if self.probes.saturating_mul(self.sketch) > 1 << 10 {
            return fail("probes", "probes · sketch must be at most 1024");
        }
        Ok(())
    }

    /// The steps of a grid.
    pub fn steps(&self) -> usize {
        self.steps.unwrap_or(64)
    }

    /// The grid.
    pub fn grid(&self) -> TimeGrid {
        self.grid.clone().unwrap_or(TimeGrid::Karras { rho: 7.0 })
    }

    /// The tolerance.
    pub fn tolerance(&self) -> ToleranceConfig {
        self.tolerance.unwrap_or(ToleranceConfig { absolute: 1e-5, relative: 1e-5 })
    }

    /// The divergence of data with so many coordinates.
    pub fn divergence(&self, dimension: usize) -> DivergenceMethod {
        self.divergence.unwrap_or(match dimension {
            0..=EXACT_UP_TO => DivergenceMethod::Exact,
            _ => DivergenceMethod::Hutchinson,
        })
    }

    /// The estimates of the divergence for the examples of a batch, functions of (seed, example, draw).
    pub(super) fn divergences<const D: usize>(
        &self,
        like: &Tensor<D>,
        seed: u64,
        examples: &[u64],
        draw: u64,
    ) -> Vec<Divergence<D>> {
        let dimension = like.dims()[1..].iter().product::<usize>();
        let method = self.divergence(dimension);
        if method == DivergenceMethod::Exact {
            return vec![Divergence::Exact { block: self.block.min(dimension) }];
        }
        // More directions than coordinates are no directions.
        let count = self.sketch.min(dimension);
        let draw_of = |law: Probe, number: usize| {
            let index = |&example: &u64| Index::likelihood_probe(example, draw, number as u64);
            law.draw(seed, examples.iter().map(index), like)
        };
        let several = |law: Probe, first: usize| (first..first + count).map(|k| draw_of(law, k)).collect::<Vec<_>>();
        (0..self.probes)
            .map(|estimate| match method {
                DivergenceMethod::HutchPlusPlus => Divergence::HutchPlusPlus {
                    // Signs alone would now and then agree in two directions of few coordinates.
                    sketch: several(Probe::Gaussian, 2 * estimate * count),
                    probes: several(self.probe, (2 * estimate + 1) * count),
                },
                _ => Divergence::Hutchinson(vec![draw_of(self.probe, estimate)]),
            })
            .collect()
    }
}
