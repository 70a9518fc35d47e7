//! The folder of a training that a program of one's own makes.

use fokker_datasets::Preprocessing;
use fokker_files::{FileError, Lock};
use fokker_model::Parameterization;
use fokker_training::{CheckpointConfig, Objective, OptimizerConfig, RunFolder, TrainingConfig, TrainingPlan};
use serde::Serialize;

use crate::error::Error;

/// What is written of a plan. Process, network and data are the program's, which alone can go on with the run.
#[derive(Serialize)]
struct Written<'a> {
    seed: u64,
    process: &'a str,
    data: &'a str,
    preprocessing: &'a Preprocessing,
    parameterization: Parameterization,
    objective: &'a Objective,
    optimizer: &'a OptimizerConfig,
    training: &'a TrainingConfig,
    checkpoints: &'a CheckpointConfig,
}

/// A folder that only this process trains in, until it is dropped.
pub(crate) struct OwnRun {
    folder: RunFolder,
    text: String,
    _lock: Lock,
}

impl OwnRun {
    /// Makes the folder, or finds it with a run of the same plan, up to the number of steps.
    pub fn prepare(folder: RunFolder, plan: &TrainingPlan) -> Result<Self, Error> {
        plan.validate()?;
        let text = text(plan)?;
        let lock = folder.lock()?;
        folder.clean()?;
        if folder.exists() {
            let path = folder.config();
            let there = std::fs::read_to_string(&path).map_err(|error| FileError::new("cannot read", &path, error))?;
            if without_steps(&there) != without_steps(&text) {
                let message = "there is a run of another training here; delete it, or choose another folder";
                return Err(Error::File { path: folder.path().into(), message: message.into() });
            }
        } else {
            folder.create(&text)?;
        }
        Ok(Self { folder, text, _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// What is stored in checkpoints.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn text(plan: &TrainingPlan) -> Result<String, Error> {
    let written = Written {
        seed: plan.seed,
        process: plan.process.name(),
        data: plan.train.name(),
        preprocessing: &plan.preprocessing,
        parameterization: plan.parameterization,
        objective: &plan.objective,
        optimizer: &plan.optimizer,
        training: &plan.training,
        checkpoints: &plan.checkpoints,
    };
    let text = toml::to_string(&written)
        .map_err(|error| Error::Usage(format!("the training cannot be written as TOML: {error}")))?;
    Ok(format!("# A training of a program of its own, which alone can go on with it.\n{text}"))
}

/// A run may get more steps.
fn without_steps(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("steps = ")).collect()
}
