//! papers/004 Figure 4: a mixture under an Ornstein–Uhlenbeck process, by histograms (Prop. 2.3).

use fokker_process::{OrnsteinUhlenbeck, OrnsteinUhlenbeckConfig as ProcessConfig};
use fokker_random::{Stream, rng};
use serde::{Deserialize, Serialize};

use super::view::{Law, figure, histogram};
use crate::grid::{Axis, Field};
use crate::laws::{LineMixture, MixtureConfig};
use crate::paths::{Ensemble, EulerMaruyama, OrnsteinUhlenbeckPath};
use crate::plot::{Colour, Figure, Table};
use crate::{LaboratoryError, Watch, error};

/// Histograms at several times, against the exact law and the limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaxationConfig {
    /// The law of X_0.
    pub data: MixtureConfig,
    /// λ > 0.
    pub lambda: f64,
    /// σ > 0.
    pub sigma: f64,
    /// Rising times from 0 on, each a panel; the last is T.
    pub times: Vec<f64>,
    /// Steps of the Euler scheme up to T.
    pub steps: usize,
    /// Number of trajectories.
    pub paths: usize,
    /// Cells of the histograms.
    pub axis: Axis,
}

impl RelaxationConfig {
    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        self.axis.check("figure.axis")?;
        error::at_least("figure.steps", self.steps, 1)?;
        error::at_least("figure.paths", self.paths, 1)?;
        let rising = self.times.windows(2).all(|pair| pair[0] < pair[1]);
        let Some(&end) = self.times.last().filter(|end| rising && end.is_finite() && **end > 0.0) else {
            let expected = "rising times from 0 on, the last above 0";
            return Err(LaboratoryError::value("figure.times", format!("{:?}", self.times), expected));
        };
        let config = ProcessConfig { lambda: self.lambda, sigma: self.sigma, horizon: end, min_time: 1e-3 * end };
        let process = OrnsteinUhlenbeck::new(&config)?;
        let data = self.data.build()?;
        let run = Ensemble::simulate(
            &OrnsteinUhlenbeckPath { lambda: self.lambda, sigma: self.sigma },
            &EulerMaruyama,
            &|i| data.sample(&mut rng(seed, Stream::LaboratoryStart, i)),
            (0.0, end),
            self.steps,
            (self.paths, self.paths),
            (&self.axis, self.steps),
            seed,
            watch,
        )?;
        let limit = LineMixture::normal(0.0, self.sigma / self.lambda.sqrt())?;
        let (mut panels, mut columns) = (Vec::new(), vec![("x".to_string(), self.axis.centres())]);
        for t in &self.times {
            let look = (t / end * self.steps as f64).round() as usize;
            let law = data.diffused(&process, *t);
            let heights = Field::histogram(&[self.axis], run.kept.iter().map(|path| vec![path[look]])).values;
            let exact = |x: f64| law.density(x);
            let stationary = |x: f64| limit.density(x);
            let laws: [Law; 2] = [("exact law", Colour::BLACK, &exact), ("N(0, σ²/λ)", Colour::ORANGE, &stationary)];
            panels.push(histogram(&format!("t = {t}"), &self.axis, &heights, "trajectories", &laws));
            columns.push((format!("t={t}"), heights));
            columns.push((format!("exact t={t}"), law.field(self.axis).values));
        }
        let columns: Vec<(&str, &[f64])> = columns.iter().map(|(name, values)| (&**name, &**values)).collect();
        let table = Table::of_columns("", &columns);
        let caption = format!(
            "Histograms of {} trajectories with λ = {}, σ = {} from the mixture with weights {:?}, means {:?}, standard \
             deviations {:?} (the notes' N(m, v) has the variance v), against the exact law of Prop. 2.3 and the limit. Euler \
             scheme, {} steps up to T = {end}.",
            self.paths, self.lambda, self.sigma, self.data.weights, self.data.means, self.data.stds, self.steps
        );
        let columns = if panels.len() > 3 { panels.len().div_ceil(2) } else { panels.len() };
        Ok(figure(caption, columns, (380, 320), panels, vec![table]))
    }
}
