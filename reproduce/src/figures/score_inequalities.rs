//! The inequalities of [Lai 2023, Prop. 1 and 3] for scores with a known error.

use fokker_process::{GaussianMixture, Process, ProcessConfig};
use serde::{Deserialize, Serialize};

use super::view::{MOST_PANELS, as_caption, figure};
use crate::propositions::{Case, Statement, draws, inequalities};
use fokker_laboratory::score_fpe::{Disturbance, Disturbed, TrueScore};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::Figure;

/// The true score of a mixture with disturbances, each a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreInequalitiesConfig {
    /// Which inequality.
    pub statement: Statement,
    /// The process.
    pub process: ProcessConfig,
    /// Weights of the components.
    pub weights: Vec<f64>,
    /// Means of the components, as many numbers each as there are dimensions.
    pub means: Vec<Vec<f64>>,
    /// Standard deviations of the components.
    pub stds: Vec<f64>,
    /// What is added to the true score; zero at the process's last time.
    pub disturbances: Vec<Disturbance>,
    /// The first time, above 0.
    pub first: f64,
    /// Panels of the quadrature in time, equally wide in the log-SNR.
    pub panels: usize,
    /// Points at which both sides are evaluated, drawn from the data.
    pub points: usize,
}

/// A mixture from a configuration.
pub(super) fn mixture(weights: &[f64], means: &[Vec<f64>], stds: &[f64]) -> Result<GaussianMixture, LaboratoryError> {
    for (k, mean) in means.iter().enumerate() {
        mean.iter().try_for_each(|x| check::finite(&format!("figure.means[{k}]"), *x))?;
    }
    weights.iter().enumerate().try_for_each(|(k, weight)| check::positive(&format!("figure.weights[{k}]"), *weight))?;
    stds.iter().enumerate().try_for_each(|(k, std)| check::positive(&format!("figure.stds[{k}]"), *std))?;
    Ok(GaussianMixture::with_stds(weights.to_vec(), means.to_vec(), stds.to_vec())?)
}

/// The disturbances of a configuration.
pub(super) fn check_disturbances(disturbances: &[Disturbance]) -> Result<(), LaboratoryError> {
    check::count("figure.disturbances", disturbances.len(), 1..=MOST_PANELS)?;
    for (k, Disturbance { along, across, wavenumber }) in disturbances.iter().enumerate() {
        let key = |name: &str| format!("figure.disturbances[{k}].{name}");
        check::within(&key("along"), *along, -100.0..=100.0)?;
        check::within(&key("across"), *across, -100.0..=100.0)?;
        check::within(&key("wavenumber"), *wavenumber, -1e4..=1e4)?;
    }
    Ok(())
}

/// What a disturbance is called in titles.
pub(super) fn title(Disturbance { along, across, wavenumber }: &Disturbance) -> String {
    match (*along != 0.0, *across != 0.0) {
        (false, false) => "exact".into(),
        (true, false) => format!("gradient {along} sin {wavenumber}x"),
        (false, true) => format!("curl {across} sin {wavenumber}x"),
        (true, true) => format!("gradient {along} and curl {across}"),
    }
}

impl ScoreInequalitiesConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check_disturbances(&self.disturbances)?;
        check::count("figure.panels", self.panels, 1..=10_000)?;
        check::count("figure.points", self.points, 1..=100_000)?;
        let work = [("figure.panels", self.panels), ("figure.points", self.points)];
        check::product(&work, 10_000_000, "evaluations")?;
        let process = check::process("figure.process", &self.process)?;
        check::within("figure.first", self.first, process.min_time()..=process.horizon())?;
        if self.first >= process.horizon() {
            let expected = format!("below the horizon {}", process.horizon());
            return Err(LaboratoryError::value("figure.first", self.first, expected));
        }
        mixture(&self.weights, &self.means, &self.stds).map(drop)
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
        let points = draws(&data, process, 0.0, self.points, seed);
        let span = ((self.first, exact_at), self.panels);
        let drawn = inequalities(self.statement, process, &truth, &cases, &points, span, watch)?;
        let caption = format!(
            "Process {}; data: weights {:?}, means {:?}, standard deviations {:?}. The true score, disturbed by a field that is zero at \
             T. {} points drawn from the data, {} panels of three Gauss points in the log-SNR. {}",
            as_caption(&self.process),
            self.weights,
            self.means,
            self.stds,
            self.points,
            self.panels,
            drawn.caption
        );
        Ok(figure(caption, drawn.panels.len().min(3), (400, 360), drawn.panels, drawn.tables))
    }
}
