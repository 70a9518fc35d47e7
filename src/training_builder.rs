//! Training a network of one's own on data of one's own, without a configuration file.

use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use fokker_datasets::{Dataset, Preprocessing};
use fokker_model::{Network, Parameterization};
use fokker_process::Process;
use fokker_ranks::Ranks;
use fokker_training::{
    Best, Callbacks, CheckpointConfig, Objective, OptimizerConfig, RunFolder, StopEarly, Trainer, TrainingConfig,
    TrainingPlan, ValidationLoss, newest_checkpoint,
};

use crate::error::Error;
use crate::initial_weights::InitialWeights;
use crate::monitor::Monitor;
use crate::own_run::OwnRun;
use crate::report::ReportPage;
use crate::sessions::Sessions;
use crate::trained_model::TrainedModel;
use crate::watch::Watch;

/// A training in the making: a process, a network, and data. All else has defaults: EDM's preconditioning, weights and
/// log-normal times (Karras et al. 2022, table 1), and Adam ([`TrainingPlan::new`]).
///
/// ```
/// use burn::tensor::Device;
/// use fokker::Training;
/// use fokker::datasets::Tensors;
/// use fokker::model::{Mlp, MlpConfig};
/// use fokker::process::ProcessConfig;
///
/// let points = Tensors::from_examples((0..64).map(|k| [k as f32 / 64.0, 0.5]), [2])?;
/// let device = Device::flex();
/// let network = Mlp::new(&MlpConfig { width: 16, ..MlpConfig::new(2) }, 0, &device)?;
/// let process = ProcessConfig::default().build()?;
///
/// let model = Training::with_process(process, network).data(points).steps(5).batch(16).train(&device, &())?;
/// assert_eq!(model.draw(3)?.shape(), [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Training<N: Network<D>, const D: usize> {
    process: Arc<dyn Process>,
    network: N,
    data: Option<Arc<dyn Dataset>>,
    held_out: Option<Arc<dyn Dataset>>,
    seed: u64,
    sigma_data: Option<f64>,
    parameterization: Parameterization,
    objective: Objective,
    optimizer: OptimizerConfig,
    training: TrainingConfig,
    checkpoints: CheckpointConfig,
    preprocessing: Option<Preprocessing>,
    folder: Option<PathBuf>,
    initial: Option<InitialWeights>,
    ranks: Ranks,
}

impl<N: Network<D>, const D: usize> Training<N, D> {
    /// For a process and a network, which lives on the device that it will be trained on.
    pub fn new(process: impl Process + 'static, network: N) -> Self {
        Self::with_process(Arc::new(process), network)
    }

    /// The same for a process that is shared, such as one that a configuration builds.
    pub fn with_process(process: Arc<dyn Process>, network: N) -> Self {
        Self {
            process,
            network,
            data: None,
            held_out: None,
            seed: 0,
            sigma_data: None,
            parameterization: Parameterization::default(),
            objective: Objective::default(),
            optimizer: OptimizerConfig::default(),
            training: TrainingConfig::default(),
            checkpoints: CheckpointConfig::default(),
            preprocessing: None,
            folder: None,
            initial: None,
            ranks: Ranks::alone(),
        }
    }

    /// The examples to learn from, such as [`Tensors`](fokker_datasets::Tensors).
    pub fn data(self, data: impl Dataset + 'static) -> Self {
        Self { data: Some(Arc::new(data)), ..self }
    }

    /// Examples that the network does not learn from. Their loss is measured every so many steps.
    pub fn held_out(mut self, data: impl Dataset + 'static, every: u64) -> Self {
        self.training.validate_every = every;
        Self { held_out: Some(Arc::new(data)), ..self }
    }

    /// How many optimiser steps.
    pub fn steps(mut self, steps: u64) -> Self {
        self.training.steps = steps;
        self
    }

    /// How many examples in a step.
    pub fn batch(mut self, examples: usize) -> Self {
        self.training.batch_size = examples;
        self
    }

    /// The learning rate.
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.training.learning_rate = rate;
        self
    }

    /// The seed of every random number of the training; 0 otherwise.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The standard deviation of the data in the units that the network sees, for EDM's preconditioning and weights. Otherwise
    /// it is measured on the first 4096 examples.
    pub fn sigma_data(self, sigma_data: f64) -> Self {
        Self { sigma_data: Some(sigma_data), ..self }
    }

    /// All numbers of the step loop. It comes before [`steps`](Self::steps) and the others that change one of them.
    pub fn config(self, training: TrainingConfig) -> Self {
        Self { training, ..self }
    }

    /// What the network's output means.
    pub fn parameterization(self, parameterization: Parameterization) -> Self {
        Self { parameterization, ..self }
    }

    /// What is minimised.
    pub fn objective(self, objective: Objective) -> Self {
        Self { objective, ..self }
    }

    /// The optimiser.
    pub fn optimizer(self, optimizer: OptimizerConfig) -> Self {
        Self { optimizer, ..self }
    }

    /// How data become the network's numbers. Otherwise images are scaled to [−1, 1], and vectors are taken as they are.
    pub fn preprocessing(self, preprocessing: Preprocessing) -> Self {
        Self { preprocessing: Some(preprocessing), ..self }
    }

    /// Keeps a run in a folder: metrics, a report page, and checkpoints every so many steps. If there is a run of the same
    /// training already, it is gone on with.
    pub fn save_to(self, folder: impl Into<PathBuf>, checkpoints: CheckpointConfig) -> Self {
        Self { folder: Some(folder.into()), checkpoints, ..self }
    }

    /// Starts from the weights of a run or of a model of diffusers. A run in a folder that has checkpoints already goes on from them.
    pub fn initial_weights(self, initial: InitialWeights) -> Self {
        Self { initial: Some(initial), ..self }
    }

    /// Shares the training with other ranks, which make the same calls. Rank 0 alone uses the folder, and its weights count.
    pub fn ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// Trains on the device that the network lives on. The monitor hears of progress and may stop the training; `&()` does
    /// neither.
    ///
    /// # Errors
    /// No data, data that do not fit the network, numbers that do not work or are not finite, files that cannot be written.
    pub fn train(self, device: &Device, monitor: &dyn Monitor) -> Result<TrainedModel<N, D>, Error> {
        let plan = self.plan()?;
        let folder = self.folder.as_ref().filter(|_| self.ranks.is_first());
        let run = folder.map(|folder| OwnRun::prepare(RunFolder::new(folder), &plan)).transpose()?;
        let steps = plan.training.steps;
        let goes_on = match &run {
            Some(run) => newest_checkpoint(&run.folder().checkpoints())?.is_some(),
            None => false,
        };
        let network = match &self.initial {
            Some(initial) if !goes_on => initial.load_into(self.network, monitor)?,
            _ => self.network,
        };
        let mut trainer = Trainer::new(plan, network, device)?;
        let callbacks = match &run {
            Some(run) => {
                if trainer.resume(run.folder())?.is_none() && self.initial.is_some() {
                    // A training that is stopped before its first checkpoint goes on from these weights too.
                    trainer.checkpoint()?.save(&run.folder().checkpoints(), &run.folder().set_aside(), run.text())?;
                }
                let sessions = Sessions::new(run.folder(), format!("{device:?}"));
                Callbacks::in_folder(run.folder(), run.text()).with(sessions).with(ReportPage::new(run.folder()))
            }
            None if self.ranks.is_first() => Callbacks::new().with(ValidationLoss).with(StopEarly::new()),
            None => Callbacks::new(),
        };
        let mut trainer = trainer.share_with(self.ranks)?;
        let outcome = trainer.train(&mut callbacks.with(Watch::new(monitor, trainer.step(), steps)))?;
        Ok(TrainedModel::new(&trainer, outcome, device))
    }

    /// By what the best checkpoint is chosen: there is no other measurement than the loss.
    fn best(&self) -> Option<Best> {
        let name = self.checkpoints.best.as_deref().filter(|name| *name == Best::VALIDATION_LOSS);
        name.map(|_| Best::by_validation_loss(self.training.validate_every))
    }

    fn plan(&self) -> Result<TrainingPlan, Error> {
        let data = self.data.clone().ok_or_else(|| Error::Usage("data: there is nothing to train on".into()))?;
        if data.shape().len() + 1 != D {
            let (shape, rank) = (data.shape(), D - 1);
            return Err(Error::Usage(format!(
                "data: examples have the shape {shape:?}; the network takes rank {rank}"
            )));
        }
        self.training.validate_for_ranks(self.ranks.size())?;
        let plan = TrainingPlan {
            seed: self.seed,
            parameterization: self.parameterization,
            objective: self.objective.clone(),
            optimizer: self.optimizer.clone(),
            training: self.training.clone(),
            best: self.best(),
            checkpoints: self.checkpoints.clone(),
            validation: self.held_out.clone(),
            ..TrainingPlan::new(self.process.clone(), data.clone())
        };
        let preprocessing = self.preprocessing.clone().unwrap_or_else(|| plan.preprocessing.clone()).fitted(&*data)?;
        let sigma_data = self.sigma_data.unwrap_or_else(|| deviation(&*data, &preprocessing));
        Ok(TrainingPlan { preprocessing, ..plan.with_sigma_data(sigma_data) })
    }
}

/// The standard deviation of the first examples' numbers, as the network sees them; 0.5 if they are all the same.
fn deviation(data: &dyn Dataset, preprocessing: &Preprocessing) -> f64 {
    const MOST: usize = 4096;
    let mut example = vec![0.0; data.size()];
    let (mut sum, mut squares) = (0.0, 0.0);
    let count = data.len().min(MOST);
    for index in 0..count {
        preprocessing.validation(data, index, 0, &mut example);
        sum += example.iter().map(|&value| f64::from(value)).sum::<f64>();
        squares += example.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
    }
    let numbers = (count * data.size()) as f64;
    let deviation = (squares / numbers - (sum / numbers).powi(2)).max(0.0).sqrt();
    if deviation > 0.0 { deviation } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use fokker_datasets::Tensors;
    use fokker_model::{Mlp, MlpConfig, Precision};
    use fokker_process::ProcessConfig;

    use super::*;
    use crate::draw_options::Draw;

    fn points() -> Tensors {
        Tensors::from_examples((0..32).map(|k| [if k % 2 == 0 { 2.0 } else { -2.0 }, 0.0]), [2]).unwrap()
    }

    fn training() -> Training<Mlp, 2> {
        let network = Mlp::new(&MlpConfig { width: 8, blocks: 1, ..MlpConfig::new(2) }, 0, &Device::flex()).unwrap();
        Training::with_process(ProcessConfig::default().build().unwrap(), network).steps(4).batch(8)
    }

    #[test]
    fn the_deviation_is_measured_unless_it_is_given() {
        let plan = training().data(points()).plan().unwrap();
        assert!((plan.parameterization.sigma_data - 2f64.sqrt()).abs() < 1e-12);
        let plan = training().data(points()).sigma_data(0.7).plan().unwrap();
        assert_eq!(plan.objective.weighting, fokker_training::Weighting::Edm { sigma_data: 0.7 });
    }

    #[test]
    fn what_cannot_be_trained_is_refused() {
        let refusal = |training: Training<Mlp, 2>| training.train(&Device::flex(), &()).err().unwrap().to_string();
        assert!(refusal(training()).contains("nothing to train on"));
        let images = Tensors::new(vec![0.0; 8], [1, 2, 2]).unwrap();
        assert!(refusal(training().data(images)).contains("[1, 2, 2]"));
        assert!(refusal(training().data(points()).batch(0)).contains("training.batch_size"));
    }

    #[test]
    fn samples_are_drawn_in_the_precision_that_is_asked_for() {
        let model = training().data(points()).train(&Device::flex(), &()).unwrap();
        let draw = |precision: Precision| model.draw(Draw::new(4).precision(precision)).unwrap().values;
        let (single, reduced) = (draw(Precision::F32), draw(Precision::Bf16));
        assert_eq!(reduced, draw(Precision::Bf16));
        assert_ne!(reduced, single);
        // Every guess is off by some roundings of 2⁻⁸, and the samples by about as much.
        for (reduced, single) in reduced.iter().zip(&single) {
            assert!((reduced - single).abs() < 0.05 * single.abs().max(1.0), "{reduced} and {single}");
        }
    }

    /// A run in a folder ends with the weights of one without, and goes on where it was: with more steps, and not with other
    /// numbers.
    #[test]
    fn a_run_in_a_folder_is_gone_on_with() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("mine");
        let saved = |steps: u64| {
            let checkpoints = CheckpointConfig { every: 2, keep: 1, ..CheckpointConfig::default() };
            training().data(points()).steps(steps).save_to(&folder, checkpoints)
        };
        let samples = |training: Training<Mlp, 2>| {
            let model = training.train(&Device::flex(), &()).unwrap();
            assert!(model.is_finished());
            model.draw(4).unwrap().values
        };
        let whole = samples(training().data(points()).steps(6));
        samples(saved(4));
        assert_eq!(samples(saved(6)), whole);
        for file in ["config.toml", "metrics.jsonl", "report.html", "checkpoints/step-00000006/ema.bpk"] {
            assert!(folder.join(file).is_file(), "{file}");
        }
        let other = saved(8).learning_rate(1e-2).train(&Device::flex(), &()).err().unwrap().to_string();
        assert!(other.contains("another training"), "{other}");
    }
}
