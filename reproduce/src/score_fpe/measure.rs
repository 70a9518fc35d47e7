//! What is measured of a run's network: likelihoods, residuals, scores.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use fokker::datasets::Sequential;
use fokker::model::{Derivatives, Network, NetworkScore, NetworkVisitor, Score};
use fokker::process::Process;
use fokker::sampling::likelihood::{Draw, Estimate, GaussianPrior, LikelihoodConfig, log_density};
use fokker::training::score_fpe::{Residuals, ResidualsConfig};
use serde::{Deserialize, Serialize};

use super::run::TrainedExhibit;
use fokker::Error;
use fokker::Monitor;
use fokker::RunConfig;
use fokker::likelihood::{LikelihoodRequest, Quantity, likelihood};

/// How likelihoods are measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct BitsSettings {
    /// Held-out examples, the first.
    pub examples: usize,
    /// What is measured.
    pub quantity: Quantity,
}

impl TrainedExhibit {
    /// Bits per dimension of held-out examples, kept under a name.
    pub fn bits(&self, name: &str, settings: BitsSettings) -> Result<Estimate, Error> {
        self.cached(name, settings, |settings| {
            let mut request = LikelihoodRequest::new(settings.examples);
            request.quantity = settings.quantity.clone();
            let backend = format!("backend.name={}", self.config.backend.name.name());
            Ok(likelihood(&self.checkpoint, &[backend], &request, &*self.monitor)?.bits_per_dimension)
        })
    }

    /// Residuals along `t`, kept.
    pub fn residuals(&self, settings: ResidualsConfig) -> Result<Vec<Residuals>, Error> {
        self.cached("residuals", settings, |settings| self.visit(MeasureResiduals { run: self, settings: *settings }))
    }

    /// The score at points of the plane at one time.
    pub fn scores(&self, points: &[[f64; 2]], t: f64) -> Result<Vec<[f64; 2]>, Error> {
        self.visit(AskScores { run: self, points, t })
    }

    /// `ln p` of points of the plane under the probability flow, kept.
    pub fn log_densities(&self, settings: GridSettings) -> Result<Vec<f64>, Error> {
        self.cached("density", settings, |settings| self.visit(MeasureDensity { run: self, settings }))
    }

    pub(super) fn score<N>(&self, network: N) -> Result<NetworkScore<N>, Error> {
        self.config.check_null_class("the report")?;
        let process: Arc<dyn Process> = self.config.build_process()?;
        Ok(NetworkScore::new(network, process, self.config.parameterization))
    }

    pub(super) fn device(&self) -> Result<Device, Error> {
        Ok(self.config.backend.resolve()?.device)
    }
}

/// The first held-out examples of a configuration, prepared.
///
/// # Shapes
/// → `[count, …]`
pub(super) fn held_out<const D: usize>(config: &RunConfig, count: usize, device: &Device) -> Result<Tensor<D>, Error> {
    let data = config.data.open(config.data.held_out(), config.seed)?;
    let count = count.min(data.len());
    let batches = Sequential::new(data, config.preprocessing.clone(), count, config.seed)?;
    let batch = batches.iter().next().expect("a set of held-out examples is not empty");
    let shape: [usize; D] = batch.shape.try_into().expect("the data have the rank of the network");
    Ok(Tensor::from_data(TensorData::new(batch.values, shape), device))
}

/// Points whose paths are walked at once.
const BATCH: usize = 2500;

/// `ln p` of each example, the mean of the estimates of the divergence.
fn log_densities<const D: usize>(
    score: &dyn Derivatives<D>,
    x: Tensor<D>,
    config: &LikelihoodConfig,
    seed: u64,
    monitor: &dyn Monitor,
) -> Result<Vec<f64>, Error> {
    config.validate(score.process())?;
    let prior = GaussianPrior::of(score.process());
    let count = x.dims()[0];
    let mut progress = monitor.begin("densities", "points", 0, count as u64);
    let mut all = Vec::with_capacity(count);
    for first in (0..count).step_by(BATCH) {
        let size = BATCH.min(count - first);
        let examples: Vec<u64> = (first as u64..(first + size) as u64).collect();
        let draw = Draw { seed, examples: &examples, number: 0 };
        let mut observe = |percent: usize| {
            progress.update((first + size * percent / 100) as u64, "");
            monitor.flow()
        };
        let part = x.clone().narrow(0, first, size);
        let densities = log_density(score, part, config, &draw, &prior, &mut observe).ok_or(Error::Interrupted)?;
        all.extend(densities.values.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64));
    }
    Ok(all)
}

/// A grid of points in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct GridSettings {
    /// Half of its width; its centre is the origin.
    pub reach: f64,
    /// Cells to a side.
    pub cells: usize,
    /// The method.
    pub likelihood: LikelihoodConfig,
}

impl GridSettings {
    /// The centres of the cells, row after row from below.
    pub fn points(&self) -> Vec<[f64; 2]> {
        let width = 2.0 * self.reach / self.cells as f64;
        let at = |index: usize| -self.reach + (index as f64 + 0.5) * width;
        (0..self.cells).flat_map(|row| (0..self.cells).map(move |column| [at(column), at(row)])).collect()
    }
}

struct MeasureDensity<'a> {
    run: &'a TrainedExhibit,
    settings: &'a GridSettings,
}

impl NetworkVisitor for MeasureDensity<'_> {
    type Output = Result<Vec<f64>, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Vec<f64>, Error> {
        let x = in_the_plane::<D>(&self.settings.points(), &self.run.device()?)?;
        log_densities(&self.run.score(network)?, x, &self.settings.likelihood, self.run.config.seed, &*self.run.monitor)
    }
}

struct AskScores<'a> {
    run: &'a TrainedExhibit,
    points: &'a [[f64; 2]],
    t: f64,
}

impl NetworkVisitor for AskScores<'_> {
    type Output = Result<Vec<[f64; 2]>, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Vec<[f64; 2]>, Error> {
        let x = in_the_plane::<D>(self.points, &self.run.device()?)?;
        let scores = self.run.score(network)?.score(x, &vec![self.t; self.points.len()]).into_data_as::<f64>();
        let scores = scores.as_slice::<f64>().expect("converted to f64 just above");
        Ok(scores.chunks(2).map(|score| [score[0], score[1]]).collect())
    }
}

/// Points of the plane for a network on vectors.
fn in_the_plane<const D: usize>(points: &[[f64; 2]], device: &Device) -> Result<Tensor<D>, Error> {
    let mut shape = [2; D];
    if D != 2 {
        return Err(Error::Usage("points in the plane need a network on vectors: network.kind = \"mlp\"".into()));
    }
    shape[0] = points.len();
    let values: Vec<f32> = points.iter().flatten().map(|value| *value as f32).collect();
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}

struct MeasureResiduals<'a> {
    run: &'a TrainedExhibit,
    settings: ResidualsConfig,
}

impl NetworkVisitor for MeasureResiduals<'_> {
    type Output = Result<Vec<Residuals>, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Vec<Residuals>, Error> {
        let score = self.run.score(network)?;
        let x0 = held_out::<D>(&self.run.config, self.settings.examples, &self.run.device()?)?;
        residuals(&score, &x0, self.settings, self.run.config.seed, &*self.run.monitor)
    }
}

/// Residuals of a score along `t`.
pub(super) fn residuals<const D: usize>(
    score: &dyn Derivatives<D>,
    x0: &Tensor<D>,
    settings: ResidualsConfig,
    seed: u64,
    monitor: &dyn Monitor,
) -> Result<Vec<Residuals>, Error> {
    let times = settings.times(score.process());
    let mut progress = monitor.begin("residuals", "times", 0, times.len() as u64);
    let mut all = Vec::with_capacity(times.len());
    for t in times {
        if monitor.should_stop() {
            return Err(Error::Interrupted);
        }
        all.push(settings.measure(score, x0, seed, t));
        progress.update(all.len() as u64, "");
    }
    Ok(all)
}
