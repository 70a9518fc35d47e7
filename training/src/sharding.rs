//! Which rank updates which parameters, and keeps their moments.
//!
//! A parameter belongs to one rank, whole: the largest are given out first, each to the rank that has the fewest numbers so far. So a rank has
//! 1/W of all numbers, and at most the largest parameter more. Arrays of numbers are passed on in the order of ranks, and of a rank's parameters in the
//! network's order:
//!
//! ```text
//!   network     │ weight 1 ────── │ bias 1 │ weight 2 ── │ bias 2 │
//!   of rank     │        0        │    1   │      1      │    0   │
//!   passed on   │ weight 1 ────── │ bias 2 │ bias 1 │ weight 2 ── │
//!               └── share of rank 0 ───────┴── share of rank 1 ───┘
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use fokker_kernels::RunningAverage;
use fokker_ranks::{Ranks, Shares};
use replace_with::replace_with_or_abort;

use crate::optimizer::{Replace, Weights, arrays};

/// How a network's parameters are divided among the ranks, as one of them sees it.
#[derive(Debug)]
pub(crate) struct Sharding {
    rank: usize,
    /// Of each parameter, in the network's order: its rank, and its places among the numbers that are passed on.
    parameters: Vec<(usize, Range<usize>)>,
    shares: Shares,
}

impl Sharding {
    pub(crate) fn new<M: Module>(network: &M, ranks: &Ranks) -> Self {
        struct Lengths(Vec<usize>);
        impl ModuleVisitor for Lengths {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0.push(param.val().dims().iter().product());
            }
        }
        let mut lengths = Lengths(Vec::new());
        network.visit(&mut lengths);
        Self::of_lengths(&lengths.0, ranks.rank(), ranks.size())
    }

    fn of_lengths(lengths: &[usize], rank: usize, size: usize) -> Self {
        let mut by_length: Vec<usize> = (0..lengths.len()).collect();
        by_length.sort_by_key(|&index| Reverse(lengths[index]));
        let mut loads: BinaryHeap<_> = (0..size).map(|rank| Reverse((0, rank))).collect();
        let mut parameters = vec![(0, 0..0); lengths.len()];
        for index in by_length {
            let Some(mut least) = loads.peek_mut() else { break };
            least.0.0 += lengths[index];
            parameters[index].0 = least.0.1;
        }
        let mut of_rank = vec![0; size];
        loads.into_iter().for_each(|Reverse((load, rank))| of_rank[rank] = load);
        let shares = Shares::new(&of_rank);
        let mut ends: Vec<usize> = (0..size).map(|rank| shares.of(rank).start).collect();
        for ((owner, places), length) in parameters.iter_mut().zip(lengths) {
            *places = ends[*owner]..ends[*owner] + length;
            ends[*owner] = places.end;
        }
        Self { rank, parameters, shares }
    }

    pub(crate) fn shares(&self) -> &Shares {
        &self.shares
    }

    /// How many parameters there are.
    pub(crate) fn count(&self) -> usize {
        self.parameters.len()
    }

    /// Whose parameter this is, by its number in the network's order.
    pub(crate) fn owner(&self, index: usize) -> usize {
        self.parameters[index].0
    }

    /// Whether a parameter is this rank's, by its number in the network's order.
    pub(crate) fn is_own(&self, index: usize) -> bool {
        self.owner(index) == self.rank
    }

    /// The numbers of all arrays in the order in which they are passed on, or of those of this rank's parameters, in one transfer from
    /// the device. Parameters without an array have `missing`. Also returns which parameters have one, in the network's order.
    pub(crate) fn numbers<M: Module>(
        &self,
        network: &M,
        arrays: &GradientsParams,
        missing: f64,
        all: bool,
    ) -> (Vec<f32>, Vec<bool>) {
        struct Collect<'a> {
            sharding: &'a Sharding,
            arrays: &'a GradientsParams,
            missing: f64,
            all: bool,
            present: Vec<bool>,
            found: Vec<(usize, Tensor<1>)>,
        }
        impl ModuleVisitor for Collect<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let index = self.present.len();
                let array = self.arrays.get::<D>(param.id);
                self.present.push(array.is_some());
                if self.all || self.sharding.is_own(index) {
                    let array = array.unwrap_or_else(|| param.val().inner().full_like(self.missing));
                    self.found.push((self.sharding.parameters[index].1.start, array.reshape([-1])));
                }
            }
        }
        let mut collect = Collect { sharding: self, arrays, missing, all, present: Vec::new(), found: Vec::new() };
        network.visit(&mut collect);
        let Collect { present, mut found, .. } = collect;
        if found.is_empty() {
            return (Vec::new(), present);
        }
        // The places of a parameter without numbers begin where another's do.
        found.sort_by_key(|(start, array)| (*start, array.dims()));
        let whole = Tensor::cat(found.into_iter().map(|(_, array)| array).collect(), 0);
        (whole.into_data_as::<f32>().try_to_vec().expect("converted to f32"), present)
    }

    /// Puts numbers into arrays, for the parameters that are `taken`, by their number. The first number is at the place `first`.
    pub(crate) fn put<M: Module>(
        &self,
        network: &M,
        (first, numbers): (usize, &[f32]),
        taken: impl Fn(usize) -> bool,
        device: &Device,
        arrays: &mut GradientsParams,
    ) {
        struct Put<'a, F> {
            sharding: &'a Sharding,
            first: usize,
            numbers: &'a [f32],
            taken: F,
            device: &'a Device,
            arrays: &'a mut GradientsParams,
            index: usize,
        }
        impl<F: Fn(usize) -> bool> ModuleVisitor for Put<'_, F> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if (self.taken)(self.index) {
                    let Range { start, end } = self.sharding.parameters[self.index].1;
                    let own = self.numbers[start - self.first..end - self.first].to_vec();
                    let array = Tensor::from_data(TensorData::new(own, param.val().dims()), self.device);
                    self.arrays.register::<D>(param.id, array);
                }
                self.index += 1;
            }
        }
        network.visit(&mut Put { sharding: self, first, numbers, taken, device, arrays, index: 0 });
    }

    /// Drops the arrays of all parameters but those that are `kept`, by their number.
    pub(crate) fn keep<M: Module>(network: &M, arrays: &mut GradientsParams, kept: impl Fn(usize) -> bool) {
        struct Keep<'a, F> {
            arrays: &'a mut GradientsParams,
            kept: F,
            index: usize,
        }
        impl<F: Fn(usize) -> bool> ModuleVisitor for Keep<'_, F> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if !(self.kept)(self.index) {
                    drop(self.arrays.remove::<D>(param.id));
                }
                self.index += 1;
            }
        }
        network.visit(&mut Keep { arrays, kept, index: 0 });
    }

    /// Puts the numbers of parameters that other ranks have updated into a network, and takes the update of their averages.
    pub(crate) fn receive<M: Module>(
        &self,
        weights: &mut Weights<M>,
        numbers: &[f32],
        taken: impl Fn(usize) -> bool,
        update: RunningAverage,
        device: &Device,
    ) {
        struct Receive<'a> {
            values: &'a mut GradientsParams,
            averages: &'a mut GradientsParams,
            update: RunningAverage,
        }
        impl ModuleMapper for Receive<'_> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                let Some(value) = self.values.remove::<D>(param.id) else { return param };
                let (id, _, mapper) = param.consume();
                let average = self.averages.remove::<D>(id).expect("average and network have the same parameters");
                self.averages.register(id, self.update.step(average, value.clone()));
                Param::from_mapped_value(id, Tensor::from_inner(value).require_grad(), mapper)
            }
        }
        let mut values = GradientsParams::new();
        self.put(&weights.network, (0, numbers), taken, device, &mut values);
        replace_with_or_abort(weights, |Weights { network, average }| {
            let mut averages = arrays(&average);
            // What holds an average keeps it from being changed in place.
            drop(average);
            let network = network.map(&mut Receive { values: &mut values, averages: &mut averages, update });
            let average = network.valid().map(&mut Replace { arrays: averages });
            Weights { network, average }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_equal_up_to_the_largest_parameter_and_hold_every_number_once() {
        let lengths = [900, 30, 2700, 90, 0, 900, 30, 10, 1];
        for size in [1, 2, 3, 4, 20] {
            let all: Vec<Sharding> = (0..size).map(|rank| Sharding::of_lengths(&lengths, rank, size)).collect();
            let total: usize = lengths.iter().sum();
            assert_eq!(all[0].shares.total(), total);
            let mut taken = vec![false; total];
            for (index, length) in lengths.iter().enumerate() {
                let (owner, places) = &all[0].parameters[index];
                assert_eq!(places.len(), *length);
                let share = all[0].shares.of(*owner);
                assert!(share.start <= places.start && places.end <= share.end);
                places.clone().for_each(|place| assert!(!std::mem::replace(&mut taken[place], true)));
                assert_eq!(all.iter().filter(|of_rank| of_rank.is_own(index)).count(), 1);
            }
            for rank in 0..size {
                assert!(all[0].shares.of(rank).len() <= (total / size).max(2700), "{size} ranks: {:?}", all[0].shares);
            }
        }
    }
}
