//! What the parts of a step add up to: gradients, loss, and times, in the order of the parts whatever the number of ranks.
//!
//! A step has `training.accumulation` parts, micro-batches whose gradients are averaged. Of W ranks, rank r computes the parts
//! r, r + W, r + 2W, …

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use fokker_ranks::{OrderedSum, Ranks};

use crate::error::TrainingError;
use crate::time_sampling::TimeDraw;

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
    /// Each rank has some of the parts.
    Shared { sum: Option<OrderedSum>, present: Vec<bool> },
}

impl<M: Module> PartSum<M> {
    /// Of no parts yet, on a device without autodiff.
    pub(crate) fn new(ranks: &Ranks, device: &Device) -> Self {
        let gradients = match ranks.size() {
            1 => Gradients::Here(GradientsAccumulator::new()),
            _ => Gradients::Shared { sum: None, present: Vec::new() },
        };
        Self { ranks: ranks.clone(), device: device.clone(), gradients, losses: Vec::new(), times: Vec::new() }
    }

    /// Adds the next part of this rank.
    pub(crate) fn add(&mut self, network: &M, part: Part) -> Result<(), TrainingError> {
        self.losses.push(part.loss);
        self.times.push(part.times);
        match &mut self.gradients {
            Gradients::Here(accumulator) => accumulator.accumulate(network, part.gradients),
            Gradients::Shared { sum, present } => {
                let Flat { numbers, present: of_part } = Flat::of(network, part.gradients);
                present.resize(of_part.len(), false);
                present.iter_mut().zip(of_part).for_each(|(any, here)| *any |= here);
                sum.get_or_insert_with(|| OrderedSum::new(&self.ranks, numbers.len())).add(&numbers)?;
            }
        }
        Ok(())
    }

    /// The sum of the gradients, the losses of all parts in order, and the hull of their times.
    pub(crate) fn finish(self, network: &M) -> Result<(GradientsParams, Tensor<1>, [f64; 2]), TrainingError> {
        let losses = Tensor::cat(self.losses, 0);
        let (sum, present) = match self.gradients {
            Gradients::Here(mut accumulator) => return Ok((accumulator.grads(), losses, hull(self.times))),
            Gradients::Shared { sum: Some(sum), present } => (sum, present),
            Gradients::Shared { sum: None, .. } => unreachable!("every rank has a part of every step"),
        };
        let own = losses.into_data_as::<f32>();
        let own = own.as_slice::<f32>().expect("converted to f32");
        // Of each rank: 4 bytes of loss and 16 of times for a part, and a byte for a parameter.
        let mut bytes = Vec::new();
        for (loss, [low, high]) in own.iter().zip(self.times) {
            bytes.extend(loss.to_le_bytes());
            bytes.extend(low.to_le_bytes());
            bytes.extend(high.to_le_bytes());
        }
        bytes.extend(present.iter().map(|&here| u8::from(here)));
        let all = self.ranks.gather(&bytes)?;
        let (rounds, size) = (own.len(), self.ranks.size());
        let number = |rank: usize, at: usize| f64::from_le_bytes(std::array::from_fn(|byte| all[rank][at + byte]));
        let parts = move || (0..rounds).flat_map(move |round| (0..size).map(move |rank| (rank, 20 * round)));
        let loss = |(rank, at): (usize, usize)| f32::from_le_bytes(std::array::from_fn(|byte| all[rank][at + byte]));
        let losses: Vec<f32> = parts().map(loss).collect();
        let times = hull(parts().map(|(rank, at)| [number(rank, at + 4), number(rank, at + 12)]));
        for (part, loss) in losses.iter().enumerate().filter(|(_, loss)| !loss.is_finite()) {
            let (rank, parts) = (part % size, losses.len());
            tracing::warn!("the loss of part {part} of {parts}, on rank {rank}, is {loss}");
        }
        let present =
            (0..present.len()).map(|place| all.iter().any(|of_rank| of_rank[20 * rounds + place] == 1)).collect();
        let gradients = Flat { numbers: sum.finish()?, present }.into_gradients(network, &self.device);
        let parts = losses.len();
        Ok((gradients, Tensor::from_data(TensorData::new(losses, [parts]), &self.device), times))
    }
}

/// The gradients of a network's parameters, in the order in which the network has them.
struct Flat {
    /// All numbers, one parameter after the other. A parameter without a gradient has zeros that change no sum: −0.
    numbers: Vec<f32>,
    /// Which parameters have a gradient.
    present: Vec<bool>,
}

impl Flat {
    fn of<M: Module>(network: &M, gradients: GradientsParams) -> Self {
        struct Collect {
            gradients: GradientsParams,
            arrays: Vec<Tensor<1>>,
            present: Vec<bool>,
        }
        impl ModuleVisitor for Collect {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let gradient = self.gradients.remove::<D>(param.id);
                self.present.push(gradient.is_some());
                let array = gradient.unwrap_or_else(|| param.val().inner().full_like(-0.0));
                self.arrays.push(array.reshape([-1]));
            }
        }
        let mut collect = Collect { gradients, arrays: Vec::new(), present: Vec::new() };
        network.visit(&mut collect);
        // One transfer from the device.
        let numbers = Tensor::cat(collect.arrays, 0).into_data_as::<f32>().try_to_vec().expect("converted to f32");
        Self { numbers, present: collect.present }
    }

    fn into_gradients<M: Module>(self, network: &M, device: &Device) -> GradientsParams {
        struct Divide<'a> {
            numbers: &'a [f32],
            present: std::vec::IntoIter<bool>,
            device: &'a Device,
            gradients: GradientsParams,
        }
        impl ModuleVisitor for Divide<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let shape = param.val().dims();
                let (own, rest) = self.numbers.split_at(shape.iter().product());
                self.numbers = rest;
                if self.present.next() == Some(true) {
                    let gradient = Tensor::from_data(TensorData::new(own.to_vec(), shape), self.device);
                    self.gradients.register::<D>(param.id, gradient);
                }
            }
        }
        let present = self.present.into_iter();
        let mut divide = Divide { numbers: &self.numbers, present, device, gradients: GradientsParams::new() };
        network.visit(&mut divide);
        divide.gradients
    }
}
