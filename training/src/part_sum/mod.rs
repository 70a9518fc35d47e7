//! What the parts of a step add up to: gradients, loss, and times, in the order of the parts whatever the number of ranks.
//!
//! A step has `training.accumulation` parts, micro-batches whose gradients are averaged. Of W ranks, rank r computes the parts
//! r, r + W, r + 2W, … While the gradients of one part travel, the next part is computed.

mod losses;
mod shared;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use fokker_ranks::{NumberFormat, Ranks};

use crate::error::TrainingError;
use crate::sharding::Sharding;
use crate::time_sampling::TimeDraw;
use shared::SharedSum;

/// What one part gives.
pub(crate) struct Part {
    /// The sum over the terms of the loss.
    pub(crate) gradients: GradientsParams,
    /// The loss, `[1]`.
    pub(crate) loss: Tensor<1>,
    /// Smallest and largest diffusion time.
    pub(crate) times: [f64; 2],
}

/// The smallest and the largest diffusion time of some draws.
pub(crate) fn time_range(draws: &[TimeDraw]) -> [f64; 2] {
    hull(draws.iter().map(|draw| [draw.t, draw.t]))
}

fn hull(ranges: impl IntoIterator<Item = [f64; 2]>) -> [f64; 2] {
    let widest = [f64::INFINITY, f64::NEG_INFINITY];
    ranges.into_iter().fold(widest, |[low, high], [from, to]| [low.min(from), high.max(to)])
}

/// What the parts of a step add up to.
pub(crate) struct Sum {
    /// The sum of the gradients: of all parameters, or of those that are this rank's.
    pub(crate) gradients: GradientsParams,
    /// The losses of all parts in order.
    pub(crate) losses: Tensor<1>,
    /// The hull of all parts' times.
    pub(crate) times: [f64; 2],
    /// What ranks that share the step know of the parameters of all.
    pub(crate) shared: Option<Shared>,
}

/// What ranks that share a step know of the parameters of all.
pub(crate) struct Shared {
    /// Whose the parameters are.
    pub(crate) sharding: Sharding,
    /// Which of them have a gradient, in the network's order.
    pub(crate) present: Vec<bool>,
    /// The norm of the gradients of all, `[1]`; nothing without gradients.
    pub(crate) norm: Option<Tensor<1>>,
}

/// The sum over the parts of a step.
pub(crate) struct PartSum<M: Module> {
    ranks: Ranks,
    /// The device without autodiff.
    device: Device,
    gradients: Gradients<M>,
    losses: Vec<Tensor<1>>,
    times: Vec<[f64; 2]>,
}

/// The sum of gradients.
enum Gradients<M: Module> {
    /// All parts are this rank's: they are added where they are.
    Here(GradientsAccumulator<M>),
    /// They are passed on, and perhaps rounded for it.
    Shared(SharedSum),
}

impl<M: Module> PartSum<M> {
    /// Of no parts yet, on a device without autodiff.
    pub(crate) fn new(network: &M, ranks: &Ranks, format: NumberFormat, device: &Device) -> Self {
        let gradients = match (ranks.size(), format) {
            (1, NumberFormat::F32) => Gradients::Here(GradientsAccumulator::new()),
            _ => Gradients::Shared(SharedSum::new(Sharding::new(network, ranks), ranks, format)),
        };
        Self { ranks: ranks.clone(), device: device.clone(), gradients, losses: Vec::new(), times: Vec::new() }
    }

    /// Adds the next part of this rank.
    pub(crate) fn add(&mut self, network: &M, part: Part) -> Result<(), TrainingError> {
        self.losses.push(part.loss);
        self.times.push(part.times);
        match &mut self.gradients {
            Gradients::Here(accumulator) => accumulator.accumulate(network, part.gradients),
            Gradients::Shared(sum) => sum.add(network, &part.gradients)?,
        }
        Ok(())
    }

    /// What the parts of all ranks add up to.
    pub(crate) fn finish(self, network: &M) -> Result<Sum, TrainingError> {
        let losses = Tensor::cat(self.losses, 0);
        match self.gradients {
            Gradients::Here(mut accumulator) => {
                Ok(Sum { gradients: accumulator.grads(), losses, times: hull(self.times), shared: None })
            }
            Gradients::Shared(sum) => sum.finish(network, &self.ranks, losses, &self.times, &self.device),
        }
    }
}
