//! Averages of the weights whose length is chosen after the training.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use fokker_model::{Network, NetworkVisitor};
use fokker_training::{
    PowerProfile, Reconstruction, RunFolder, Snapshot, TrainingState, list_snapshots, load_snapshot,
};

use crate::config::RunConfig;
use crate::error::Error;
use crate::experiment::run_config;
use crate::monitor::Monitor;
use crate::run_of_weights::write_run;

/// Which average to make of a run's snapshots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AverageRequest {
    /// Its relative deviation σ_rel: about the share of the training that it looks back.
    pub std: f64,
    /// The step that it ends at; that of the newest snapshots if absent.
    pub step: Option<u64>,
}

/// An average that was made.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReconstructedAverage {
    /// The run that holds it.
    pub run: PathBuf,
    /// The step that it ends at.
    pub step: u64,
    /// The number of snapshots that it is a combination of.
    pub snapshots: usize,
    /// How far its profile is from the wanted one, as a share of its norm.
    pub error: f64,
}

/// Makes an average of the weights of any length from the snapshots that a run with an `averages` section keeps
/// (Karras et al. 2024, section 3.2), and writes it as a run of its own, `into`: to draw from, to judge, to compare.
///
/// # Errors
/// A run without snapshots, or none at the step; a deviation out of range; a damaged snapshot; a run that is there already;
/// a monitor that stops the work.
pub fn average(
    run: &Path,
    request: &AverageRequest,
    into: &Path,
    monitor: &dyn Monitor,
) -> Result<ReconstructedAverage, Error> {
    let folder = RunFolder::new(run);
    let mut config = run_config(run, &[])?;
    let wanted = PowerProfile::of_std(request.std).ok_or_else(|| {
        let (least, most) = (PowerProfile::LEAST, PowerProfile::MOST);
        Error::field("std", request.std, format!("must lie between {least} and {most:.4}"))
    })?;
    let (step, snapshots) = snapshots_until(&folder, request.step)?;
    let named = into.file_name().and_then(|name| name.to_str());
    let Some(name) = named else {
        return Err(Error::File {
            path: into.into(),
            message: "is no name of a folder; name a new one, such as runs/average".into(),
        });
    };
    config.name = name.into();
    config.runs = into.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).into();
    config.validate()?;
    let into = RunFolder::new(into);
    if into.exists() {
        // Refused before the snapshots are read.
        into.create("")?;
    }
    let profiles: Vec<(PowerProfile, u64)> =
        snapshots.iter().map(|(snapshot, profile)| (*profile, snapshot.step)).collect();
    let found = Reconstruction::new(&profiles, wanted, step);
    let terms = snapshots.into_iter().zip(found.coefficients).map(|((snapshot, _), x)| (snapshot, x)).collect();
    let work = Combine { terms, step, config: &config, into: &into, monitor };
    let count = work.terms.len();
    // Weights are added up here, whatever they were trained on.
    config.network.build(config.seed, &Device::flex(), work)??;
    Ok(ReconstructedAverage { run: into.path().into(), step, snapshots: count, error: found.error })
}

/// The step that an average ends at, and the snapshots until then with their profiles.
fn snapshots_until(folder: &RunFolder, step: Option<u64>) -> Result<(u64, Vec<(Snapshot, PowerProfile)>), Error> {
    let known = |snapshot: Snapshot| PowerProfile::of_std(snapshot.std).map(|profile| (snapshot, profile));
    let mut snapshots: Vec<_> = list_snapshots(&folder.averages()).into_iter().filter_map(known).collect();
    let mut steps: Vec<u64> = snapshots.iter().map(|(snapshot, _)| snapshot.step).collect();
    steps.dedup();
    let Some(&last) = steps.last() else {
        let message =
            "there are no snapshots of averages here: a run keeps them if its configuration has a section [averages]";
        return Err(Error::File { path: folder.averages(), message: message.into() });
    };
    let step = step.unwrap_or(last);
    if !steps.contains(&step) {
        let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
        return Err(Error::field("step", step, format!("there is no snapshot of it; there are {}", steps.join(", "))));
    }
    snapshots.retain(|(snapshot, _)| snapshot.step <= step);
    Ok((step, snapshots))
}

/// Adds snapshots up, in double precision, and writes the sum.
struct Combine<'a> {
    terms: Vec<(Snapshot, f64)>,
    step: u64,
    config: &'a RunConfig,
    into: &'a RunFolder,
    monitor: &'a dyn Monitor,
}

impl NetworkVisitor for Combine<'_> {
    type Output = Result<(), Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<(), Error> {
        let mut sum = Sum::default();
        for (snapshot, coefficient) in &self.terms {
            if self.monitor.should_stop() {
                return Err(Error::Interrupted);
            }
            sum.add(&load_snapshot(snapshot, network.clone())?, *coefficient);
        }
        let average = network.map(&mut sum);
        let state = TrainingState { step: self.step, updates: self.step as usize, ..TrainingState::default() };
        write_run(self.into, self.config, [average.clone(), average], state)
    }
}

/// A sum of networks' parameters, in the order in which they are visited.
#[derive(Default)]
struct Sum {
    parameters: Vec<Vec<f64>>,
    coefficient: f64,
    next: usize,
}

impl Sum {
    fn add<M: Module>(&mut self, network: &M, coefficient: f64) {
        (self.coefficient, self.next) = (coefficient, 0);
        network.visit(self);
        self.next = 0;
    }
}

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val().into_data().convert::<f64>();
        let values = values.as_slice::<f64>().expect("the numbers were converted");
        if self.parameters.len() == self.next {
            self.parameters.push(vec![0.0; values.len()]);
        }
        let sums = &mut self.parameters[self.next];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += self.coefficient * value);
        self.next += 1;
    }
}

/// Puts the sums in the place of the parameters.
impl ModuleMapper for Sum {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let values = std::mem::take(&mut self.parameters[self.next]);
        self.next += 1;
        param.map(|tensor| {
            let data = TensorData::new(values, tensor.dims()).convert::<f32>();
            Tensor::from_data(data, &tensor.device())
        })
    }
}
