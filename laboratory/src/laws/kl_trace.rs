//! Divergence and bound along the reverse of any equation [Aamari 2025, Prop. 4.1–4.3].

use super::{KlRow, Score, flow_rate, kullback_leibler, log_slope};
use crate::fokker_planck::{Equation, Solver};
use crate::grid::Field;
use crate::{LaboratoryError, Watch};

/// A function of place and time.
pub type Coefficient<'a> = dyn Fn(&[f64], f64) -> f64 + Sync + 'a;

/// A generation from `start` back to `end`, next to the truth. D and D̃ may depend on place and time, both in the time t of
/// the forward equation; `generator` is the reverse with the score that is judged, in τ = start − t.
pub struct KlTrace<'a, E> {
    /// Solves the reverse equation with the score.
    pub generator: Solver<E>,
    /// The true density at time t, on the grid.
    pub law: &'a (dyn Fn(f64) -> Field + Sync),
    /// ∇ln p.
    pub truth: &'a dyn Score,
    /// The score that stands for it.
    pub score: &'a dyn Score,
    /// D = σ².
    pub forward: &'a Coefficient<'a>,
    /// D̃ = σ̃² > 0.
    pub backward: &'a Coefficient<'a>,
    /// Where the generation begins.
    pub start: f64,
    /// Where it ends, above 0.
    pub end: f64,
}

/// What is integrated over τ.
#[derive(Clone, Copy, Default)]
struct Rates {
    tau: f64,
    truth: f64,
    bound: f64,
    score_error: f64,
}

impl<E: Equation> KlTrace<'_, E> {
    /// Walks back from the density `q` in `steps` steps, equally far apart in ln t; every `every`-th is a row.
    ///
    /// # Errors
    /// If the one who watches stops it.
    pub fn rows(
        &self,
        mut q: Field,
        steps: usize,
        every: usize,
        watch: &dyn Watch,
    ) -> Result<Vec<KlRow>, LaboratoryError> {
        let time = |k: usize| self.start * (self.end / self.start).powf(k as f64 / steps as f64);
        let mut rows: Vec<KlRow> = Vec::new();
        let (mut integrated, mut bound) = (0.0, 0.0);
        let mut last = Rates::default();
        for k in 0..=steps {
            watch.advance(k as f64 / steps as f64)?;
            if k > 0 {
                self.generator.step(&mut q, self.start - time(k - 1), self.start - time(k));
            }
            let p = (self.law)(time(k));
            let now = self.rates(&p, &q, time(k));
            if k == 0 {
                integrated = kullback_leibler(&p, &q);
                bound = integrated;
            } else {
                let half = 0.5 * (now.tau - last.tau);
                integrated += half * (last.truth + now.truth);
                bound += half * (last.bound + now.bound);
            }
            last = now;
            if k % every == 0 || k == steps {
                let (tau, score_error) = (now.tau, now.score_error);
                rows.push(KlRow { tau, truth: kullback_leibler(&p, &q), integrated, bound, score_error });
            }
        }
        Ok(rows)
    }

    /// The two integrands at time t, and E |∇ln p − s|².
    fn rates(&self, p: &Field, q: &Field, t: f64) -> Rates {
        let points: Vec<Vec<f64>> = (0..p.values.len()).map(|index| p.point(index)).collect();
        let noises: Vec<(f64, f64)> = points.iter().map(|x| ((self.forward)(x, t), (self.backward)(x, t))).collect();
        let missed = |component: usize| {
            let miss = |x: &Vec<f64>| self.truth.score(x, t, component) - self.score.score(x, t, component);
            points.iter().map(miss).collect::<Vec<f64>>()
        };
        let misses: Vec<Vec<f64>> = (0..p.dimension()).map(missed).collect();
        let slopes: Vec<(Vec<f64>, Vec<f64>)> =
            (0..p.dimension()).map(|component| (log_slope(p, component), log_slope(q, component))).collect();
        let truth = flow_rate(p, q, |component, index| {
            let (forward, backward) = noises[index];
            let apart = slopes[component].0[index] - slopes[component].1[index];
            (forward + backward) * misses[component][index] - backward * apart
        });
        let (mut bound, mut score_error) = (0.0, 0.0);
        for (index, (forward, backward)) in noises.iter().enumerate() {
            let square = misses.iter().map(|miss| miss[index].powi(2)).sum::<f64>() * p.values[index] * p.volume();
            score_error += square;
            bound += (forward + backward).powi(2) / (4.0 * backward) * square;
        }
        Rates { tau: self.start - t, truth, bound, score_error }
    }
}
