//! Strong errors for state-dependent noise, and the integral of a path against itself ([SDE tutorial, §2.2, Example 9];
//! [Aamari 2025, Example 1.9]).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::view::figure;
use fokker_laboratory::paths::{
    BrownianPath, EulerMaruyama, GeometricBrownian, Heun, IntegralOfPath, Method, Milstein, follow,
};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};

/// Geometric Brownian motion at finer and finer steps of the same paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrongOrderConfig {
    /// μ.
    pub growth: f64,
    /// σ > 0.
    pub volatility: f64,
    /// Steps at the coarsest.
    pub steps: usize,
    /// How often every step is halved.
    pub refinements: usize,
    /// Number of paths.
    pub paths: usize,
}

impl StrongOrderConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        // The solution is e^{(μ − σ²/2) + σ B}: beyond these its numbers are not finite or differ in no digit.
        check::within("figure.growth", self.growth, -20.0..=20.0)?;
        check::within("figure.volatility", self.volatility, 1e-6..=10.0)?;
        check::count("figure.steps", self.steps, 1..=check::MOST_STEPS)?;
        check::count("figure.refinements", self.refinements, 1..=24)?;
        check::count("figure.paths", self.paths, 1..=check::MOST_PATHS)?;
        let factors = [("figure.steps", self.steps), ("2^figure.refinements", 1 << self.refinements)];
        check::product(&factors, check::MOST_NUMBERS / 4, "steps of one path")
    }

    pub(super) fn make(&self, seed: u64, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let equation = GeometricBrownian { growth: self.growth, volatility: self.volatility };
        let methods: [&dyn Method; 3] = [&EulerMaruyama, &Milstein, &Heun];
        // Errors of the three methods, then of the two sums against their limits.
        let account = |i: u64| {
            let mut path = BrownianPath::new(seed, i, 1, 1.0, self.steps);
            let mut rows = Vec::new();
            for _ in 0..=self.refinements {
                let end = path.values(0)[path.steps()];
                let exact = equation.solution(1.0, 1.0, end);
                let integral = IntegralOfPath::of(&path);
                let mut row = [0.0; 5];
                for (error, method) in row.iter_mut().zip(methods) {
                    let mut x = [1.0];
                    follow(&equation, method, &mut x, 0.0, &path, |_, _| ());
                    *error = (x[0] - exact).abs();
                }
                row[3] = (integral.ito_sum - integral.ito).abs();
                row[4] = (integral.stratonovich_sum - integral.ito).abs();
                rows.push(row);
                path = path.refine();
            }
            rows
        };
        let mut sums = vec![[0.0; 5]; self.refinements + 1];
        for first in (0..self.paths).step_by(64) {
            watch.advance(first as f64 / self.paths as f64)?;
            let chunk: Vec<_> =
                (first..self.paths.min(first + 64)).into_par_iter().map(|i| account(i as u64)).collect();
            for rows in chunk {
                for (sum, row) in sums.iter_mut().zip(rows) {
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value / self.paths as f64);
                }
            }
        }
        let step = |k: usize| 1.0 / (self.steps << k) as f64;
        let curve = |column: usize| sums.iter().enumerate().map(|(k, row)| (step(k), row[column])).collect::<Vec<_>>();
        let slope = |column: usize| {
            let (first, last) = (sums[0][column], sums[self.refinements][column]);
            (first / last).log2() / self.refinements as f64
        };
        let bounds = |columns: std::ops::Range<usize>| {
            let values = sums.iter().flat_map(|row| row[columns.clone()].to_vec()).filter(|value| *value > 0.0);
            let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
            (0.5 * low, 6.0 * high)
        };
        let finest = step(self.refinements);
        let panel = |title: &str, columns: std::ops::Range<usize>| {
            let (low, high) = bounds(columns);
            Panel::new(title, "step", "mean error", (0.0, 1.0), (0.0, 1.0))
                .logarithmic_x(0.8 * finest, 1.25 * step(0))
                .logarithmic_y(low, high)
        };
        let mut left = panel("Geometric Brownian motion at t = 1", 0..3);
        let mut orders = Vec::new();
        for (column, method) in methods.iter().enumerate() {
            let label = format!("{}: order {:.2} (theory {})", method.name(), slope(column), method.strong_order());
            let colour = Colour::CYCLE[column];
            left = left.with(Layer::line(&label, colour, curve(column))).with(Layer::Dots {
                points: curve(column),
                colour,
                radius: 2.5,
                label: None,
            });
            orders.push(label);
        }
        let away = sums[self.refinements][4];
        let right = panel("|sum − ½(B² − T)| for ∫B dB", 3..5)
            .with(Layer::line(&format!("Itô sums: order {:.2}", slope(3)), Colour::BLUE, curve(3)))
            .with(Layer::line(&format!("Stratonovich sums: {away:.4} away"), Colour::ORANGE, curve(4)));
        let caption = format!(
            "Mean of {} paths, each refined {} times by Lévy's construction; dX = {} X dt + {} X dB. {}. \
             Slopes are between the coarsest and the finest step. Itô sums of ∫B dB: {:.1e} from ½(B² − T) at the finest \
             step, order {:.2} (theory 0.5); Stratonovich sums: {away:.6} from it (theory T/2 = 0.5).",
            self.paths,
            self.refinements,
            self.growth,
            self.volatility,
            orders.join("; "),
            sums[self.refinements][3],
            slope(3)
        );
        let steps: Vec<f64> = (0..sums.len()).map(step).collect();
        let column = |c: usize| sums.iter().map(|row| row[c]).collect::<Vec<f64>>();
        let lists: Vec<Vec<f64>> = (0..5).map(column).collect();
        let names = ["Euler-Maruyama", "Milstein", "Heun", "Ito sum", "Stratonovich sum"];
        let columns: Vec<(&str, &[f64])> =
            std::iter::once(("step", &*steps)).chain(names.into_iter().zip(lists.iter().map(|list| &**list))).collect();
        Ok(figure(caption, 2, (520, 400), vec![left, right], vec![Table::of_columns("", &columns)]))
    }
}
