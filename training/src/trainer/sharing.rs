//! A training that several ranks share.

use burn::module::ModuleVisitor;
use burn::module::Param;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};
use fokker_kernels::RunningAverage;
use fokker_model::Network;
use fokker_ranks::{Ranks, RanksError};

use super::Trainer;
use crate::callbacks::Wants;
use crate::checkpoint::TrainingState;
use crate::error::TrainingError;
use crate::optimizer::{ModuleOptimizer, Moments, Weights, arrays};
use crate::part_sum::Shared;
use crate::sharding::Sharding;

impl<N: Network<D>, const D: usize> Trainer<N, D> {
    /// Shares the training with other ranks, from the state of rank 0 on: each computes its share of the parts of a step
    /// ([`TrainingConfig::accumulation`](crate::TrainingConfig::accumulation)). The weights after every step are, bit for bit, those of one
    /// rank on the same kind of processor. All ranks have the same plan; callbacks that write belong on rank 0 alone.
    ///
    /// # Errors
    /// A number of parts that the ranks do not divide; ranks that fail.
    pub fn share_with(self, ranks: Ranks) -> Result<Self, TrainingError> {
        self.plan.training.validate_for_ranks(ranks.size())?;
        let trainer = Self { ranks, ..self };
        if trainer.ranks.size() == 1 { Ok(trainer) } else { trainer.with_state_of_first() }
    }

    /// Takes over weights, moments and numbers of rank 0.
    fn with_state_of_first(mut self) -> Result<Self, TrainingError> {
        let saved = self.own_state();
        let template = saved.ema.clone();
        let state = serde_json::to_vec(&saved.state).map_err(|error| misunderstood(&error))?;
        let state: TrainingState =
            serde_json::from_slice(&self.ranks.broadcast(state)?).map_err(|error| misunderstood(&error))?;
        let model = self.module_of_first(saved.model, &template)?;
        let average = self.module_of_first(saved.ema, &template)?;
        let moments = Moments { first: template.clone(), second: template };
        let moments = self.module_of_first(saved.moments, &moments)?;
        if !self.ranks.is_first() {
            self.optimizer = ModuleOptimizer::restore(self.plan.optimizer.clone(), &moments, state.updates);
            self.weights = Weights { network: model.train(), average };
            self.state = state;
        }
        Ok(self)
    }

    fn module_of_first<M: burn::module::Module + burn::module::ModuleDisplay>(
        &self,
        module: M,
        template: &M,
    ) -> Result<M, TrainingError> {
        if self.ranks.is_first() {
            let bytes = module.clone().into_record().into_bytes().map_err(|error| misunderstood(&error))?;
            self.ranks.broadcast(bytes.to_vec())?;
            return Ok(module);
        }
        let bytes = Bytes::from_bytes_vec(self.ranks.broadcast(Vec::new())?);
        let record = ModuleRecord::from_bytes(bytes).map_err(|error| misunderstood(&error))?;
        template.clone().try_load_record(record).map_err(|error| misunderstood(&error))
    }

    /// Passes on what this rank has updated, its own parameters, and takes over those of the others.
    pub(super) fn pass_on_updates(&mut self, shared: &Shared, average_decay: f64) -> Result<(), TrainingError> {
        if self.ranks.size() == 1 {
            return Ok(());
        }
        let Shared { sharding, present, .. } = shared;
        let network = &self.weights.network;
        let (own, _) = sharding.numbers(network, &arrays(network), 0.0, false);
        let all = sharding.shares().gather(&self.ranks, &own)?;
        let taken = |index: usize| present[index] && !sharding.is_own(index);
        let update = RunningAverage { decay: average_decay, update: self.optimizer.updates() as u64 };
        sharding.receive(&mut self.weights, &all, taken, update, &self.device.clone().inner());
        Ok(())
    }

    /// Drops the moments of parameters that other ranks update.
    pub(super) fn forget_moments_of_others(&mut self) {
        if self.ranks.size() == 1 || !std::mem::take(&mut self.has_all_moments) {
            return;
        }
        let network = &self.weights.network;
        let sharding = Sharding::new(network, &self.ranks);
        for moments in self.optimizer.arrays_of_moments() {
            Sharding::keep(network, moments, |index| sharding.is_own(index));
        }
    }

    /// Gives rank 0 the moments of all parameters, until the next step.
    pub(super) fn gather_moments(&mut self) -> Result<(), TrainingError> {
        if self.ranks.size() == 1 || std::mem::replace(&mut self.has_all_moments, true) {
            return Ok(());
        }
        let network = &self.weights.network;
        let sharding = Sharding::new(network, &self.ranks);
        for moments in self.optimizer.arrays_of_moments() {
            // A parameter that never had a gradient has moments of zero.
            let (own, _) = sharding.numbers(network, moments, 0.0, false);
            let all = sharding.shares().gather_at_first(&self.ranks, &own)?;
            if self.ranks.is_first() {
                let device = self.device.clone().inner();
                sharding.put(network, (0, &all), |index| !sharding.is_own(index), &device, moments);
            }
        }
        Ok(())
    }

    /// What any rank wants of a step.
    pub(super) fn agreed(&self, wants: Wants) -> Result<Wants, TrainingError> {
        let [line, save] = self.ranks.any([wants.line, wants.save])?;
        Ok(Wants { line, save })
    }

    /// Makes sure that all ranks have the same weights, before they are saved.
    pub(super) fn agree_on_weights(&self) -> Result<(), TrainingError> {
        if self.ranks.size() == 1 {
            return Ok(());
        }
        let mut checksum = Checksum(0);
        self.weights.average.visit(&mut checksum);
        Ok(self.ranks.agree("checksum of the weights", &format!("{:08x}", checksum.0))?)
    }
}

/// What a rank cannot read of rank 0.
fn misunderstood(error: &dyn std::fmt::Display) -> TrainingError {
    RanksError::Start(format!("the state of rank 0 cannot be passed on: {error}")).into()
}

struct Checksum(u32);

impl ModuleVisitor for Checksum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0 = crc32c::crc32c_append(self.0, param.val().into_data().bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use burn::optim::GradientsParams;
    use burn::tensor::Device;
    use fokker_datasets::{DatasetConfig, MoonsConfig, Split};
    use fokker_model::{Mlp, MlpConfig};
    use fokker_process::ProcessConfig;
    use fokker_ranks::threads;

    use super::*;
    use crate::callbacks::Callbacks;
    use crate::config::TrainingConfig;
    use crate::plan::TrainingPlan;

    /// How many numbers the arrays of a network's parameters have.
    fn numbers<M: burn::module::Module>(network: &M, arrays: &GradientsParams) -> usize {
        struct Count<'a>(&'a GradientsParams, usize);
        impl ModuleVisitor for Count<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.1 += self.0.get::<D>(param.id).map_or(0, |array| array.dims().iter().product());
            }
        }
        let mut count = Count(arrays, 0);
        network.visit(&mut count);
        count.1
    }

    /// A training of two steps; the numbers of the parameters, and of this rank's first and second moments.
    fn trained(ranks: Ranks) -> [usize; 3] {
        let device = Device::flex();
        let network = Mlp::new(&MlpConfig { width: 16, blocks: 4, ..MlpConfig::new(2) }, 0, &device).unwrap();
        let moons = DatasetConfig::from(MoonsConfig::default()).open(Split::Train, 0).unwrap();
        let training = TrainingConfig { steps: 2, batch_size: 4, accumulation: 4, ..TrainingConfig::default() };
        let plan = TrainingPlan { training, ..TrainingPlan::new(ProcessConfig::default().build().unwrap(), moons) };
        let first = ranks.is_first();
        let mut trainer = Trainer::<Mlp, 2>::new(plan, network, &device).unwrap().share_with(ranks).unwrap();
        trainer.train(&mut Callbacks::new()).unwrap();
        // Rank 0 alone has all moments in the end, and drops them when it goes on.
        assert_eq!(trainer.checkpoint().is_ok(), first);
        trainer.forget_moments_of_others();
        assert!(trainer.checkpoint().is_err());
        let Trainer { weights, optimizer, .. } = &mut trainer;
        let [of_first, of_second] = optimizer.arrays_of_moments().map(|moments| numbers(&weights.network, moments));
        [numbers(&weights.network, &arrays(&weights.network)), of_first, of_second]
    }

    /// Each of four ranks has about a quarter of both moments, and together they have all.
    #[test]
    fn each_rank_has_its_share_of_the_moments() {
        let found: Vec<[usize; 3]> = std::thread::scope(|scope| {
            // A rank that waits keeps a thread of the pool that operations are divided among.
            let pool = || rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let run = |ranks| scope.spawn(move || pool().install(|| trained(ranks)));
            let running: Vec<_> = threads(4, Duration::from_secs(60)).into_iter().map(run).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let parameters = found[0][0];
        for moment in [1, 2] {
            assert_eq!(found.iter().map(|of_rank| of_rank[moment]).sum::<usize>(), parameters);
            assert!(found.iter().all(|of_rank| 3 * of_rank[moment] < parameters), "{found:?}");
        }
    }
}
