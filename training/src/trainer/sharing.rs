//! A training that several ranks share.

use burn::module::ModuleVisitor;
use burn::module::Param;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};
use fokker_model::Network;
use fokker_ranks::{Ranks, RanksError};

use super::Trainer;
use crate::callbacks::Wants;
use crate::checkpoint::TrainingState;
use crate::error::TrainingError;
use crate::optimizer::{ModuleAdam, Moments, Weights};

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
        let saved = self.checkpoint();
        let template = saved.ema.clone();
        let state = serde_json::to_vec(&saved.state).map_err(|error| misunderstood(&error))?;
        let state: TrainingState =
            serde_json::from_slice(&self.ranks.broadcast(state)?).map_err(|error| misunderstood(&error))?;
        let model = self.module_of_first(saved.model, &template)?;
        let average = self.module_of_first(saved.ema, &template)?;
        let moments = Moments { first: template.clone(), second: template };
        let moments = self.module_of_first(saved.moments, &moments)?;
        if !self.ranks.is_first() {
            self.optimizer = ModuleAdam::restore(self.plan.optimizer.clone(), &moments, state.updates);
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
