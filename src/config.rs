//! A run's configuration: one complete TOML file, read strictly.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fokker_datasets::{
    ClassCount, ConditionConfig, ConditionReader, Conditioned, Conditions, Dataset, DatasetConfig, Preprocessing,
    Scale, Split,
};
use fokker_model::{MixtureScore, ModelError, NetworkConfig, Parameterization};
use fokker_process::interpolant::BridgeNoise;
use fokker_process::{GaussianMixture, Process, ProcessConfig};
use fokker_sampling::{DataRange, SamplerConfig};
use fokker_training::score_fpe::ResidualsConfig;
use fokker_training::{
    Best, CheckpointConfig, Objective, OptimizerConfig, PowerAverageConfig, StartingData, TrainingConfig, TrainingPlan,
    check_augmentation, validate_start,
};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::backend::BackendConfig;
use crate::condition::{self, Given};
use crate::draw::state_shape;
use crate::error::Error;
use crate::evaluation::EvaluationConfig;
use crate::overrides;
use crate::recipes;
use crate::samples::SampleKind;

/// Everything that defines a run.
///
/// ```
/// use fokker::RunConfig;
///
/// let changes = ["training.batch_size=32".to_string(), "process={ kind = 'cosine' }".to_string()];
/// let config = RunConfig::recipe("mnist_vp_small", &changes)?;
/// assert_eq!((config.training.batch_size, config.build_process()?.name()), (32, "cosine"));
/// // Unknown keys are refused by name, before work starts.
/// let error = RunConfig::recipe("mnist_vp_small", &["training.stepz=1".into()]).unwrap_err();
/// assert!(error.to_string().contains("stepz"));
/// # Ok::<(), fokker::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the run, and of its folder.
    pub name: String,
    /// The folder that the run's folder is made in. A run that was moved goes on where it is.
    #[serde(default = "default_runs")]
    pub runs: PathBuf,
    /// Seed of every random number.
    #[serde(default)]
    pub seed: u64,
    /// Where to compute.
    #[serde(default)]
    pub backend: BackendConfig,
    /// What to learn from.
    pub data: DatasetConfig,
    /// What paths begin with in the place of noise; absent, they begin with noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartConfig>,
    /// Scaling and augmentation of the data.
    pub preprocessing: Preprocessing,
    /// The vector and the array that are measured in each example and given to the network with it.
    #[serde(default, skip_serializing_if = "ConditionConfig::is_empty")]
    pub condition: ConditionConfig,
    /// How data becomes noise.
    pub process: ProcessConfig,
    /// The network.
    pub network: NetworkConfig,
    /// What the network's output means.
    pub parameterization: Parameterization,
    /// What is minimised.
    pub objective: Objective,
    /// The optimiser; absent, Adam.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// How long and with what numbers.
    pub training: TrainingConfig,
    /// What is reported of the score Fokker–Planck equation [Lai 2023, sec. 2]; absent, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residuals: Option<ResidualsConfig>,
    /// How good samples are while training; absent, it is not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<EvaluationConfig>,
    /// When to save; absent, every 1000 steps.
    #[serde(default)]
    pub checkpoints: CheckpointConfig,
    /// Averages whose length is chosen after the training; absent, none are tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub averages: Option<PowerAverageConfig>,
    /// Pictures drawn while training; absent, none.
    #[serde(default)]
    pub previews: PreviewConfig,
    /// The sampler of previews, and of `fokker sample` unless another is named.
    pub sampler: SamplerConfig,
}

/// The `start` section: other data, from which a way to the data is learnt (Albergo et al. 2023; Liu et al. 2023).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartConfig {
    /// The data that paths begin with, scaled like the data that they lead to.
    pub data: DatasetConfig,
    /// The noise on the way, `none` or `sine`.
    #[serde(default, skip_serializing_if = "BridgeNoise::is_none")]
    pub bridge: BridgeNoise,
}

/// The `previews` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewConfig {
    /// Steps between two previews; 0 for none.
    pub every: u64,
    /// How many samples to draw.
    #[serde(default = "default_count")]
    pub count: usize,
}

impl Default for PreviewConfig {
    /// None; 16 samples where `every` alone is set.
    fn default() -> Self {
        Self { every: 0, count: default_count() }
    }
}

/// What every configuration has.
const NEEDED: [&str; 9] =
    ["name", "data", "preprocessing", "process", "network", "parameterization", "objective", "training", "sampler"];

/// Refuses a configuration that lacks some of it, by all that it lacks.
fn check_complete(table: &Table, changes: &[String]) -> Result<(), String> {
    let changed = |key: &str| changes.iter().any(|change| change.split(['.', '=']).next().map(str::trim) == Some(key));
    let missing: Vec<&str> = NEEDED.into_iter().filter(|key| !table.contains_key(*key) && !changed(key)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> =
        missing.iter().map(|&key| if key == "name" { "name = \"…\"".into() } else { format!("[{key}]") }).collect();
    Err(format!(
        "{} missing; the recipes in configs/ have them",
        shown.join(", ") + if shown.len() == 1 { " is" } else { " are" }
    ))
}

/// The largest number that a device can have.
const MOST_DEVICES: usize = 1023;

/// The most samples in a preview.
const MOST_PREVIEWS: usize = 1 << 14;

fn default_runs() -> PathBuf {
    "runs".into()
}

fn default_count() -> usize {
    16
}

impl RunConfig {
    /// Reads a configuration, with `key=value` changes.
    ///
    /// # Errors
    /// A file that cannot be read; an unknown key, a wrong type or an impossible value, by name.
    pub fn load(path: &Path, changes: &[String]) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read the configuration: {error}");
            Error::Config { path: path.into(), message }
        })?;
        Self::parse(&text, path, changes)
    }

    /// Reads a configuration from its text; `path` is for messages.
    ///
    /// # Errors
    /// As [`RunConfig::load`].
    pub fn parse(text: &str, path: &Path, changes: &[String]) -> Result<Self, Error> {
        let invalid = |message: String| Error::Config { path: path.into(), message };
        let table: Table = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        check_complete(&table, changes).map_err(&invalid)?;
        let mut config: Self = if changes.is_empty() {
            toml::from_str(text).map_err(|error| invalid(error.to_string()))?
        } else {
            overrides::read(&table, changes)
                .map_err(|error| invalid(format!("with {}: {error}", changes.join(", "))))?
        };
        config.validate().map_err(|error| invalid(error.to_string()))?;
        if config.data.is_image() {
            let (lowest, highest) = config.preprocessing.data_range();
            config.sampler.range = DataRange::new(lowest, highest);
        }
        Ok(config)
    }

    /// Reads one of the configurations that are compiled in ([`recipes`]), with `key=value` changes.
    ///
    /// ```
    /// let config = fokker::RunConfig::recipe("moons_2d", &["training.steps=200".into()])?;
    /// assert_eq!(config.training.steps, 200);
    /// # Ok::<(), fokker::Error>(())
    /// ```
    ///
    /// # Errors
    /// A name that no recipe has; as [`RunConfig::load`].
    pub fn recipe(name: &str, changes: &[String]) -> Result<Self, Error> {
        let text = recipes::find(name).ok_or_else(|| {
            let names: Vec<&str> = recipes::RUNS.iter().map(|(known, _)| *known).collect();
            Error::field("recipe", name, format!("there is no such recipe; there are {}", names.join(", ")))
        })?;
        Self::parse(text, name.as_ref(), changes)
    }

    /// The configuration as TOML, every default written out.
    ///
    /// # Errors
    /// A number above 2⁶³ − 1, which TOML does not have.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self)
            .map_err(|error| Error::Usage(format!("the configuration cannot be written as TOML: {error}")))
    }

    /// The same, with what a run that is gone on with found in its data when it started, as far as this configuration leaves it
    /// open and is of the same data.
    pub(crate) fn with_findings_of(&self, before: &Self) -> Result<Self, Error> {
        if self.data.kind() != before.data.kind() {
            return Ok(self.clone());
        }
        let table = |config: &Self| {
            let text = config.to_toml()?;
            toml::from_str::<Table>(&text).map_err(|error| Error::Usage(error.to_string()))
        };
        let (mut own, theirs) = (table(self)?, table(before)?);
        let fitted = (self.preprocessing.scale == Scale::Standardize).then_some(("preprocessing", "standardization"));
        let fitted = fitted.into_iter().chain(ConditionConfig::SETTLED.map(|key| ("condition", key)));
        if theirs.contains_key("condition") {
            own.entry("condition").or_insert_with(|| Value::Table(Table::new()));
        }
        for (section, key) in self.data.settled_keys().iter().map(|key| ("data", *key)).chain(fitted) {
            if let (Some(own), Some(value)) = (
                own.get_mut(section).and_then(Value::as_table_mut),
                theirs.get(section).and_then(|table| table.get(key)),
            ) {
                own.entry(key).or_insert_with(|| value.clone());
            }
        }
        Self::parse(&own.to_string(), Path::new("config.toml"), &[])
    }

    /// The folder of the run.
    pub fn run_folder(&self) -> PathBuf {
        self.runs.join(&self.name)
    }

    /// The forward process.
    ///
    /// # Errors
    /// Numbers that do not work.
    pub fn build_process(&self) -> Result<Arc<dyn Process>, Error> {
        Ok(self.process.build()?)
    }

    /// The shape of what the network sees and says: that of the data, or twice as much along the first axis if the process
    /// has velocities.
    ///
    /// # Errors
    /// Numbers that do not work.
    pub fn state_shape(&self) -> Result<Vec<usize>, Error> {
        Ok(state_shape(&*self.build_process()?, &self.data.shape()?))
    }

    /// The law of the data, if it is a Gaussian mixture.
    ///
    /// # Errors
    /// Numbers that do not work.
    pub fn mixture(&self) -> Result<Option<GaussianMixture>, Error> {
        let Some(law) = self.data.mixture()? else { return Ok(None) };
        let variances = law.stds().iter().map(|std| std * std).collect();
        let mixture = GaussianMixture::with_variances(law.weights().to_vec(), law.means().to_vec(), variances);
        Ok(Some(mixture.map_err(|error| Error::Usage(format!("data: {error}")))?))
    }

    /// The score of the data, if it is known.
    ///
    /// # Errors
    /// Numbers that do not work.
    pub fn exact_score(&self) -> Result<Option<MixtureScore>, Error> {
        let process = self.build_process()?;
        Ok(self.mixture()?.map(|mixture| MixtureScore::new(mixture, process)))
    }

    /// What a trainer needs to know besides the network.
    ///
    /// # Errors
    /// Numbers that do not work.
    pub fn training_plan(
        &self,
        train: Arc<dyn Dataset>,
        validation: Option<Arc<dyn Dataset>>,
    ) -> Result<TrainingPlan, Error> {
        Ok(TrainingPlan {
            seed: self.seed,
            process: self.build_process()?,
            parameterization: self.parameterization,
            objective: self.objective.clone(),
            optimizer: self.optimizer.clone(),
            training: self.training.clone(),
            checkpoints: self.checkpoints.clone(),
            best: self.best()?,
            averages: self.averages.clone(),
            preprocessing: self.preprocessing.clone(),
            train: self.conditioned(train)?,
            start: self.starting_data(Some(Split::Train))?,
            validation: validation.map(|data| self.conditioned(data)).transpose()?,
            truth: self.exact_score()?,
            residuals: self.residuals,
        })
    }

    /// What paths begin with, if it is data: a part of them, the one that is held out if absent.
    ///
    /// # Errors
    /// Data that cannot be read.
    pub fn starting_data(&self, split: Option<Split>) -> Result<Option<StartingData>, Error> {
        let Some(start) = &self.start else { return Ok(None) };
        let data = start.data.open(split.unwrap_or(start.data.held_out()), self.seed)?;
        Ok(Some(StartingData::new(data, self.preprocessing.clone(), start.bridge)?))
    }

    /// By what the best checkpoint is chosen, as `checkpoints.best` says.
    ///
    /// # Errors
    /// A number that is not measured, with those that are.
    pub fn best(&self) -> Result<Option<Best>, Error> {
        let Some(name) = &self.checkpoints.best else { return Ok(None) };
        let mut measured = Vec::new();
        if self.training.validate_every > 0 {
            measured.push(Best::by_validation_loss(self.training.validate_every));
        }
        if let Some(evaluation) = self.evaluation.as_ref().filter(|evaluation| evaluation.every > 0) {
            measured.extend(evaluation.quantities()?.into_iter().map(|quantity| Best {
                metric: quantity.name.into(),
                larger_is_better: quantity.larger_is_better,
                every: evaluation.every,
            }));
        }
        let names: Vec<String> = measured.iter().map(|best| format!("\"{}\"", best.metric)).collect();
        match measured.into_iter().find(|best| best.metric == *name) {
            Some(best) => Ok(Some(best)),
            None => {
                let there = if names.is_empty() { "nothing".into() } else { names.join(", ") };
                Err(Error::Usage(format!(
                    "checkpoints.best: \"{name}\" is not measured; this run measures {there}. Set training.validate_every for \
                     \"validation_loss\", and evaluation.every and evaluation.metrics for others"
                )))
            }
        }
    }

    /// What samples of a shape are.
    pub(crate) fn samples(&self, shape: &[usize]) -> SampleKind {
        SampleKind {
            shape: shape.into(),
            preprocessing: self.preprocessing.clone(),
            is_image: self.data.is_image(),
            columns: self.data.column_names(),
        }
    }

    /// How conditions are made of examples, or of what a user gives.
    ///
    /// # Errors
    /// A transformation that the data cannot have; files of data that cannot be read.
    pub fn condition_reader(&self) -> Result<ConditionReader, Error> {
        let (shape, stored) = (self.data.shape()?, self.data.stored_condition()?);
        Ok(ConditionReader::new(&self.condition, &self.preprocessing, &shape, self.data.is_image(), stored)?)
    }

    /// The conditions that are given in the units of the data, in those of the network.
    ///
    /// # Errors
    /// What is no condition of this run.
    pub fn conditions(&self, given: &[Given]) -> Result<Conditions, Error> {
        condition::conditions(given, &self.condition_reader()?)
    }

    /// The conditions of examples, for networks that need more than a class: what samples are drawn for that are compared with these
    /// data. At most `count`, from all over a part of the data, since data are often ordered; the part that is held out if absent.
    ///
    /// # Errors
    /// Data that cannot be read; a part that is not there.
    pub fn conditions_of(&self, split: Option<Split>, count: usize) -> Result<Option<Conditions>, Error> {
        let takes = self.network.condition();
        if takes.vector.is_none() && takes.array.is_none() {
            return Ok(None);
        }
        let data = self.conditioned(self.data.open(split.unwrap_or(self.data.held_out()), self.seed)?)?;
        let count = count.min(data.len());
        Ok(Some(Conditions::of(&*data, (0..count).map(|number| number * data.len() / count))))
    }

    /// Data with the vectors and arrays that this configuration asks for, in the network's units.
    ///
    /// # Errors
    /// A transformation that the data cannot have; numbers that are the same in all examples.
    pub fn conditioned(&self, data: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, Error> {
        let has_own = data.vector_size().is_some() || data.array_channels().is_some();
        match has_own || !self.condition.is_empty() {
            true => Ok(Arc::new(Conditioned::new(data, &self.condition, &self.preprocessing)?)),
            false => Ok(data),
        }
    }

    /// What is allowed and hardly meant, each with its remedy: to be said before work starts.
    ///
    /// # Errors
    /// A process whose numbers do not work.
    pub fn warnings(&self) -> Result<Vec<String>, Error> {
        let process = self.build_process()?;
        let objective = self.objective.warning(&*process, self.training.batch_size);
        Ok(objective.into_iter().chain(self.class_warning()).collect())
    }

    /// Labels that are not used, and a null class that is not trained.
    fn class_warning(&self) -> Option<String> {
        let unused = self.data.class_setting().filter(|_| self.data.class_count().ok() != Some(ClassCount::None));
        match (self.network.num_class_embeds(), unused) {
            (None, Some(setting)) => Some(format!(
                "{setting} has no effect: the network has no rows for classes. Set network.num_class_embeds to the \
                 number of classes plus 1"
            )),
            (Some(_), _) if self.network.has_null_class() && !self.trains_null_class() => Some(
                "training.class_dropout = 0: the null class is never trained, so guidance and drawing without classes \
                 will not work. 0.1 is customary"
                    .into(),
            ),
            _ => None,
        }
    }

    /// The number of a class by its name or its number. A name goes before a number: folders may be called 1, 2, ….
    ///
    /// # Errors
    /// A name that no class has, with those that there are.
    pub fn class_number(&self, name: &str) -> Result<usize, Error> {
        const MOST: usize = 30;
        let names = self.data.class_names().unwrap_or_default();
        if let Some(number) = names.iter().position(|class| class == name) {
            return Ok(number);
        }
        if let Ok(number) = name.parse() {
            return Ok(number);
        }
        let known = match names.len() {
            0 => "classes of these data have numbers only".into(),
            count => {
                let mut list: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
                let more = format!("and {} more", count.saturating_sub(MOST));
                list.extend((count > MOST).then_some(&*more));
                format!("there are {}", list.join(", "))
            }
        };
        Err(Error::field("class", name, format!("no such class; {known}")))
    }

    /// What is to be said of guidance of this weight: it compares with a null class that may never have been trained.
    pub fn guidance_warning(&self, weight: f64) -> Option<String> {
        let takes = self.network.condition();
        let lacks_null_class = takes.classes.is_some() && self.network.has_null_class() && !self.trains_null_class();
        let (key, null) = match lacks_null_class {
            true => ("class_dropout", "class"),
            false if self.trains_null_condition() => return None,
            false => ("condition_dropout", "condition"),
        };
        (weight != 1.0).then(|| {
            format!(
                "guidance {weight}: the run was trained with training.{key} = 0, so its null {null}, which \
                 guidance compares with, was never trained: the samples mean little"
            )
        })
    }

    /// Whether the network's null class is trained: guidance compares each class with it.
    pub fn trains_null_class(&self) -> bool {
        self.training.class_dropout > 0.0
    }

    /// Whether the network can be asked without a vector and an array: it takes none, or the null condition is trained.
    pub fn trains_null_condition(&self) -> bool {
        let takes = self.network.condition();
        (takes.vector.is_none() && takes.array.is_none()) || self.training.condition_dropout > 0.0
    }

    /// Checks everything that can be checked without the data and the device.
    ///
    /// # Errors
    /// The first thing that does not work, by name.
    pub fn validate(&self) -> Result<(), Error> {
        let usage = |message: &str| Err(Error::Usage(message.into()));
        if self.name.is_empty() || self.name.contains(['/', '\\']) || self.name.starts_with('.') {
            return usage("name: must be the name of a folder, without slashes and not beginning with a dot");
        }
        if i64::try_from(self.seed).is_err() {
            return usage("seed: must be at most 9223372036854775807, the largest number of TOML");
        }
        if self.backend.device > MOST_DEVICES {
            return usage(&format!("backend.device: {} is not in 0..={MOST_DEVICES}", self.backend.device));
        }
        let process = self.build_process()?;
        self.network.validate()?;
        self.parameterization.validate()?;
        self.parameterization.validate_under(&*process)?;
        self.objective.validate()?;
        self.objective.validate_under(&*process, &self.parameterization)?;
        if self.objective.needs_truth() && self.mixture()?.is_none() {
            return usage("objective.loss: needs data whose score is known: data.kind = \"mixture\"");
        }
        if let Some(residuals) = &self.residuals {
            residuals.validate()?;
            residuals.validate_under(&*process)?;
        }
        self.optimizer.validate()?;
        self.training.validate()?;
        self.checkpoints.validate()?;
        self.averages.as_ref().map_or(Ok(()), PowerAverageConfig::validate)?;
        self.sampler.validate(&*process)?;
        self.validate_start(&*process)?;
        self.check_coupling(&self.sampler)?;
        self.evaluation.as_ref().map_or(Ok(()), |evaluation| evaluation.validate(self, &*process))?;
        self.best()?;
        if !(1..=MOST_PREVIEWS).contains(&self.previews.count) {
            return usage(&format!("previews.count: {} is not in 1..={MOST_PREVIEWS}", self.previews.count));
        }
        self.data.check()?;
        self.preprocessing.check(self.data.is_image())?;
        self.preprocessing.check_images(&self.data.shape()?, self.data.depth())?;
        self.validate_shape()?;
        match self.data.class_count()? {
            ClassCount::None => self.validate_classes(None)?,
            ClassCount::Known(classes) => self.validate_classes(Some(classes))?,
            ClassCount::WhenOpened => {}
        }
        if self.training.class_dropout > 0.0 && self.network.num_class_embeds().is_none() {
            return usage("training.class_dropout: the network has no classes (network.num_class_embeds)");
        }
        if self.training.class_dropout > 0.0 && !self.network.has_null_class() {
            return usage("training.class_dropout: the network has no null class (network.null_class = false)");
        }
        self.validate_condition()?;
        check_augmentation(self.network.augmentation_size(), &self.preprocessing)?;
        if self.preprocessing.augmentation.is_some() && self.network.condition().array.is_some() {
            return usage(
                "preprocessing.augmentation: it moves pictures, and the array of their condition would stay; leave one of the two out",
            );
        }
        Ok(self.network.validate_reading(&self.parameterization)?)
    }

    /// Checks that the network takes what the data are, and says how else they could be read.
    fn validate_shape(&self) -> Result<(), Error> {
        let shape = self.state_shape()?;
        self.network.validate_for(&shape).map_err(|error| match (error, self.data.shape_setting()) {
            (ModelError::Config { key, message }, Some(setting)) => {
                let message = format!(
                    "{message}. Examples are read as {shape:?}; {setting} can say otherwise{}",
                    examples_of_shapes(&shape)
                );
                ModelError::Config { key, message }.into()
            }
            (error, _) => error.into(),
        })
    }

    /// Checks the start, as far as it can be checked without its data.
    ///
    /// # Errors
    /// Data of another shape or kind than those that paths lead to; what does not go with a start.
    fn validate_start(&self, process: &dyn Process) -> Result<(), Error> {
        let Some(start) = &self.start else { return Ok(()) };
        validate_start(start.bridge, process, &self.parameterization, &self.objective)?;
        if self.residuals.is_some() {
            return Err(Error::Usage(
                "residuals: are those of a score, and with a [start] only a velocity is learnt".into(),
            ));
        }
        start.data.check()?;
        let (shape, own) = (start.data.shape()?, self.data.shape()?);
        if shape != own || start.data.is_image() != self.data.is_image() {
            return Err(Error::Usage(format!(
                "start.data: has examples of the shape {shape:?}, and the data {own:?}; both must be pictures, or both vectors, of one \
                 shape"
            )));
        }
        Ok(())
    }

    /// Checks that what was learnt is enough for a sampler: a coupling other than the independent one, or a start, leaves a velocity and no
    /// score.
    ///
    /// # Errors
    /// A sampler that follows the score: one with noise, or Langevin dynamics.
    pub fn check_coupling(&self, sampler: &SamplerConfig) -> Result<(), Error> {
        let only_velocity = match (self.objective.coupling.is_independent(), &self.start) {
            (_, Some(_)) => "a [start]",
            (false, None) => "objective.coupling = \"optimal_transport\"",
            (true, None) => return Ok(()),
        };
        if !sampler.draws_noise() {
            return Ok(());
        }
        let name = sampler.kind.name();
        Err(Error::Usage(format!(
            "sampler.kind: {name} with noise follows the score, and with {only_velocity} only a velocity is learnt; use a sampler of the probability flow, such as dormand_prince or probability_flow"
        )))
    }

    /// Checks that the network can be asked without classes: it has none, or its null class was trained.
    ///
    /// # Errors
    /// A null class that was never trained, in the name of `what` asks for it.
    pub fn check_null_class(&self, what: &str) -> Result<(), Error> {
        if !self.trains_null_condition() {
            return Err(Error::Usage(format!(
                "{what}: asks a network with a condition without one, and its null condition was never trained \
                 (training.condition_dropout is 0)"
            )));
        }
        if self.network.num_class_embeds().is_none() || self.trains_null_class() {
            return Ok(());
        }
        let cause = match self.network.has_null_class() {
            true => "its null class was never trained (training.class_dropout is 0)",
            false => "it has no null class (network.null_class = false)",
        };
        Err(Error::Usage(format!("{what}: asks a network with classes without them, and {cause}")))
    }

    /// Checks that the network takes the vector and the array that there are.
    fn validate_condition(&self) -> Result<(), Error> {
        let (takes, reader) = (self.network.condition(), self.condition_reader()?);
        let refuse = |message: String| Err(Error::Usage(message));
        let parts = [
            ("vector", "condition_size", "numbers", takes.vector, reader.vector_size(), "data.vector"),
            ("array", "condition_channels", "channels", takes.array, reader.array_channels(), "data.joined"),
        ];
        for (part, key, unit, takes, there, of_data) in parts {
            match (takes, there) {
                (None, None) => {}
                (Some(takes), Some(there)) if takes == there => {}
                (Some(takes), Some(there)) => {
                    return refuse(format!(
                        "network.{key}: is {takes}; the {part} of the condition has {there} {unit}"
                    ));
                }
                (None, Some(there)) => {
                    return refuse(format!(
                        "condition.{part}: the network takes no {part}; set network.{key} = {there}, or leave out the {part}"
                    ));
                }
                (Some(_), None) => {
                    return refuse(format!(
                        "network.{key}: there is no {part}; set condition.{part} to a transformation, or {of_data} for \
                         data.kind = \"array\", or leave it out"
                    ));
                }
            }
        }
        if self.training.condition_dropout > 0.0 && takes.vector.is_none() && takes.array.is_none() {
            return refuse(
                "training.condition_dropout: the network takes neither a vector nor an array (network.condition_size, \
                 network.condition_channels)"
                    .into(),
            );
        }
        Ok(())
    }

    /// Checks that the network fits the data's classes.
    ///
    /// # Errors
    /// A table of classes of another size.
    pub fn validate_classes(&self, classes: Option<usize>) -> Result<(), Error> {
        match (self.network.num_class_embeds(), classes) {
            (None, _) => Ok(()),
            (Some(rows), Some(classes)) if rows == classes + usize::from(self.network.has_null_class()) => Ok(()),
            (Some(rows), Some(classes)) if !self.network.has_null_class() => Err(Error::Usage(format!(
                "network.num_class_embeds: is {rows}; the data have {classes} classes, and network.null_class = false"
            ))),
            (Some(rows), Some(classes)) => Err(Error::Usage(format!(
                "network.num_class_embeds: is {rows}; the data have {classes} classes, and one more row is the null \
                 class: {}",
                classes + 1
            ))),
            (Some(_), None) => {
                let remedy = match self.data.class_setting() {
                    Some(setting) => format!("set {setting} if they could have some, or leave it out"),
                    None => "leave it out".into(),
                };
                Err(Error::Usage(format!("network.num_class_embeds: the data have no classes; {remedy}")))
            }
        }
    }
}

/// Other shapes of the same numbers that a network may take, for a message.
fn examples_of_shapes(shape: &[usize]) -> String {
    match shape {
        [length] => format!(", such as [1, {length}] for signals"),
        [first, last] => {
            format!(
                ", such as [1, {first}, {last}] for pictures, or [{last}, {first}] for signals whose channels stand last"
            )
        }
        _ => String::new(),
    }
}
