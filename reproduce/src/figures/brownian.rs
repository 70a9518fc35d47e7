//! Trajectories of a Brownian motion, with their quadratic variation [Aamari 2025, Figure 2 and §1.1.2].

use serde::{Deserialize, Serialize};

use super::view::{MOST_SHOWN, figure, path_table};
use fokker_laboratory::paths::{BrownianPath, quadratic_variation};
use fokker_laboratory::{LaboratoryError, check};
use fokker_plot::{Colour, Figure, Layer, Panel};

/// Paths over \[0, time\].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrownianConfig {
    /// How many.
    pub paths: usize,
    /// Length of the paths.
    pub time: f64,
    /// Steps of each.
    pub steps: usize,
}

impl BrownianConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check::count("figure.paths", self.paths, 1..=MOST_SHOWN)?;
        check::count("figure.steps", self.steps, 2..=check::MOST_STEPS)?;
        check::positive("figure.time", self.time)?;
        let factors = [("figure.paths", self.paths), ("figure.steps", self.steps)];
        check::product(&factors, check::MOST_WRITTEN, "numbers in a table")
    }

    pub(super) fn make(&self, seed: u64) -> Result<Figure, LaboratoryError> {
        let time = |k: usize| self.time * k as f64 / self.steps as f64;
        let curve = |values: Vec<f64>| values.into_iter().enumerate().map(|(k, x)| (time(k), x)).collect::<Vec<_>>();
        let (mut paths, mut variations) = (Vec::new(), Vec::new());
        for i in 0..self.paths {
            let values = BrownianPath::new(seed, i as u64, 1, self.time, self.steps).values(0);
            variations.push(curve(quadratic_variation(&values)));
            paths.push(curve(values));
        }
        let reach = 3.2 * self.time.sqrt();
        let mut left = Panel::new("B", "t", "B(t)", (0.0, self.time), (-reach, reach));
        let mut right =
            Panel::new("Quadratic variation Σ (ΔB)²", "t", "⟨B⟩(t)", (0.0, self.time), (0.0, 1.3 * self.time));
        for (i, (path, variation)) in paths.iter().zip(&variations).enumerate() {
            let colour = Colour::CYCLE[i % Colour::CYCLE.len()];
            left = left.with(Layer::path("", colour, path.iter().copied()));
            right = right.with(Layer::path("", colour, variation.iter().copied()));
        }
        let deviation = [-2.0, 2.0].map(|sign| (0..=200).map(move |k| (self.time * f64::from(k) / 200.0, sign)));
        for (k, side) in deviation.into_iter().enumerate() {
            let label = if k == 0 { "±2√t" } else { "" };
            left = left.with(Layer::dashed(label, Colour::BLACK, side.map(|(t, sign)| (t, sign * t.sqrt()))));
        }
        right = right.with(Layer::dashed("t", Colour::BLACK, [(0.0, 0.0), (self.time, self.time)]));
        let ends: Vec<f64> = variations.iter().map(|curve| curve[self.steps].1).collect();
        let (least, most) = ends.iter().fold((f64::INFINITY, 0.0f64), |(l, m), v| (l.min(*v), m.max(*v)));
        let caption = format!(
            "{} trajectories on [0, {}], {} steps. Right: their quadratic variation, which tends to t as steps become finer \
             [Aamari 2025, §1.1.2]. At t = {} it is {:.4} on average, from {least:.4} to {most:.4}; at this step its standard \
             deviation is T √(2/steps) = {:.4}.",
            self.paths,
            self.time,
            self.steps,
            self.time,
            ends.iter().sum::<f64>() / ends.len() as f64,
            self.time * (2.0 / self.steps as f64).sqrt()
        );
        let tables = vec![path_table("paths", &paths), path_table("quadratic-variation", &variations)];
        Ok(figure(caption, 2, (480, 380), vec![left, right], tables))
    }
}
