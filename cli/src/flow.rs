//! Options of the commands that go between data and noise: a deterministic sampler, and the class.

use clap::Args;
use fokker::sampling::{Method, SamplerConfig};
use fokker::{CheckpointSampler, EncodingRequest, Error, RunConfig};

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
    /// Class of all data by its name or number, for a network with classes
    #[arg(long)]
    class: Option<String>,
    /// Ask a network with classes without them
    #[arg(long, conflicts_with = "class")]
    unconditional: bool,
    /// Arrays at once
    #[arg(long, default_value_t = 64, value_parser = positive)]
    batch_size: usize,
    /// Change a key of the run's configuration, such as --set sampler.denoise=false
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub changes: Vec<String>,
}

impl FlowOptions {
    /// The request. A sampler of the configuration that cannot encode is replaced, and that is said.
    pub fn request(&self, checkpoint: &CheckpointSampler, decode: bool) -> Result<EncodingRequest, Error> {
        let config = checkpoint.config();
        let mut sampler = self.sampler(config, checkpoint);
        sampler.steps = self.steps.or(sampler.steps);
        Ok(EncodingRequest {
            class: self.class.as_deref().map(|class| config.class_number(class)).transpose()?,
            unconditional: self.unconditional,
            batch_size: self.batch_size,
            decode,
            ..EncodingRequest::new(sampler)
        })
    }

    fn sampler(&self, config: &RunConfig, checkpoint: &CheckpointSampler) -> SamplerConfig {
        let own = &config.sampler;
        let process = &**checkpoint.process();
        match self.sampler {
            Some(method) if method != own.kind => SamplerConfig { range: own.range, ..SamplerConfig::new(method) },
            Some(_) => own.clone(),
            None if own.validate_encoding(process).is_ok() || process.phase_space().is_some() => own.clone(),
            None => {
                let (name, flow) = (own.kind.name(), Method::PROBABILITY_FLOW);
                eprintln!("the run's sampler, {name}, does not go from data to noise; {} is taken", flow.name());
                SamplerConfig { range: own.range, ..SamplerConfig::new(flow) }
            }
        }
    }
}
