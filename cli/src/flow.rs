//! Options of the commands that go between data and noise: a deterministic sampler, the checkpoint, and the condition.

use std::path::Path;

use clap::Args;
use fokker::sampling::{Method, SamplerConfig};
use fokker::{CheckpointSampler, EncodingRequest, Error, RunConfig};

use super::checkpoint::CheckpointOptions;
use super::condition::ConditionOptions;
use super::numbers::positive;

/// How the probability flow is walked.
#[derive(Args)]
pub struct FlowOptions {
    /// A deterministic sampler, one of --list-samplers of `fokker sample`; the configuration's if it is one, else probability_flow
    #[arg(long)]
    sampler: Option<Method>,
    /// Number of steps
    #[arg(long, value_parser = positive)]
    steps: Option<usize>,
    #[command(flatten)]
    condition: ConditionOptions,
    #[command(flatten)]
    checkpoint: CheckpointOptions,
    /// Arrays at once
    #[arg(long, default_value_t = 64, value_parser = positive)]
    batch_size: usize,
    /// Change a key of the run's configuration, such as --set sampler.denoise=false
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
}

impl FlowOptions {
    /// The checkpoint of a run.
    pub fn open(&self, run: &Path) -> Result<CheckpointSampler, Error> {
        CheckpointSampler::open(&self.checkpoint.find(run)?, &self.changes)
    }

    /// The request. A sampler of the configuration that cannot encode is replaced, and that is said.
    pub fn request(&self, checkpoint: &CheckpointSampler, decode: bool) -> Result<EncodingRequest, Error> {
        let config = checkpoint.config();
        let mut sampler = self.sampler(config, checkpoint);
        sampler.steps = self.steps.or(sampler.steps);
        Ok(EncodingRequest {
            class: self.condition.class(config)?,
            unconditional: self.condition.unconditional,
            condition: self.condition.conditions(config)?,
            batch_size: self.batch_size,
            decode,
            ..EncodingRequest::new(sampler)
        })
    }

    fn sampler(&self, config: &RunConfig, checkpoint: &CheckpointSampler) -> SamplerConfig {
        let own = &config.sampler;
        let process = &**checkpoint.process();
        match self.sampler {
            Some(method) => own.with_method(method),
            None if own.validate_encoding(process).is_ok() || process.phase_space().is_some() => own.clone(),
            None => {
                let (name, flow) = (own.kind.name(), Method::PROBABILITY_FLOW);
                eprintln!("the run's sampler, {name}, does not go from data to noise; {} is taken", flow.name());
                own.with_method(flow)
            }
        }
    }
}
