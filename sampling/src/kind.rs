//! How a configuration makes a sampler.

use std::any::Any;

use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::sampler::Sampler;

/// A kind of sampler: it makes samplers of configurations. [`register_sampler`](crate::register_sampler) puts it under a
/// name.
pub trait SamplerKind: Sync {
    /// The sampler of a configuration that passed [`SamplerConfig::validate`].
    fn build<const D: usize>(&self, config: &SamplerConfig, process: &dyn Process) -> Box<dyn Sampler<D>>;

    /// Checks what no field of [`MethodInfo`](crate::MethodInfo) says.
    ///
    /// # Errors
    /// The option that does not work, with what would.
    fn validate(&self, _config: &SamplerConfig, _process: &dyn Process) -> Result<(), SamplingError> {
        Ok(())
    }

    /// Number of score calls for one batch; none if the sampler decides on the way.
    fn score_calls(&self, config: &SamplerConfig, process: &dyn Process) -> Option<usize> {
        let calls = config.kind.info().calls_per_step;
        let spared = if config.first_step_is_closed(process) { calls - 1 } else { 0 };
        Some(config.steps() * calls - spared + usize::from(config.denoise))
    }
}

/// A [`SamplerKind`] as an object: the caller names the rank when it asks for a sampler.
pub(crate) trait AnyKind: Sync {
    /// A `Box<dyn Sampler<rank>>` for the ranks 2, 3 and 4: vectors, sequences, images.
    fn build_any(&self, rank: usize, config: &SamplerConfig, process: &dyn Process) -> Option<Box<dyn Any>>;

    /// As [`SamplerKind::validate`].
    fn validate(&self, config: &SamplerConfig, process: &dyn Process) -> Result<(), SamplingError>;

    /// As [`SamplerKind::score_calls`].
    fn score_calls(&self, config: &SamplerConfig, process: &dyn Process) -> Option<usize>;
}

impl<K: SamplerKind> AnyKind for K {
    fn build_any(&self, rank: usize, config: &SamplerConfig, process: &dyn Process) -> Option<Box<dyn Any>> {
        Some(match rank {
            2 => Box::new(self.build::<2>(config, process)),
            3 => Box::new(self.build::<3>(config, process)),
            4 => Box::new(self.build::<4>(config, process)),
            _ => return None,
        })
    }

    fn validate(&self, config: &SamplerConfig, process: &dyn Process) -> Result<(), SamplingError> {
        SamplerKind::validate(self, config, process)
    }

    fn score_calls(&self, config: &SamplerConfig, process: &dyn Process) -> Option<usize> {
        SamplerKind::score_calls(self, config, process)
    }
}
