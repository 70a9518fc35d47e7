//! A small run that the tests of training share.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use fokker_datasets::{DatasetConfig, Preprocessing, Split};
use fokker_model::{Conditioning, Output, Parameterization};
use fokker_process::ProcessConfig;
use fokker_training::*;
use serde_json::{Value, json};

/// Two Gaussians in the plane.
pub fn mixture() -> Value {
    json!({ "kind": "mixture", "means": [[-1.0, -1.0], [1.0, 1.0]], "stds": [0.1, 0.1] })
}

/// Denoising under VP with EDM's preconditioning, and AdamW.
pub fn plan(data: Value, training: Value) -> TrainingPlan {
    let images = data["kind"] == "mnist";
    let data: DatasetConfig = serde_json::from_value(data).unwrap();
    let process: ProcessConfig = serde_json::from_value(json!({ "kind": "vp" })).unwrap();
    let sigma_data = if images { 0.5 } else { 1.0 };
    TrainingPlan {
        seed: 5,
        process: process.build().unwrap().into(),
        parameterization: Parameterization { output: Output::Edm, conditioning: Conditioning::LogSigma, sigma_data },
        objective: Objective {
            weighting: Weighting::Edm { sigma_data },
            time: TimeSampling::LogNormal { mean: -0.8, std: 1.4 },
            stratified: true,
            loss: Loss::default(),
            regularizer: None,
        },
        optimizer: serde_json::from_value(json!({ "kind": "adamw", "weight_decay": 0.01 })).unwrap(),
        training: serde_json::from_value(training).unwrap(),
        checkpoints: CheckpointConfig { every: 4, keep: 2 },
        preprocessing: if images { Preprocessing::default() } else { Preprocessing::RAW },
        train: data.open(Split::Train, 5).unwrap(),
        validation: Some(data.open(Split::Validation, 5).unwrap()),
        truth: None,
        residuals: None,
    }
}
