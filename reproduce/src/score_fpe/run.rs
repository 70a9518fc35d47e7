//! Runs that are made once, and what is measured of them once.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use fokker::model::NetworkVisitor;
use fokker::training::{Loss, Objective, RunFolder, TimeSampling, Weighting, newest_checkpoint, read_state};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::Reproduction;
use fokker::Error;
use fokker::Monitor;
use fokker::RunConfig;
use fokker::experiment::with_averaged;
use fokker::find_checkpoint;
use fokker::train;

/// A run that was trained to its end.
#[derive(Clone, Debug)]
pub(super) struct TrainedExhibit {
    /// Its configuration.
    pub config: RunConfig,
    /// Its last checkpoint.
    pub checkpoint: PathBuf,
    /// Seconds of training.
    pub seconds: f64,
    /// Who hears of progress.
    pub monitor: Arc<dyn Monitor>,
}

/// The configuration of a run of the reproduction, made of a recipe.
pub(super) fn config(
    recipe: &str,
    name: &str,
    mut changes: Vec<String>,
    reproduction: &Reproduction,
) -> Result<RunConfig, Error> {
    // Quoted as TOML does.
    let as_text = |text: String| Value::String(text).to_string();
    changes.push(format!("name={}", as_text(name.into())));
    changes.push(format!("runs={}", as_text(reproduction.runs().display().to_string())));
    changes.extend(reproduction.changes.iter().cloned());
    RunConfig::recipe(recipe, &changes)
}

/// What a caption says of a run: the process, and what was minimised.
pub(super) fn described(config: &RunConfig) -> Result<String, Error> {
    let process = config.build_process()?.name().to_uppercase().replace('_', "-");
    Ok(format!("{process}, {}, γ = {}", objective(config), gamma(config)))
}

/// The weighting of a run in the papers' symbols where they have one, and its times.
pub(super) fn objective(config: &RunConfig) -> String {
    let Objective { loss, weighting, time, .. } = &config.objective;
    let times = match time {
        TimeSampling::Uniform => "uniform times".into(),
        TimeSampling::Importance => "times even in the log-SNR".into(),
        TimeSampling::LogNormal { mean, std } => format!("ln(σ/α) from N({mean}, {std}²)"),
        TimeSampling::LogitNormal { mean, std } => format!("the logit of t from N({mean}, {std}²)"),
        other => format!("times {}", other.name()),
    };
    match (loss, weighting) {
        (Loss::InitialValue, _) => format!("eq. 11, {times}"),
        (_, Weighting::Epsilon | Weighting::Sigma2) => format!("λ = σ², {times}"),
        (_, Weighting::Likelihood) => format!("λ = g², {times}"),
        (_, other) => format!("weighting {}, {times}", other.name()),
    }
}

/// The weight of the regulariser.
pub(super) fn gamma(config: &RunConfig) -> f64 {
    config.objective.regularizer.map_or(0.0, |regularizer| regularizer.gamma)
}

/// Trains a run to its end, unless it is there already; goes on with one that was interrupted.
pub(super) fn trained(config: RunConfig, reproduction: &Reproduction) -> Result<TrainedExhibit, Error> {
    let folder = RunFolder::new(config.run_folder());
    if folder.exists() {
        let mut there = RunConfig::load(&folder.config(), &[])?;
        // The folder may have been moved, and another device may go on.
        (there.runs, there.backend) = (config.runs.clone(), config.backend.clone());
        if there.to_toml()? != config.to_toml()? {
            let message = "there is a run of another configuration here; delete it, or choose another --out";
            return Err(Error::File { path: folder.path().into(), message: message.into() });
        }
    }
    let step = match newest_checkpoint(&folder.checkpoints())? {
        Some(path) => read_state(&path)?.step,
        None => 0,
    };
    if step < config.training.steps && !train(&config, folder.exists(), &*reproduction.monitor)?.finished {
        return Err(Error::Interrupted);
    }
    let checkpoint = find_checkpoint(folder.path())?;
    let seconds = read_state(&checkpoint)?.seconds;
    Ok(TrainedExhibit { config, checkpoint, seconds, monitor: reproduction.monitor.clone() })
}

/// What was measured, and how. As TOML, whose numbers are read back exactly.
#[derive(Serialize, Deserialize)]
struct Kept<S, T> {
    seconds: f64,
    result: T,
    settings: S,
}

impl TrainedExhibit {
    /// Hands the run's network with its averaged weights on.
    pub fn visit<T: Send>(&self, visitor: impl NetworkVisitor<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let chosen = self.config.backend.resolve()?;
        with_averaged(&self.checkpoint, &self.config, &chosen.device, visitor)
    }

    /// A measurement of the run, kept in its folder under a name together with its settings.
    pub fn cached<S, T>(
        &self,
        name: &str,
        settings: S,
        measure: impl FnOnce(&S) -> Result<T, Error>,
    ) -> Result<T, Error>
    where
        S: Serialize + DeserializeOwned + PartialEq,
        T: Serialize + DeserializeOwned,
    {
        let path = self.config.run_folder().join(format!("{name}.toml"));
        let there = fs::read_to_string(&path).ok().and_then(|text| toml::from_str::<Kept<S, T>>(&text).ok());
        if let Some(there) = there.filter(|there| there.settings == settings) {
            return Ok(there.result);
        }
        let start = Instant::now();
        let result = measure(&settings)?;
        let kept = Kept { seconds: start.elapsed().as_secs_f64(), result, settings };
        let unwritten = |error: toml::ser::Error| Error::File { path: path.clone(), message: error.to_string() };
        fokker_files::write(&path, toml::to_string(&kept).map_err(unwritten)?.as_bytes())?;
        Ok(kept.result)
    }
}
