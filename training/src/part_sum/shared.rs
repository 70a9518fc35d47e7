//! The sum of gradients over ranks.

use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use fokker_ranks::{NumberFormat, OrderedSum, Ranks, RanksError};

use super::losses::PartLosses;
use super::{Shared, Sum, hull};
use crate::error::TrainingError;
use crate::sharding::Sharding;

/// The sum of gradients over the parts of all ranks. Each rank sums those of its own parameters.
pub(super) struct SharedSum {
    sharding: Sharding,
    /// Which parameters have a gradient in a part of this rank.
    present: Vec<bool>,
    state: State,
}

/// What becomes of the parts so far.
enum State {
    /// They are added.
    Added(OrderedSum),
    /// The last of them is passed on by a thread of its own, while this rank computes the next.
    OnTheWay(JoinHandle<Result<OrderedSum, RanksError>>),
    /// There was an error, which the step ended with.
    Lost,
}

impl State {
    fn wait(&mut self) -> Result<OrderedSum, RanksError> {
        match std::mem::replace(self, Self::Lost) {
            Self::Added(sum) => Ok(sum),
            Self::OnTheWay(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Self::Lost => unreachable!("a step ends with its first error"),
        }
    }
}

impl SharedSum {
    pub(super) fn new(sharding: Sharding, ranks: &Ranks, format: NumberFormat) -> Self {
        let sum = OrderedSum::new(ranks, sharding.shares(), format);
        Self { present: vec![false; sharding.count()], sharding, state: State::Added(sum) }
    }

    /// Adds the next part of this rank, after the one before. Returns while the part is on its way.
    pub(super) fn add<M: Module>(&mut self, network: &M, gradients: &GradientsParams) -> Result<(), RanksError> {
        // −0 changes no sum.
        let (numbers, present) = self.sharding.numbers(network, gradients, -0.0, true);
        self.present.iter_mut().zip(present).for_each(|(any, here)| *any |= here);
        let mut sum = self.state.wait()?;
        let add = move || sum.add(&numbers).map(|()| sum);
        let thread = thread::Builder::new().name("fokker-gradients".into()).spawn(add);
        let failed = |error| RanksError::Start(format!("there is no thread for the gradients: {error}"));
        self.state = State::OnTheWay(thread.map_err(failed)?);
        Ok(())
    }

    pub(super) fn finish<M: Module>(
        self,
        network: &M,
        ranks: &Ranks,
        losses: Tensor<1>,
        times: &[[f64; 2]],
        device: &Device,
    ) -> Result<Sum, TrainingError> {
        let Self { sharding, present, mut state } = self;
        let losses = losses.into_data_as::<f32>();
        let losses = losses.as_slice::<f32>().expect("converted to f32");
        let own = PartLosses { losses: losses.to_vec(), times: times.to_vec() };
        let mut message = own.to_bytes();
        message.extend(present.iter().map(|&here| u8::from(here)));
        let (rounds, parameters) = (losses.len(), present.len());
        let numbers = state.wait()?.finish();
        let mut gradients = GradientsParams::new();
        let first = sharding.shares().of(ranks.rank()).start;
        sharding.put(network, (first, &numbers), |index| sharding.is_own(index), device, &mut gradients);
        let squares = squares(network, &gradients);
        squares.iter().for_each(|square| message.extend(square.to_le_bytes()));

        let all = ranks.gather(&message)?;
        let of_parts = PartLosses::in_order(&all, rounds);
        of_parts.warn(ranks.size());
        let at = PartLosses::BYTES * rounds;
        let present: Vec<bool> =
            (0..parameters).map(|index| all.iter().any(|of_rank| of_rank[at + index] == 1)).collect();
        Sharding::keep(network, &mut gradients, |index| present[index]);
        let squares = squares_of_all(&sharding, &present, &all, at + parameters);
        let norm = (!squares.is_empty()).then(|| {
            let count = squares.len();
            Tensor::<1>::from_data(TensorData::new(squares, [count]), device).sum().sqrt()
        });
        let PartLosses { losses, times } = of_parts;
        let parts = losses.len();
        let losses = Tensor::from_data(TensorData::new(losses, [parts]), device);
        Ok(Sum { gradients, losses, times: hull(times), shared: Some(Shared { sharding, present, norm }) })
    }
}

/// The sums of squares of gradients, parameter by parameter: the terms of the square of their norm.
fn squares<M: Module>(network: &M, gradients: &GradientsParams) -> Vec<f32> {
    struct Squares<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.extend(self.0.get::<D>(param.id).map(|gradient| gradient.square().sum()));
        }
    }
    let mut squares = Squares(gradients, Vec::new());
    network.visit(&mut squares);
    match squares.1 {
        none if none.is_empty() => Vec::new(),
        some => Tensor::cat(some, 0).into_data_as::<f32>().try_to_vec().expect("converted to f32"),
    }
}

/// The sums of squares of those parameters that have a gradient, in the network's order. Each rank passed on those of its own, from a byte of
/// its message on.
fn squares_of_all(sharding: &Sharding, present: &[bool], all: &[Vec<u8>], from: usize) -> Vec<f32> {
    let mut rest: Vec<_> = all.iter().map(|message| message[from..].chunks_exact(4)).collect();
    let next = |(index, &present): (usize, &bool)| {
        let b = rest[sharding.owner(index)].next()?;
        present.then(|| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    present.iter().enumerate().filter_map(next).collect()
}
