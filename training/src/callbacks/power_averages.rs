//! Power-function averages, tracked along the training.

use std::fs;

use burn::module::{Module, ModuleDisplay, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use fokker_files::FileError;
use fokker_kernels::{Arena, RunningAverage};
use fokker_model::Network;
use replace_with::replace_with_or_abort;

use super::{Callback, Moment};
use crate::checkpoint::folder_name;
use crate::error::TrainingError;
use crate::optimizer::{Replace, arrays};
use crate::parameter_list::{arena_for, put, take, take_some};
use crate::plan::TrainingPlan;
use crate::power_average::{PowerProfile, Snapshot, list_snapshots, load_snapshot, save_snapshot};
use crate::run::RunFolder;

/// Tracks the [averages](crate::PowerAverageConfig) that the plan names, if it names any, and keeps snapshots of them in the folder
/// `averages` of a run: as often as the plan says, and with every checkpoint, so that a resumed run has the same ones.
#[derive(Clone, Debug)]
pub struct PowerAverages<N> {
    run: RunFolder,
    averages: Vec<Tracked<N>>,
    /// The step that the last snapshots are of.
    saved: u64,
    /// Where an average's parameters are on a GPU.
    arena: Option<Arena>,
}

#[derive(Clone, Debug)]
struct Tracked<N> {
    std: f64,
    profile: PowerProfile,
    average: N,
}

impl<N> PowerAverages<N> {
    /// For a run. It comes before the checkpoints: a checkpoint that is there has its snapshots.
    pub fn new(run: &RunFolder) -> Self {
        Self { run: run.clone(), averages: Vec::new(), saved: 0, arena: None }
    }
}

impl<N: Module + ModuleDisplay> PowerAverages<N> {
    fn write(&mut self, step: u64) -> Result<(), TrainingError> {
        if self.saved == step {
            return Ok(());
        }
        for Tracked { std, average, .. } in &self.averages {
            save_snapshot(&Snapshot::new(&self.run.averages(), step, *std), average.clone())?;
        }
        self.saved = step;
        Ok(())
    }

    /// Deletes the snapshots that were kept for checkpoints which are gone.
    fn prune(&self, plan: &TrainingPlan, step: u64) -> Result<(), TrainingError> {
        let every = plan.averages.as_ref().map_or(1, |config| config.every);
        let is_wanted =
            |at: u64| at >= step || at.is_multiple_of(every) || self.run.checkpoints().join(folder_name(at)).is_dir();
        for snapshot in list_snapshots(&self.run.averages()).into_iter().filter(|snapshot| !is_wanted(snapshot.step)) {
            fs::remove_file(&snapshot.path).map_err(|error| FileError::new("cannot delete", &snapshot.path, error))?;
        }
        Ok(())
    }
}

impl<N: Network<D>, const D: usize> Callback<N, D> for PowerAverages<N> {
    fn start(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let Some(config) = at.trainer.plan().averages.clone() else { return Ok(()) };
        let step = at.step();
        self.averages.clear();
        for (&std, profile) in config.stds.iter().zip(config.profiles()) {
            let snapshot = Snapshot::new(&self.run.averages(), step, std);
            let average = match snapshot.path.is_file() {
                true => load_snapshot(&snapshot, at.trainer.network())?,
                false => at.trainer.network(),
            };
            if step > 0 && !snapshot.path.is_file() {
                at.warn(format!(
                    "the average of σ_rel = {std} begins at step {step}: it was not tracked before, so the weights of step {step} \
                     stand for all earlier ones"
                ));
            }
            self.averages.push(Tracked { std, profile, average });
        }
        self.saved = step;
        Ok(())
    }

    fn step(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let step = at.step();
        if !self.averages.is_empty() {
            let network = at.trainer.network();
            for Tracked { profile, average, .. } in &mut self.averages {
                let update = RunningAverage { decay: profile.decay(step), update: step };
                let arena = &mut self.arena;
                replace_with_or_abort(average, |average| updated(average, &network, update, arena));
            }
        }
        let due =
            at.trainer.plan().averages.as_ref().is_some_and(|config| at.trainer.plan().is_due(config.every, step));
        match if due { self.write(step) } else { Ok(()) } {
            Err(error) if error.is_full_disk() => {
                let cause = error.without_remedy();
                at.warn(format!("step {step}: there is no snapshot of the averages: {cause}. Training goes on"));
                Ok(())
            }
            written => written,
        }
    }

    fn save(&mut self, at: &mut Moment<'_, N, D>) -> Result<(), TrainingError> {
        let step = at.step();
        self.write(step)?;
        if let Err(error) = self.prune(at.trainer.plan(), step) {
            // One snapshot too many is no reason to end.
            tracing::warn!("{error}");
        }
        Ok(())
    }
}

/// The average after an update: on a GPU in one kernel for all parameters, elsewhere in one operation for each.
fn updated<N: Module>(average: N, network: &N, update: RunningAverage, arena: &mut Option<Arena>) -> N {
    let mut values = arrays(network);
    let (ids, tensors) = take(network, &mut values);
    let mut averages = arrays(&average);
    let of_average = take_some(network, &ids, &mut averages);
    match arena_for(arena, &tensors).filter(|arena| arena.fits(&of_average)) {
        Some(arena) => {
            // What holds a parameter keeps it from being changed in place.
            drop(average);
            let of_average = update.step_all(arena, of_average, tensors);
            put(network, &ids, of_average, &mut averages);
            network.clone().map(&mut Replace { arrays: averages })
        }
        None => {
            drop(of_average);
            put(network, &ids, tensors, &mut values);
            average.map(&mut Update { update, values })
        }
    }
}

/// Takes an update of every parameter.
struct Update {
    update: RunningAverage,
    values: GradientsParams,
}

impl ModuleMapper for Update {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, average, mapper) = param.consume();
        let value = self.values.remove::<D>(id).expect("average and network have the same parameters");
        Param::from_mapped_value(id, self.update.step(average, value), mapper)
    }
}
