//! What the penalty on the score Fokker–Planck residual [Lai 2023, eq. 8] adds to a step.

use burn::tensor::Device;
use fokker::model::{Network, NetworkVisitor};
use fokker::training::score_fpe::{Estimator, Points, RegularizerConfig, Unit};

use super::trainer::{FIRST, Sessions, step_ms};
use fokker::Error;
use fokker::RunConfig;

/// Milliseconds of the steps of one kind, and how many times those of steps without a penalty that is.
#[derive(Clone, Debug)]
pub struct PenaltyCost {
    /// The kind of penalty.
    pub name: &'static str,
    /// Milliseconds of a step, of every round.
    pub step_ms: Vec<f64>,
    /// That over the milliseconds of a plain step in the same round.
    pub ratio: Vec<f64>,
}

impl PenaltyCost {
    /// The fewest milliseconds of a step: other work on a machine only slows.
    pub fn best(&self) -> f64 {
        self.step_ms.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Measures steps without a penalty and with each kind of it in turn, `rounds` times `steps` of each, in one process:
/// the speed of a machine that others use changes within minutes.
///
/// # Errors
/// As [`train`](fokker::train()).
pub fn measure_penalty(config: &RunConfig, rounds: usize, steps: u64) -> Result<Vec<PenaltyCost>, Error> {
    if rounds == 0 {
        return Err(Error::field("rounds", rounds, "must be at least 1"));
    }
    if steps == 0 {
        return Err(Error::field("trainer_steps", steps, "must be at least 1"));
    }
    fokker_kernels::with_cpu_runtime(|| {
        let device = config.backend.resolve()?.device;
        config.network.build(config.seed, &device, Measurement { config, rounds, steps, device: &device })?
    })
}

struct Measurement<'a> {
    config: &'a RunConfig,
    rounds: usize,
    steps: u64,
    device: &'a Device,
}

impl NetworkVisitor for Measurement<'_> {
    type Output = Result<Vec<PenaltyCost>, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Self::Output {
        let kinds = kinds(self.config);
        let sessions: Vec<Sessions<N>> = kinds
            .iter()
            .enumerate()
            .map(|(number, (_, config))| Sessions::new(config, &network, self.device, &format!("-{number}")))
            .collect::<Result<_, _>>()?;
        let mut costs: Vec<PenaltyCost> =
            kinds.iter().map(|(name, _)| PenaltyCost { name, step_ms: Vec::new(), ratio: Vec::new() }).collect();
        for session in &sessions {
            session.train(FIRST)?;
        }
        for round in 1..=self.rounds as u64 {
            let mut plain = None;
            for (session, cost) in sessions.iter().zip(&mut costs) {
                let taken = step_ms(&session.train(FIRST + round * self.steps)?);
                cost.step_ms.push(taken);
                // The first kind is none.
                cost.ratio.push(taken / *plain.get_or_insert(taken));
            }
        }
        Ok(costs)
    }
}

/// The configuration without a penalty, and with the norm and the projected estimator at noisy data with times of their
/// own and at the points of the loss; all with one probe and exact derivatives.
fn kinds(config: &RunConfig) -> Vec<(&'static str, RunConfig)> {
    let with = |regularizer| {
        let mut config = config.clone();
        config.objective.regularizer = regularizer;
        config
    };
    let penalty =
        |estimator, points| RegularizerConfig { estimator, points, unit: Unit::LogSnr, ..RegularizerConfig::new(1.0) };
    vec![
        ("none", with(None)),
        ("norm", with(Some(penalty(Estimator::Norm, Points::Data)))),
        ("norm at the points of the loss", with(Some(penalty(Estimator::Norm, Points::Loss)))),
        ("projected", with(Some(penalty(Estimator::Projected, Points::Data)))),
        ("projected at the points of the loss", with(Some(penalty(Estimator::Projected, Points::Loss)))),
    ]
}
