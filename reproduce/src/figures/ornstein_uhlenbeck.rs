//! Trajectories of an Ornstein–Uhlenbeck process and the histogram of where they end [Aamari 2025, Figure 3].

use serde::{Deserialize, Serialize};

use super::draws::Draws;
use super::view::{Law, MOST_SHOWN, figure, histogram, path_table};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::LineMixture;
use fokker_laboratory::paths::{Ensemble, EulerMaruyama, OrnsteinUhlenbeckPath};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};

/// dX = −λ X dt + √2 σ dB from one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrnsteinUhlenbeckFigure {
    /// λ > 0.
    pub lambda: f64,
    /// σ > 0.
    pub sigma: f64,
    /// X_0.
    pub start: f64,
    /// T.
    pub time: f64,
    /// Steps of the Euler scheme (Remark 2.4).
    pub steps: usize,
    /// Trajectories drawn.
    pub shown: usize,
    /// Draws of X_T.
    pub paths: usize,
    /// Cells of the histogram.
    pub axis: Axis,
}

impl OrnsteinUhlenbeckFigure {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        for (key, value) in [("lambda", self.lambda), ("sigma", self.sigma), ("time", self.time)] {
            check::positive(&format!("figure.{key}"), value)?;
        }
        check::finite("figure.start", self.start)?;
        check::count("figure.steps", self.steps, 1..=check::MOST_STEPS)?;
        check::count("figure.paths", self.paths, 2..=check::MOST_PATHS)?;
        check::count("figure.shown", self.shown, 0..=MOST_SHOWN)?;
        check::resolved("figure.steps", self.steps, self.lambda, self.time)
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let equation = OrnsteinUhlenbeckPath { lambda: self.lambda, sigma: self.sigma };
        let run = Ensemble::simulate(
            &equation,
            &EulerMaruyama,
            &|_| self.start,
            (0.0, self.time),
            self.steps,
            (self.paths, self.shown),
            (&self.axis, &Ensemble::evenly(self.steps, 1000)),
            seed,
            watch,
        )?;
        let last = run.looks.len() - 1;
        let time = |look: usize| self.time * run.looks[look] as f64 / self.steps as f64;
        let paths: Vec<Vec<(f64, f64)>> =
            run.kept.iter().map(|path| path.iter().enumerate().map(|(k, x)| (time(k), *x)).collect()).collect();
        let limit = LineMixture::normal(0.0, self.sigma / self.lambda.sqrt())?;
        let spread = 4.0 * self.sigma / self.lambda.sqrt();
        let interval = (self.start.min(-spread) * 1.05, self.start.max(spread) * 1.05);
        let mut left = Panel::new("Trajectories", "t", "X(t)", (0.0, self.time), interval);
        for (i, path) in paths.iter().enumerate() {
            left = left.with(Layer::path("", Colour::CYCLE[i % Colour::CYCLE.len()], path.iter().copied()));
        }
        let heights = run.density(last, &self.axis);
        let laws: [Law; 1] = [("N(0, σ²/λ)", Colour::BLACK, &|x| limit.density(x))];
        let right = histogram("X(T) and its limit", &self.axis, &heights, "draws", &laws);
        let exact = limit.field(self.axis).values;
        let columns: [(&str, &[f64]); 3] = [("x", &self.axis.centres()), ("draws", &heights), ("limit", &exact)];
        let draws = Draws::of(&run.ends, &limit);
        // The stationary variance of the scheme is σ²/λ over 1 − λΔt/2.
        let step = self.lambda * self.time / self.steps as f64;
        let tables = vec![path_table("paths", &paths), Table::of_columns("histogram", &columns), draws.table(&[])];
        let caption = format!(
            "Left: {} trajectories from X_0 = {} with λ = {} and σ = {}, up to T = {}. Right: {} draws of X_T against \
             N(0, σ²/λ) = N(0, {:.4}): {}. Euler scheme, {} steps of λΔt = {:.4}, at which the scheme's own variance is \
             {:+.2} % off.",
            paths.len(),
            self.start,
            self.lambda,
            self.sigma,
            self.time,
            self.paths,
            self.sigma.powi(2) / self.lambda,
            draws.moments(),
            self.steps,
            step,
            100.0 * (1.0 / (1.0 - 0.5 * step) - 1.0)
        );
        Ok(figure(caption, 2, (480, 380), vec![left, right], tables))
    }
}
