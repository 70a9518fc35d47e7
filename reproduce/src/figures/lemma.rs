//! Both sides of [Seo, Lemma 3.4] along a solution, as printed and as proved.

use fokker_process::ProcessConfig;
use serde::{Deserialize, Serialize};

use super::energy::{energy_panel, in_space};
use super::view::{as_caption, figure};
use fokker_laboratory::fokker_planck::{Forward, Scheme, Solver};
use fokker_laboratory::grid::Axis;
use fokker_laboratory::laws::LineMixtureConfig;
use fokker_laboratory::stochastic::{Condition, EnergyBound, WeightedSpace};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Colour, Figure, Layer, Panel, Table};

/// A density in L²(ℝ; e^{x²/2c}) along time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LemmaConfig {
    /// The process.
    pub process: ProcessConfig,
    /// c > 0.
    pub c: f64,
    /// The initial density; its variances must be below 2c, or it is not in the space.
    pub data: LineMixtureConfig,
    /// The grid.
    pub axis: Axis,
    /// Steps of the equation.
    pub steps: usize,
}

impl LemmaConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        self.axis.check("figure.axis")?;
        check::positive("figure.c", self.c)?;
        check::count("figure.steps", self.steps, 10..=1_000_000)?;
        let process = check::process("figure.process", &self.process)?;
        in_space(
            &WeightedSpace { c: self.c },
            &self.data.build("figure.data")?,
            &*process,
            &self.axis,
            "figure.data.stds",
        )
    }

    pub(super) fn make(&self, watch: &dyn Watch) -> Result<Figure, LaboratoryError> {
        let process = check::process("figure.process", &self.process)?;
        let data = self.data.build("figure.data")?;
        let verdict = Condition::of(&*process).verdict(self.c);
        let space = WeightedSpace { c: self.c };
        let solver = Solver::new(Forward::new(&*process, 1), Scheme::ImplicitEuler);
        let horizon = process.horizon();
        let time = |k: usize| horizon * k as f64 / self.steps as f64;
        let mut u = data.field(self.axis);
        let (mut rows, mut times) = (Vec::new(), Vec::new());
        for k in 0..=self.steps {
            watch.advance(k as f64 / self.steps as f64)?;
            let t = time(k);
            let lemma = space.lemma(&solver, &u, -process.drift(t), process.diffusion_squared(t), t);
            rows.push(lemma);
            times.push(t);
            if k < self.steps {
                solver.step(&mut u, t, time(k + 1));
            }
        }
        let bound = EnergyBound::new(&*process, self.c, 1, 0.0).map(|bound| bound.at(&times, rows[0].norm));
        // Everything in units of ‖u‖², so that late times can be seen.
        let curve = |of: &dyn Fn(usize) -> f64| (0..=self.steps).map(|k| (times[k], of(k))).collect::<Vec<_>>();
        let lines = [
            ("⟨u, Au⟩", Colour::BLUE, curve(&|k| rows[k].pairing / rows[k].norm)),
            ("Lemma 3.4, sign of its proof", Colour::GREEN, curve(&|k| rows[k].corrected / rows[k].norm)),
            ("Lemma 3.4 as printed", Colour::RED, curve(&|k| rows[k].printed / rows[k].norm)),
            ("(d/2)(f − g²/2c)‖u‖²", Colour::ORANGE, curve(&|k| rows[k].dissipation / rows[k].norm)),
        ];
        let late = self.steps / 8..=self.steps;
        let seen = lines.iter().flat_map(|(_, _, curve)| curve[late.clone()].iter().map(|(_, y)| *y));
        let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
        let room = 0.35 * (high - low).max(1e-6);
        let mut left =
            Panel::new("Both sides, in units of ‖u‖²", "t", "", (0.0, horizon), (low - 0.1 * room, high + 1.3 * room));
        for (label, colour, curve) in lines {
            left = left.with(Layer::line(label, colour, curve));
        }
        let energy: Vec<f64> = rows.iter().map(|row| row.norm).collect();
        let (right, said_of_bound) = energy_panel(&times, "‖u(t)‖²", "‖u‖²", &energy, bound.as_deref());
        let violated = rows.iter().filter(|row| row.pairing > row.printed).count();
        let corrected = rows.iter().filter(|row| row.pairing > row.corrected).count();
        let third = rows.iter().filter(|row| row.pairing > row.dissipation).count();
        let caption = format!(
            "Process {}, c = {}: {verdict}. Of {} times, the inequality fails at {violated} as \
             printed, at {corrected} with the sign of its proof, and ⟨u, Au⟩ ≤ (d/2)(f − g²/2c)‖u‖² at {third}. {said_of_bound} {} \
             cells on [{}, {}].",
            as_caption(&self.process),
            self.c,
            rows.len(),
            self.axis.cells,
            self.axis.lower,
            self.axis.upper
        );
        let list = |of: &dyn Fn(usize) -> f64| (0..=self.steps).map(of).collect::<Vec<f64>>();
        let mut columns = vec![
            ("t", times.clone()),
            ("norm squared", list(&|k| rows[k].norm)),
            ("gradient squared", list(&|k| rows[k].gradient)),
            ("pairing", list(&|k| rows[k].pairing)),
            ("printed", list(&|k| rows[k].printed)),
            ("corrected", list(&|k| rows[k].corrected)),
            ("dissipation", list(&|k| rows[k].dissipation)),
        ];
        columns.extend(bound.map(|bound| ("energy bound", bound)));
        let columns: Vec<(&str, &[f64])> = columns.iter().map(|(name, values)| (*name, &**values)).collect();
        Ok(figure(caption, 2, (520, 400), vec![left, right], vec![Table::of_columns("", &columns)]))
    }
}
