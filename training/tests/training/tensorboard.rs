//! What TensorBoard gets of a training.

use std::fs;

use burn::tensor::Device;
use fokker_model::{Mlp, MlpConfig, StateDict};
use fokker_training::*;

use crate::support::StopAfter;

/// The scalar that a file of events has under a tag: its field `tag`, then the field `simple_value`.
fn scalar(events: &[u8], tag: &str) -> Option<f64> {
    let field = [&[0x0a, tag.len() as u8], tag.as_bytes(), &[0x15]].concat();
    let place = events.windows(field.len()).position(|bytes| bytes == field)? + field.len();
    Some(f32::from_le_bytes(events[place..place + 4].try_into().ok()?).into())
}

#[test]
fn every_tensor_has_a_histogram_and_a_gradient_with_each_validation_loss() {
    let root = tempfile::tempdir().unwrap();
    let run = RunFolder::new(root.path().join("run"));
    run.create("").unwrap();
    let training = TrainingConfig {
        steps: 1,
        batch_size: 16,
        validate_every: 1,
        validation_examples: 16,
        ..TrainingConfig::default()
    };
    let plan = crate::support::plan(&crate::support::mixture(), training);
    let network = Mlp::new(&MlpConfig { width: 16, ..MlpConfig::new(2) }, 5, &Device::flex()).unwrap();
    let mut trainer = Trainer::<Mlp, 2>::new(plan, network, &Device::flex()).unwrap();
    crate::support::train(&mut trainer, run.path(), StopAfter::never()).unwrap();

    let mut files = fs::read_dir(run.path()).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.to_string_lossy().contains("events.out.tfevents.")).unwrap();
    let events = fs::read(file).unwrap();
    let weights = StateDict::of(&trainer.network());
    let mut squares = 0.0;
    for (name, _) in weights.shapes() {
        let tag = format!("weights/{name}");
        assert_eq!(events.windows(tag.len()).filter(|bytes| *bytes == tag.as_bytes()).count(), 1, "{tag}");
        squares += scalar(&events, &format!("gradients/{name}")).unwrap_or_else(|| panic!("{name}")).powi(2);
    }
    // After one step the running mean is that step's gradient, whose norm a line of metrics has.
    let norm = scalar(&events, "gradient norm").unwrap();
    assert!((squares.sqrt() / norm - 1.0).abs() < 1e-5, "{} {norm}", squares.sqrt());
}
