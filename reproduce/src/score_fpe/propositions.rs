//! [Lai 2023, Prop. 1 to 3, Lemma 3] for trained networks: without and with the regulariser, on a mixture in the plane.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor, TensorData};
use fokker::laboratory::Watch;
use fokker::laboratory::grid::Axis;
use fokker::laboratory::score_fpe::{Jet, ScoreField, TrueScore};
use fokker::model::{Derivatives, Network, NetworkVisitor, Score};
use fokker::{Error, Monitor, Progress};
use fokker_plot::Figure;
use fokker_process::matrix::{DMatrix, DVector};

use super::run::{TrainedExhibit, config, gamma, objective, trained};
use super::{Exhibit, Reproduction};
use crate::propositions::{Case, Drawn, Generation, Statement, agreement, draws, inequalities};

const RECIPE: &str = "score_fpe_propositions";

/// The weights of the regulariser.
const GAMMAS: [f64; 2] = [0.0, 0.1];

/// The first time of all three.
const FIRST: f64 = 0.01;

/// Half the width of the grid of Prop. 2.
const REACH: f64 = 4.0;

/// Cells of that grid to a side: three to the deviation of the narrower component. A network's score is asked in each at every step.
const MOST_CELLS: usize = 50;

/// A figure of one of the three.
pub(super) fn make(reproduction: &Reproduction, part: Exhibit) -> Result<Figure, Error> {
    let numbers = reproduction.numbers();
    let run = |gamma: f64| {
        let mut changes = numbers.plane_changes();
        changes.push(format!("objective.regularizer.gamma={gamma:?}"));
        trained(config(RECIPE, &format!("propositions-gamma{gamma}"), changes, reproduction)?, reproduction)
    };
    let runs = [run(GAMMAS[0])?, run(GAMMAS[1])?];
    let mut parts = Vec::new();
    for run in &runs {
        parts.push(run.visit(Evaluate { run, reproduction, part })?);
    }
    let mut drawn = Drawn { panels: Vec::new(), tables: Vec::new(), caption: String::new() };
    for part in parts {
        drawn.panels.extend(part.panels);
        drawn.tables.extend(part.tables);
        drawn.caption += &format!(" {}", part.caption);
    }
    let about = match part {
        Exhibit::Proposition1 => "Both sides of inequality (7)",
        Exhibit::Proposition2 => {
            "The score s_θ, the true score s, and the score ŝ of what s_θ generates from the prior"
        }
        _ => "Both sides of the inequality",
    };
    let caption = format!(
        "{about}, for an MLP trained by denoising on a mixture in the plane under VP ({}), without and with the regulariser, {} steps.{}",
        objective(&runs[0].config),
        runs[0].config.training.steps,
        drawn.caption
    );
    let title = match part {
        Exhibit::Proposition1 => "How far a trained score is from a gradient",
        Exhibit::Proposition2 => "A trained score, the truth, and the score of what is generated",
        _ => "The residual of a trained score and its bound",
    };
    let figure = reproduction.figure(part, title, caption);
    Ok(Figure { panels: drawn.panels, tables: drawn.tables, columns: 2, ..figure })
}

struct Evaluate<'a> {
    run: &'a TrainedExhibit,
    reproduction: &'a Reproduction,
    part: Exhibit,
}

impl NetworkVisitor for Evaluate<'_> {
    type Output = Result<Drawn, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Drawn, Error> {
        let (run, numbers) = (self.run, self.reproduction.numbers());
        if D != 2 {
            return Err(Error::Usage("points in the plane need a network on vectors: network.kind = \"mlp\"".into()));
        }
        let score = run.score(network)?;
        let field = NetworkField { score: &score, device: run.device()? };
        let data = run.config.mixture()?;
        let data = data.ok_or_else(|| Error::Usage(format!("{RECIPE}: data.kind: is no mixture")))?;
        let process = Score::<D>::process(&score);
        let truth = TrueScore { data: &data, process };
        let cases = [Case { name: format!("γ = {}", gamma(&run.config)), score: &field }];
        let (watch, seed) = (Watching::new(&*run.monitor), run.config.seed);
        let ends = (FIRST, process.horizon());
        let side = |statement| {
            let points = draws(&data, process, 0.0, numbers.points.min(200), seed);
            inequalities(statement, process, &truth, &cases, &points, (ends, numbers.residual_times), &watch)
        };
        Ok(match self.part {
            Exhibit::Proposition1 => side(Statement::Conservativity)?,
            Exhibit::Proposition2 => {
                let cells = numbers.cells.min(MOST_CELLS);
                let axes = [Axis::new(-REACH, REACH, cells)?; 2];
                let (steps, looks, points) = (2 * cells, numbers.residual_times, numbers.points.min(500));
                let generation = Generation { axes: &axes, end: FIRST, steps, looks, points, seed };
                agreement(process, &data, &cases, &generation, &watch)?
            }
            _ => side(Statement::HigherOrder)?,
        })
    }
}

/// Hands on how far a work has come.
struct Watching<'a> {
    monitor: &'a dyn Monitor,
    progress: Mutex<Box<dyn Progress>>,
}

impl<'a> Watching<'a> {
    fn new(monitor: &'a dyn Monitor) -> Self {
        Self { monitor, progress: Mutex::new(monitor.begin("propositions", "%", 0, 100)) }
    }
}

impl Watch for Watching<'_> {
    fn should_stop(&self, fraction: f64) -> bool {
        // A panic in a progress bar leaves nothing half done here.
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.update((100.0 * fraction) as u64, "");
        self.monitor.should_stop()
    }
}

/// A network's score with its derivatives, which are exact, in double precision on the host.
struct NetworkField<'a, const D: usize> {
    score: &'a (dyn Derivatives<D> + Sync),
    device: Device,
}

impl<const D: usize> NetworkField<'_, D> {
    fn tensor(&self, points: &[Vec<f64>], value: impl Fn(&[f64], usize) -> f64) -> Tensor<D> {
        let mut shape = [points[0].len(); D];
        shape[0] = points.len();
        let values = points.iter().flat_map(|x| (0..x.len()).map(|i| value(x, i) as f32).collect::<Vec<_>>()).collect();
        Tensor::from_data(TensorData::new::<f32, _>(values, shape), &self.device)
    }

    fn numbers(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data_as::<f64>().as_slice::<f64>().expect("converted to f64 just above").to_vec()
    }
}

impl<const D: usize> ScoreField for NetworkField<'_, D> {
    fn dimension(&self) -> usize {
        2
    }

    fn jets(&self, points: &[Vec<f64>], t: f64) -> Vec<Jet> {
        let (n, times) = (self.dimension(), vec![t; points.len()]);
        let x = self.tensor(points, |x, i| x[i]);
        let axis = |k: usize| self.tensor(points, |_, i| f64::from(u8::from(i == k)));
        let (value, rate) = self.score.score_rate(x.clone(), &times);
        let (value, rate) = (Self::numbers(value), Self::numbers(rate));
        let mut jets: Vec<Jet> = (0..points.len())
            .map(|p| Jet {
                value: DVector::from_column_slice(&value[p * n..][..n]),
                jacobian: DMatrix::zeros(n, n),
                divergence_slope: DVector::zeros(n),
                rate: DVector::from_column_slice(&rate[p * n..][..n]),
            })
            .collect();
        for j in 0..n {
            for i in 0..=j {
                let second = self.score.score_second(x.clone(), &times, axis(j), axis(i));
                let (along, mixed) = (Self::numbers(second.along_u), Self::numbers(second.mixed));
                for (p, jet) in jets.iter_mut().enumerate() {
                    let (along, mixed) = (&along[p * n..][..n], &mixed[p * n..][..n]);
                    // ∂ⱼ∂ᵢ sᵢ is a part of ∂ⱼ div s, and ∂ᵢ∂ⱼ sⱼ one of ∂ᵢ div s.
                    jet.divergence_slope[j] += mixed[i];
                    if i == j {
                        (0..n).for_each(|row| jet.jacobian[(row, j)] = along[row]);
                    } else {
                        jet.divergence_slope[i] += mixed[j];
                    }
                }
            }
        }
        jets
    }

    fn values(&self, points: &[Vec<f64>], t: f64) -> Vec<DVector<f64>> {
        let values = self.score.score(self.tensor(points, |x, i| x[i]), &vec![t; points.len()]);
        Self::numbers(values).chunks(self.dimension()).map(DVector::from_column_slice).collect()
    }
}
