//! How far the generated law is from the data, and the bound, for three scores [Aamari 2025, Prop. 4.1–4.3].

use fokker_process::ProcessConfig;
use serde::{Deserialize, Serialize};

use super::view::{BACKWARD_NOISE, as_caption, figure};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::{
    Exact, KlRow, LearnedScore, LearningConfig, LineMixtureConfig, Perturbed, ReverseError, ReverseErrorKeys, Score,
};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};

/// The same generation with an exact, a perturbed and a learned score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundConfig {
    /// The process.
    pub process: ProcessConfig,
    /// The law of the data.
    pub data: LineMixtureConfig,
    /// The grid.
    pub axis: Axis,
    /// Steps of the reverse equation, equally far apart in ln t.
    pub steps: usize,
    /// Where it ends.
    pub end: f64,
    /// Backward noise σ̃ > 0.
    pub backward_noise: f64,
    /// What is added to the exact score: amplitude · sin(wavenumber · x).
    pub amplitude: f64,
    /// See `amplitude`.
    pub wavenumber: f64,
    /// How the third score is learned.
    pub learned: LearningConfig,
}

impl BoundConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        check::count("figure.steps", self.steps, 1..=check::MOST_STEPS)?;
        check::positive("figure.end", self.end)?;
        check::within("figure.backward_noise", self.backward_noise, BACKWARD_NOISE)?;
        // A score that is farther off than this generates nothing near the data.
        check::within("figure.amplitude", self.amplitude, -100.0..=100.0)?;
        check::within("figure.wavenumber", self.wavenumber, -1e4..=1e4)?;
        self.learned.check().map_err(|error| error.at("figure"))?;
        let process = check::process("figure.process", &self.process)?;
        let data = self.data.build("figure.data")?.to_gaussian_mixture()?;
        let exact = Exact { data: &data, process: &*process };
        let keys = ReverseErrorKeys { reach: "figure.axis", cells: "figure.axis.cells", end: "figure.end" };
        self.generation(&exact, &exact).check(&[self.axis], &keys)
    }

    fn generation<'a>(&self, exact: &Exact<'a>, score: &'a dyn Score) -> ReverseError<'a> {
        ReverseError {
            data: exact.data,
            process: exact.process,
            score,
            backward_noise: self.backward_noise.into(),
            start: exact.process.horizon(),
            end: self.end,
            prior_std: exact.process.prior_std(),
        }
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let data = self.data.build("figure.data")?;
        let general = data.to_gaussian_mixture()?;
        let exact = Exact { data: &general, process: &*process };
        let wrong = Perturbed { score: &exact, amplitude: self.amplitude, wavenumber: self.wavenumber };
        let horizon = process.horizon();
        let learned = LearnedScore::learn(&data, &*process, (self.end, horizon), &self.learned, seed, watch)?;
        let cases: [(&str, &dyn Score); 3] =
            [("exact score", &exact), ("perturbed score", &wrong), ("learned score", &learned)];
        let (mut panels, mut tables, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
        for (name, score) in cases {
            let generation = self.generation(&exact, score);
            let rows = generation.trace(&[self.axis], self.steps, (self.steps / 200).max(1), watch)?;
            let list = |of: fn(&KlRow) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
            let (tau, truth, bound) = (list(|r| r.tau), list(|r| r.truth), list(|r| r.bound));
            let (integrated, score_error) = (list(|r| r.integrated), list(|r| r.score_error));
            let curve = |values: &[f64]| tau.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
            let (low, high) =
                truth.iter().chain(&bound).fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
            let low = low.max(1e-9 * high);
            panels.push(
                Panel::new(name, "τ = T − t", "KL(p | q)", (0.0, horizon), (0.0, 1.0))
                    .logarithmic_y(0.5 * low, (high / low).powf(0.35).max(4.0) * high)
                    .with(Layer::line("bound, Prop. 4.3", Colour::ORANGE, curve(&bound)))
                    .with(Layer::line("truth", Colour::BLUE, curve(&truth)))
                    .with(Layer::dashed("integral of Cor. 4.2", Colour::BLACK, curve(&integrated))),
            );
            let last = rows[rows.len() - 1];
            let below = rows.iter().filter(|row| row.bound < row.truth).count();
            verdicts.push(format!(
                "{name}: KL = {:.2e} at the end, bound {:.2e}, below the truth at {below} of {} times",
                last.truth,
                last.bound,
                rows.len()
            ));
            let columns: [(&str, &[f64]); 5] = [
                ("tau", &tau),
                ("truth", &truth),
                ("integrated", &integrated),
                ("bound", &bound),
                ("score error", &score_error),
            ];
            tables.push(Table::of_columns(&name.replace(' ', "-"), &columns));
        }
        let caption = format!(
            "Process {}; data: weights {:?}, means {:?}, standard deviations {:?}. From the prior with backward noise σ̃ = {} \
             down to t = {}; {} cells, {} steps. Perturbation {} sin({} x). Learned: {}. {}.",
            as_caption(&self.process),
            self.data.weights,
            self.data.means,
            self.data.stds,
            self.backward_noise,
            self.end,
            self.axis.cells,
            self.steps,
            self.amplitude,
            self.wavenumber,
            as_caption(&self.learned),
            verdicts.join("; ")
        );
        Ok(figure(caption, 3, (400, 360), panels, tables))
    }
}
