//! Where a run goes on: from which checkpoint, with which configuration, and what that changes.

use std::fs;
use std::path::{Path, PathBuf};

use fokker_training::{
    Decay, OptimizerConfig, OptimizerKind, RunFolder, TrainingConfig, folder_name, learning_rate, list_checkpoints,
    newest_checkpoint, read_state,
};
use serde::{Deserialize, Serialize};

use crate::changes::{Change, KeyClass, changes};
use crate::config::RunConfig;
use crate::error::Error;
use crate::experiment::no_such_step;
use crate::monitor::Monitor;

/// How a run goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResumeRequest {
    /// The step of the checkpoint to go on from; the newest whole one if absent. What the run has of later steps is set
    /// aside.
    pub from: Option<u64>,
    /// Keys, or sections, whose change of what the weights mean is wanted.
    pub allowed: Vec<String>,
    /// Whether to go on at the checkpoint's learning rate, without the schedule.
    pub keep_learning_rate: bool,
}

/// Where a run goes on.
pub(crate) struct Continuation {
    /// With what.
    pub config: RunConfig,
    /// From where; absent if the run has no checkpoint yet.
    pub checkpoint: Option<PathBuf>,
    /// The steps that are done.
    pub step: u64,
    /// The changes of what the weights mean, all of them wanted.
    changed: Vec<Change>,
}

impl Continuation {
    /// Finds the checkpoint, compares its configuration with the present one, and says what changes.
    pub fn plan(
        config: &RunConfig,
        folder: &RunFolder,
        request: &ResumeRequest,
        monitor: &dyn Monitor,
    ) -> Result<Self, Error> {
        let Some(checkpoint) = checkpoint_of(folder, request.from)? else {
            return Ok(Self { config: config.clone(), checkpoint: None, step: 0, changed: Vec::new() });
        };
        let step = read_state(&checkpoint)?.step;
        let before = RunConfig::load(&checkpoint.join("config.toml"), &[])?;
        let mut config = config.with_findings_of(&before)?;
        keep_or_compare_rate(&before.training, &mut config.training, step, request.keep_learning_rate, monitor);
        check_moments(&before.optimizer, &config.optimizer)?;
        let all = changes(&before, &config);
        let of = |class: KeyClass| all.iter().filter(move |change| change.class == class).cloned();
        let (changed, course): (Vec<Change>, Vec<Change>) =
            (of(KeyClass::Meaning).collect(), of(KeyClass::Course).collect());
        let accepted = Accepted::read(folder);
        let is_allowed = |change: &Change| {
            request.allowed.iter().any(|name| change.is_of(name))
                || accepted.step == step && accepted.changes.contains(&change.to_string())
        };
        let refused: Vec<&Change> = changed.iter().filter(|change| !is_allowed(change)).collect();
        if !refused.is_empty() {
            return Err(refusal(&refused, &checkpoint));
        }
        for (what, changes) in [("what the weights mean changes", &changed), ("from here on", &course)] {
            if !changes.is_empty() {
                let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
                monitor.say(&format!("{what}: {}", changes.join("; ")));
            }
        }
        Ok(Self { config, checkpoint: Some(checkpoint), step, changed })
    }

    /// Makes the run remember its configuration, and what was allowed: the next time it need not be said again.
    pub fn remember(&self, folder: &RunFolder) -> Result<(), Error> {
        if !self.changed.is_empty() {
            let changes = self.changed.iter().map(Change::to_string).collect();
            Accepted { step: self.step, changes }.write(folder)?;
        }
        Ok(folder.change_config(&self.config.to_toml()?, self.step)?)
    }
}

/// Refuses an optimiser that cannot go on with the moments of another: Muon has no second moment of the layers that it updates, and
/// Adam's steps would be far too large without.
fn check_moments(before: &OptimizerConfig, after: &OptimizerConfig) -> Result<(), Error> {
    let is_muon = |optimizer: &OptimizerConfig| optimizer.kind == OptimizerKind::Muon;
    if is_muon(before) == is_muon(after) {
        return Ok(());
    }
    let message = "this run has the moments of another optimiser, which are no moments of this one; begin a new run with its weights";
    Err(Error::field("optimizer.kind", after.kind.name(), message))
}

/// The checkpoint of a step, or the newest one that is whole; none if the run has none at all.
fn checkpoint_of(folder: &RunFolder, from: Option<u64>) -> Result<Option<PathBuf>, Error> {
    let checkpoints = folder.checkpoints();
    let list = || list_checkpoints(&checkpoints);
    if let Some(step) = from {
        let path = checkpoints.join(folder_name(step));
        if !path.is_dir() {
            return Err(Error::field("from", step, no_such_step(folder)));
        }
        return Ok(Some(path));
    }
    match newest_checkpoint(&checkpoints)? {
        Some(path) => Ok(Some(path)),
        None if list().is_empty() => Ok(None),
        None => {
            let message = "every checkpoint is damaged; delete the folder to start the run from the beginning";
            Err(Error::File { path: checkpoints, message: message.into() })
        }
    }
}

/// Says that the learning rate rises because the run was lengthened, or keeps it.
fn keep_or_compare_rate(
    before: &TrainingConfig,
    after: &mut TrainingConfig,
    step: u64,
    keep: bool,
    monitor: &dyn Monitor,
) {
    let rate = |config: &TrainingConfig, step: u64| {
        learning_rate(config.learning_rate, config.warmup, config.decay, step, config.steps)
    };
    // The rate of the next step; that of the last one if there was none left.
    let (then, now) = (rate(before, step.min(before.steps.saturating_sub(1))), rate(after, step));
    if keep {
        (after.learning_rate, after.warmup, after.decay) = (then, 0, Decay::Constant);
    } else if before.learning_rate == after.learning_rate && now > 1.01 * then {
        monitor.say(&format!(
            "the learning rate rises from {then:.3e} to {now:.3e}, because its schedule changed; keep_learning_rate keeps it \
             at {then:.3e}"
        ));
    }
}

fn refusal(refused: &[&Change], checkpoint: &Path) -> Error {
    let mut keys: Vec<String> = refused.iter().map(|change| change.key.clone()).collect();
    keys.dedup();
    let changes = refused.iter().map(|change| format!("  {change}")).collect();
    Error::Changed { checkpoint: checkpoint.into(), changes, keys }
}

/// `accepted.toml`: changes that were allowed at a step, so that they need not be allowed again before the run has its
/// next checkpoint.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Accepted {
    step: u64,
    changes: Vec<String>,
}

impl Accepted {
    fn path(folder: &RunFolder) -> PathBuf {
        folder.path().join("accepted.toml")
    }

    /// What there is; nothing if it cannot be read, which only means to ask again.
    fn read(folder: &RunFolder) -> Self {
        let text = fs::read_to_string(Self::path(folder)).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }

    fn write(&self, folder: &RunFolder) -> Result<(), Error> {
        let path = Self::path(folder);
        let text =
            toml::to_string(self).map_err(|error| Error::File { path: path.clone(), message: error.to_string() })?;
        Ok(fokker_files::write(&path, text.as_bytes())?)
    }
}
