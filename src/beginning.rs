//! What samples begin with in the place of noise of their seed.

use burn::tensor::{Device, Tensor, TensorData};
use fokker_model::Score;
use fokker_process::Process;
use fokker_random::Index;
use fokker_sampling::{Drawn, Numbers, Observe, SamplerConfig, SamplingError};
use fokker_training::StartingData;

use crate::draw::{DrawRequest, state_shape};
use crate::error::Error;
use crate::inputs::Inputs;

/// What samples begin with. Sample `i` takes array number `i`.
#[derive(Clone, Debug)]
pub enum Beginning {
    /// Noise of unit deviation, in the shape of a state.
    Noise(Inputs),
    /// Data, with the noise of a time on the way: SDEdit (Meng et al. 2022). A single array is the start of all samples.
    Data {
        /// The data, in the network's units.
        data: Inputs,
        /// The share of the sampler's grid that is walked, from 0, which returns the data, to 1, which forgets them
        /// ([`SamplerConfig::draw_from`]).
        strength: f64,
    },
    /// Examples of a data set, drawn by the sample's number: what a run with a `[start]` begins with unless it is given something else.
    Examples(StartingData),
}

impl Beginning {
    /// The arrays; none for examples of a data set.
    pub fn inputs(&self) -> Option<&Inputs> {
        match self {
            Self::Noise(inputs) | Self::Data { data: inputs, .. } => Some(inputs),
            Self::Examples(_) => None,
        }
    }

    /// How many samples there are at most; none if there is no end to them.
    pub fn count(&self) -> Option<usize> {
        let count = self.inputs()?.len();
        (!self.repeats()).then_some(count)
    }

    fn repeats(&self) -> bool {
        matches!(self, Self::Data { data, .. } if data.len() == 1)
    }

    /// The strength of a start, where it is a share of a walk.
    fn strength(&self) -> Option<f64> {
        match self {
            Self::Data { strength, .. } => Some(*strength),
            Self::Noise(_) | Self::Examples(_) => None,
        }
    }

    /// The times of the walk; none for a start that is returned as it is.
    pub(crate) fn times(&self, sampler: &SamplerConfig, process: &dyn Process) -> Vec<f64> {
        match self.strength() {
            Some(0.0) => Vec::new(),
            Some(strength) if strength < 1.0 => sampler.times_of_strength(process, strength),
            _ => sampler.times(process),
        }
    }

    /// Number of steps that are reported on the way.
    pub(crate) fn steps(&self, sampler: &SamplerConfig, process: &dyn Process) -> usize {
        self.strength().map_or(sampler.steps(), |strength| sampler.steps_of_strength(process, strength))
    }

    /// Checks that there is a beginning for every sample of a request.
    ///
    /// # Errors
    /// A sampler that cannot begin with data, a strength outside of 0 to 1, less arrays than samples, arrays of another size.
    pub(crate) fn validate(&self, request: &DrawRequest, process: &dyn Process, shape: &[usize]) -> Result<(), Error> {
        let (name, shape, inputs) = match self {
            Self::Examples(_) => return Ok(()),
            Self::Noise(inputs) => ("noise", state_shape(process, shape), inputs),
            Self::Data { strength, data } => {
                if let Err(error) = request.sampler.validate_start(*strength) {
                    return Err(match error {
                        SamplingError::Config { key, message } if key == "strength" => {
                            Error::field("strength", "", message)
                        }
                        SamplingError::Config { message, .. } => Error::field("start", "", message),
                        other => other.into(),
                    });
                }
                ("start", shape.to_vec(), data)
            }
        };
        let size: usize = shape.iter().product();
        if inputs.is_empty() || inputs.size() != size {
            let message = format!("has arrays of {} numbers, and {shape:?} are needed", inputs.size());
            return Err(Error::field(name, "", message));
        }
        let (first, count) = (request.first, request.count as u64);
        let there = inputs.len() as u64;
        if !self.repeats() && first.saturating_add(count) > there {
            let message = format!(
                "there are {there} of them, and samples {first} to {} are asked for; sample i takes number i, so ask for at most \
                 count {} from first {first}",
                first + count - 1,
                there.saturating_sub(first)
            );
            return Err(Error::field(name, "", message));
        }
        Ok(())
    }

    /// Draws the samples of a batch.
    pub(crate) fn draw<const D: usize>(
        &self,
        sampler: &SamplerConfig,
        score: &dyn Score<D>,
        shape: [usize; D],
        numbers: Numbers,
        device: &Device,
        observe: Observe<D>,
    ) -> Result<Drawn<D>, SamplingError> {
        let arrays = |inputs: &Inputs| {
            let values = inputs.batch(numbers.first as usize, shape[0], self.repeats());
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        match self {
            Self::Noise(inputs) => sampler.draw_of(score, arrays(inputs), numbers, observe),
            Self::Data { data, strength } => sampler.draw_from(score, arrays(data), *strength, numbers, observe),
            Self::Examples(start) => {
                let indices = (numbers.first..).take(shape[0]).map(Index::prior);
                let [x, _] = start.draw(numbers.seed, indices, &Tensor::<D>::zeros(shape, device));
                sampler.draw_of(score, x, numbers, observe)
            }
        }
    }
}
