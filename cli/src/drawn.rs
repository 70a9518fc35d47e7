//! What was drawn, as one object for `--json`.

use std::path::{Path, PathBuf};

use fokker::training::{read_state, step_of};
use fokker::{CheckpointSampler, DrawRequest, Error};
use serde_json::{Value, json};

use super::beginning;
use super::results::print_result;

/// The run and the sampler: what every object begins with.
pub fn origin(run: &Path, checkpoint: &CheckpointSampler, request: &DrawRequest) -> Result<Value, Error> {
    let unwritten = |error: serde_json::Error| Error::Usage(format!("the sampler cannot be written as JSON: {error}"));
    // The name says the step. A training may have pruned the checkpoint since it was opened.
    let step = match step_of(checkpoint.checkpoint()) {
        Some(step) => step,
        None => read_state(checkpoint.checkpoint())?.step,
    };
    let mut object = json!({
        "run": run,
        "checkpoint": checkpoint.checkpoint(),
        "step": step,
        "sampler": serde_json::to_value(&request.sampler).map_err(unwritten)?,
        "steps": request.sampler.steps(),
    });
    let config = checkpoint.config();
    if config.network.condition().is_some() {
        object["unconditional"] = json!(request.unconditional);
    }
    if config.network.condition().is_some() || request.guide.is_some() {
        let fokker::sampling::Guidance { weight, interval: (low, high), method } = request.guidance;
        object["guidance"] = json!(weight);
        // JSON has no infinity.
        object["guidance_interval"] = json!([low, high.is_finite().then_some(high)]);
        object["guidance_method"] = serde_json::to_value(method).map_err(unwritten)?;
    }
    if let Some(guide) = &request.guide {
        object["guide"] = json!({ "checkpoint": guide.checkpoint(), "step": guide.step() });
    }
    if config.network.num_class_embeds().is_some() {
        let names = config.data.class_names().unwrap_or_default();
        let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        object["class"] = json!(request.class.map(name));
    }
    if let Some(begins) = &request.beginning {
        object["beginning"] = beginning::described(begins, &request.sampler, checkpoint).1;
    }
    Ok(object)
}

/// The same with the samples, what they cost, and the files that were written.
pub fn object(
    run: &Path,
    checkpoint: &CheckpointSampler,
    request: &DrawRequest,
    (written, network_calls): (u64, Option<usize>),
    files: &[PathBuf],
) -> Result<Value, Error> {
    let mut object = origin(run, checkpoint, request)?;
    object["seed"] = json!(request.seed);
    object["first"] = json!(request.first);
    object["count"] = json!(written);
    object["finished"] = json!(written == request.count as u64);
    object["network_calls"] = json!(network_calls);
    object["files"] = json!(files);
    Ok(object)
}

/// Prints the object, or the names of the files.
pub fn print(object: Value, files: &[PathBuf]) {
    print_result(object, || files.iter().map(|file| format!("{}\n", file.display())).collect());
}
