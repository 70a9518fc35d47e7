//! [Lai 2023, Prop. 2 and Lemma 3] for scores with a known error.

use fokker_process::{Process, ProcessConfig};
use serde::{Deserialize, Serialize};

use super::score_inequalities::{check_disturbances, mixture, title};
use super::view::{as_caption, figure};
use crate::propositions::{Case, Generation, agreement};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::{Exact, ReverseError, ReverseErrorKeys};
use fokker_laboratory::score_fpe::{Disturbance, Disturbed, TrueScore};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::Figure;

/// The true score of a mixture on a line or in the plane with disturbances, each a picture: how far it is from the truth and
/// from the score of what it generates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreAgreementConfig {
    /// The process.
    pub process: ProcessConfig,
    /// Weights of the components.
    pub weights: Vec<f64>,
    /// Means of the components: one number each, or two.
    pub means: Vec<Vec<f64>>,
    /// Standard deviations of the components.
    pub stds: Vec<f64>,
    /// What is added to the true score; zero at the process's last time.
    pub disturbances: Vec<Disturbance>,
    /// Where the generation ends, above 0.
    pub end: f64,
    /// Every axis of the grid.
    pub axis: Axis,
    /// Steps of the generation, equally far apart in ln t.
    pub steps: usize,
    /// Times at which the scores are compared.
    pub looks: usize,
    /// Draws over which the residual is averaged.
    pub points: usize,
}

impl ScoreAgreementConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check_disturbances(&self.disturbances)?;
        self.axis.check("figure.axis")?;
        check::positive("figure.end", self.end)?;
        check::count("figure.steps", self.steps, 2..=10_000)?;
        check::count("figure.looks", self.looks, 1..=self.steps)?;
        check::count("figure.points", self.points, 1..=100_000)?;
        let process = check::process("figure.process", &self.process)?;
        let data = mixture(&self.weights, &self.means, &self.stds)?;
        let dimension = data.dimension();
        if dimension > 2 {
            return Err(LaboratoryError::value(
                "figure.means",
                dimension,
                "of one or two numbers: a grid has as many axes",
            ));
        }
        let cells = ("figure.axis.cells", self.axis.cells);
        let mut work = vec![cells; dimension];
        work.push(("figure.steps", self.steps));
        check::product(&work, check::MOST_NUMBERS, "numbers in memory")?;
        let exact = Exact { data: &data, process: &*process };
        let generation = ReverseError {
            data: &data,
            process: &*process,
            score: &exact,
            backward_noise: 1.0.into(),
            start: process.horizon(),
            end: self.end,
            prior_std: process.prior_std(),
        };
        let keys = ReverseErrorKeys { reach: "figure.axis", cells: "figure.axis.cells", end: "figure.end" };
        generation.check(&vec![self.axis; dimension], &keys)
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let process: &dyn Process = &*process;
        let data = mixture(&self.weights, &self.means, &self.stds)?;
        let truth = TrueScore { data: &data, process };
        let exact_at = process.horizon();
        let scores: Vec<Disturbed> =
            self.disturbances.iter().map(|&disturbance| Disturbed { field: &truth, disturbance, exact_at }).collect();
        let cases: Vec<Case> =
            self.disturbances.iter().zip(&scores).map(|(name, score)| Case { name: title(name), score }).collect();
        let axes = vec![self.axis; data.dimension()];
        let Self { end, steps, looks, points, .. } = *self;
        let drawn =
            agreement(process, &data, &cases, &Generation { axes: &axes, end, steps, looks, points, seed }, watch)?;
        let caption = format!(
            "Process {}; data: weights {:?}, means {:?}, standard deviations {:?}. The true score s, disturbed by a field that is zero at \
             T; ŝ is the score of what it generates from the prior. {} cells to an axis, {steps} steps; the residual is that at {points} \
             draws. {}",
            as_caption(&self.process),
            self.weights,
            self.means,
            self.stds,
            self.axis.cells,
            drawn.caption
        );
        Ok(figure(caption, drawn.panels.len().min(3), (400, 360), drawn.panels, drawn.tables))
    }
}
