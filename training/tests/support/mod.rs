//! A small run that the tests of training share.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::path::Path;

use fokker_datasets::{DatasetConfig, MixtureConfig, MnistConfig, Split};
use fokker_model::Network;
use fokker_process::ProcessConfig;
use fokker_training::*;

/// Two Gaussians in the plane.
pub fn mixture() -> DatasetConfig {
    let means = vec![vec![-1.0, -1.0], vec![1.0, 1.0]];
    MixtureConfig { means: Some(means), stds: Some(vec![0.1, 0.1]), ..MixtureConfig::default() }.into()
}

/// The digits of the checkout.
pub fn digits() -> DatasetConfig {
    MnistConfig::default().into()
}

/// Denoising under VP with EDM's preconditioning, and AdamW.
pub fn plan(data: &DatasetConfig, training: TrainingConfig) -> TrainingPlan {
    let process = ProcessConfig::default().build().unwrap();
    let plan = TrainingPlan::new(process, data.open(Split::Train, 5).unwrap());
    let sigma_data = if data.is_image() { 0.5 } else { 1.0 };
    TrainingPlan {
        seed: 5,
        objective: Objective { time: TimeSampling::LogNormal { mean: -0.8, std: 1.4 }, ..Objective::default() },
        optimizer: OptimizerConfig::adamw(0.01),
        training,
        checkpoints: CheckpointConfig { every: 4, keep: 2, ..CheckpointConfig::default() },
        validation: Some(data.open(Split::Validation, 5).unwrap()),
        ..plan
    }
    .with_sigma_data(sigma_data)
}

/// Trains in the folder of a run, with one callback more.
pub fn train<N: Network<D>, const D: usize>(
    trainer: &mut Trainer<N, D>,
    folder: &Path,
    callback: impl Callback<N, D>,
) -> Result<Outcome, TrainingError> {
    trainer.train(&mut Callbacks::in_folder(&RunFolder::new(folder), "").with(callback))
}

/// Watches nothing, and asks to stop after a step.
pub struct StopAfter {
    last: u64,
    step: u64,
}

impl StopAfter {
    /// After this step.
    pub fn step(last: u64) -> Self {
        Self { last, step: 0 }
    }

    /// After none.
    pub fn never() -> Self {
        Self::step(u64::MAX)
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for StopAfter {
    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        self.step = at.step();
        Ok(())
    }

    fn stop_requested(&self) -> bool {
        self.step >= self.last
    }
}
