//! A mixture under an Ornstein–Uhlenbeck process, by histograms [Aamari 2025, Figure 4 and Prop. 2.3].

use fokker_process::{OrnsteinUhlenbeck, OrnsteinUhlenbeckConfig as ProcessConfig};
use fokker_random::Index;
use serde::{Deserialize, Serialize};

use super::draws::Draws;
use super::view::{Law, figure, histogram};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::{LineMixture, LineMixtureConfig};
use fokker_laboratory::paths::{Ensemble, EulerMaruyama, OrnsteinUhlenbeckPath};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Table};

/// Histograms at several times, against the exact law and the limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaxationConfig {
    /// The law of X_0.
    pub data: LineMixtureConfig,
    /// λ > 0.
    pub lambda: f64,
    /// σ > 0.
    pub sigma: f64,
    /// Rising times from 0 on, each a panel, at most 24; the last is T.
    pub times: Vec<f64>,
    /// Steps of the Euler scheme up to T. A panel shows the step nearest to its time.
    pub steps: usize,
    /// Number of trajectories.
    pub paths: usize,
    /// Cells of the histograms.
    pub axis: Axis,
}

impl RelaxationConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        check::positive("figure.lambda", self.lambda)?;
        check::positive("figure.sigma", self.sigma)?;
        check::count("figure.steps", self.steps, 1..=check::MOST_STEPS)?;
        let looks = self.times.len();
        let rising = self.times.windows(2).all(|pair| pair[0] < pair[1]);
        let late = self.times.iter().all(|t| (0.0..=check::LARGEST).contains(t));
        if !(rising && late && (1..=24).contains(&looks) && self.end() >= check::SMALLEST) {
            let expected = "1 to 24 rising times from 0 on, the last above 0";
            return Err(LaboratoryError::value("figure.times", format!("{:?}", self.times), expected));
        }
        check::count("figure.paths", self.paths, 2..=check::MOST_NUMBERS / looks)?;
        check::resolved("figure.steps", self.steps, self.lambda, self.end())?;
        self.data.build("figure.data")?;
        Ok(())
    }

    /// T.
    fn end(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let end = self.end();
        let config = ProcessConfig { lambda: self.lambda, sigma: self.sigma, horizon: end, min_time: 1e-3 * end };
        let process = OrnsteinUhlenbeck::from_config(&config)?;
        let data = self.data.build("figure.data")?;
        let looks: Vec<usize> = self.times.iter().map(|t| (t / end * self.steps as f64).round() as usize).collect();
        let run = Ensemble::simulate(
            &OrnsteinUhlenbeckPath { lambda: self.lambda, sigma: self.sigma },
            &EulerMaruyama,
            &|i| data.sample(&mut Index::laboratory_start(i).rng(seed)),
            (0.0, end),
            self.steps,
            (self.paths, self.paths),
            (&self.axis, &looks),
            seed,
            watch,
        )?;
        let limit = LineMixture::normal(0.0, self.sigma / self.lambda.sqrt())?;
        let (mut panels, mut columns) = (Vec::new(), vec![("x".to_string(), self.axis.centres())]);
        let (mut as_caption, mut numbers) = (Vec::new(), Vec::new());
        for (look, step) in looks.iter().enumerate() {
            // The time at which the paths were looked at.
            let t = end * *step as f64 / self.steps as f64;
            let law = data.diffused(&process, t);
            let heights = run.density(look, &self.axis);
            let draws = Draws::of(&run.kept.iter().map(|path| path[look]).collect::<Vec<f64>>(), &law);
            as_caption.push(format!("t = {t}: {}", draws.moments()));
            numbers.push(draws.table(&[("t", t)]));
            let exact = |x: f64| law.density(x);
            let stationary = |x: f64| limit.density(x);
            let laws: [Law; 2] = [("exact law", Colour::BLACK, &exact), ("N(0, σ²/λ)", Colour::ORANGE, &stationary)];
            panels.push(histogram(&format!("t = {t}"), &self.axis, &heights, "trajectories", &laws));
            columns.push((format!("t={t}"), heights));
            columns.push((format!("exact t={t}"), law.field(self.axis).values));
        }
        let columns: Vec<(&str, &[f64])> = columns.iter().map(|(name, values)| (&**name, &**values)).collect();
        let mut tables = vec![Table::of_columns("", &columns)];
        let (names, rows) = numbers.into_iter().fold((vec![], vec![]), |(_, mut rows): (_, Vec<_>), table| {
            rows.extend(table.rows);
            (table.columns, rows)
        });
        tables.push(Table { name: "numbers".into(), columns: names, rows });
        let step = self.lambda * end / self.steps as f64;
        let caption = format!(
            "Histograms of {} trajectories with λ = {}, σ = {} from the mixture with weights {:?}, means {:?}, standard \
             deviations {:?} (the notes' N(m, v) has the variance v), against the exact law of Prop. 2.3 and the limit. {}. Euler \
             scheme, {} steps up to T = {end} with λΔt = {step:.4}, at which the scheme's own variance in the limit is \
             {:+.2} % off.",
            self.paths,
            self.lambda,
            self.sigma,
            self.data.weights,
            self.data.means,
            self.data.stds,
            as_caption.join("; "),
            self.steps,
            100.0 * (1.0 / (1.0 - 0.5 * step) - 1.0)
        );
        let columns = if panels.len() > 3 { panels.len().div_ceil(2) } else { panels.len() };
        Ok(figure(caption, columns, (380, 320), panels, tables))
    }
}
