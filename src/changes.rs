//! What a changed configuration means for a run that goes on.
//!
//! A key is of one of three classes. A change of *meaning* makes the weights those of another experiment: another
//! process, network, loss, or other data. A change of *course* leaves them what they are, and only changes how training
//! goes on: more steps, another learning rate, another batch size, other reports. A *place* is where the run is.

use std::collections::BTreeMap;
use std::fmt;

use fokker_datasets::NoDataConfig;
use toml::{Table, Value};

use crate::config::RunConfig;

/// What a change of a key means for a run that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyClass {
    /// It changes what the weights are.
    Meaning,
    /// It changes how training goes on.
    Course,
    /// It is where the run is, not what it is.
    Place,
}

/// A key with two values.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The dotted key.
    pub key: String,
    /// The former value; none if the key was absent.
    pub from: Option<Value>,
    /// The present value; none if the key is absent.
    pub to: Option<Value>,
    /// What it means.
    pub class: KeyClass,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".into(), Value::to_string);
        write!(formatter, "{} from {} to {}", self.key, shown(&self.from), shown(&self.to))
    }
}

impl Change {
    /// Whether a key, or the section it is in, is this change's.
    pub fn is_of(&self, name: &str) -> bool {
        belongs(&self.key, name)
    }
}

/// The keys in which two configurations differ, in alphabetical order.
pub fn changes(from: &RunConfig, to: &RunConfig) -> Vec<Change> {
    // The files of a published data set are the same wherever they are: their sums are checked. Pictures are so wherever they are kept.
    let places = to.data.place_keys();
    let is_place = |key: &str| key.strip_prefix("data.").is_some_and(|key| places.contains(&key));
    // A run whose weights came without data gets some.
    let gets_data = from.data.get::<NoDataConfig>().is_some();
    let class = |key: &str| match key {
        _ if is_place(key) => KeyClass::Place,
        _ if gets_data && belongs(key, "data") => KeyClass::Course,
        _ => class_of(key),
    };
    let (from, to) = (leaves(from), leaves(to));
    let mut keys: Vec<&String> = from.keys().chain(to.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let change = |key: &String| {
        let (from, to) = (from.get(key).cloned(), to.get(key).cloned());
        Change { key: key.clone(), from, to, class: class(key) }
    };
    keys.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

/// Every value of a configuration by its dotted key. Lists are values.
fn leaves(config: &RunConfig) -> BTreeMap<String, Value> {
    fn collect(table: Table, prefix: &str, leaves: &mut BTreeMap<String, Value>) {
        for (key, value) in table {
            let key = format!("{prefix}{key}");
            match value {
                Value::Table(table) => collect(table, &format!("{key}."), leaves),
                value => drop(leaves.insert(key, value)),
            }
        }
    }
    let text = config.to_toml().expect("a configuration that was read can be written");
    let table = toml::from_str(&text).expect("a configuration that was written can be read");
    let mut leaves = BTreeMap::new();
    collect(table, "", &mut leaves);
    leaves
}

/// Whether a dotted key is `name`, or in the section `name`.
fn belongs(key: &str, name: &str) -> bool {
    key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What a change of a key means. A key that the table below does not know changes the meaning: the careful answer.
fn class_of(key: &str) -> KeyClass {
    let found = CLASSES.iter().filter(|(name, _)| belongs(key, name)).max_by_key(|(name, _)| name.len());
    found.map_or(KeyClass::Meaning, |(_, class)| *class)
}

/// Keys and sections; the longest name that a key begins with decides.
const CLASSES: &[(&str, KeyClass)] = &[
    ("name", KeyClass::Place),
    ("runs", KeyClass::Place),
    ("seed", KeyClass::Meaning),
    ("backend", KeyClass::Course),
    ("data", KeyClass::Meaning),
    ("start", KeyClass::Meaning),
    ("preprocessing", KeyClass::Meaning),
    ("condition", KeyClass::Meaning),
    ("process", KeyClass::Meaning),
    ("network", KeyClass::Meaning),
    ("network.dropout", KeyClass::Course),
    ("parameterization", KeyClass::Meaning),
    ("objective", KeyClass::Meaning),
    ("optimizer", KeyClass::Course),
    ("training.steps", KeyClass::Course),
    ("training.batch_size", KeyClass::Course),
    ("training.accumulation", KeyClass::Course),
    ("training.learning_rate", KeyClass::Course),
    ("training.warmup", KeyClass::Course),
    ("training.decay", KeyClass::Course),
    ("training.gradient_clip", KeyClass::Course),
    ("training.ema_decay", KeyClass::Course),
    ("training.class_dropout", KeyClass::Course),
    ("training.condition_dropout", KeyClass::Course),
    ("training.precision", KeyClass::Course),
    ("training.recompute", KeyClass::Course),
    ("training.gradients", KeyClass::Course),
    ("training.skip_non_finite", KeyClass::Course),
    ("training.log_every", KeyClass::Course),
    ("training.validate_every", KeyClass::Course),
    ("training.validation_examples", KeyClass::Course),
    ("training.early_stopping", KeyClass::Course),
    ("residuals", KeyClass::Course),
    ("evaluation", KeyClass::Course),
    ("averages", KeyClass::Course),
    ("checkpoints", KeyClass::Course),
    ("previews", KeyClass::Course),
    ("sampler", KeyClass::Course),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use fokker_training::TrainingConfig;

    use super::*;

    fn config(changes: &[&str]) -> RunConfig {
        let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
        RunConfig::load(Path::new("configs/moons_2d.toml"), &changes).unwrap()
    }

    /// The names of all sections and of all keys of `training`. A new one does not compile until it is named here, and
    /// then needs a class.
    fn names(config: &RunConfig) -> Vec<String> {
        macro_rules! names {
            ($kind:ident, $value:expr, $prefix:literal: $($name:ident),*) => {{
                let $kind { $($name: _),* } = $value;
                [$(concat!($prefix, stringify!($name))),*].map(String::from)
            }};
        }
        let sections = names!(
            RunConfig, config, "": name, runs, seed, backend, data, start, preprocessing, condition, process, network, parameterization, objective, optimizer, training, residuals, evaluation, checkpoints, averages, previews, sampler
        );
        let training = names!(
            TrainingConfig, &config.training, "training.": steps, batch_size, accumulation, learning_rate, warmup, decay, gradient_clip, ema_decay, class_dropout, condition_dropout, precision, recompute, gradients, skip_non_finite, log_every, validate_every, validation_examples, early_stopping
        );
        sections.into_iter().filter(|name| name != "training").chain(training).collect()
    }

    #[test]
    fn every_section_has_a_class_and_an_unknown_key_changes_the_meaning() {
        for expected in names(&config(&[])) {
            assert!(CLASSES.iter().any(|(name, _)| *name == expected), "{expected} has no class");
        }
        for (key, class) in [
            ("process.kind", KeyClass::Meaning),
            ("objective.weighting.kind", KeyClass::Meaning),
            ("network.dropout", KeyClass::Course),
            ("network.dropouts", KeyClass::Meaning),
            ("training.learning_rate", KeyClass::Course),
            ("names", KeyClass::Meaning),
            ("somewhere.new", KeyClass::Meaning),
        ] {
            assert_eq!(class_of(key), class, "{key}");
        }
    }

    #[test]
    fn changes_are_told_by_key_with_both_values() {
        let before = config(&[]);
        assert_eq!(changes(&before, &before), []);
        let steps = before.training.steps;
        let after = config(&["training.steps=7", "training.gradient_clip=2.5", "process.kind='sub_vp'", "name=other"]);
        let told: Vec<String> = changes(&before, &after).iter().map(Change::to_string).collect();
        let expected = [
            format!("name from \"{}\" to \"other\"", before.name),
            "process.kind from \"vp\" to \"sub_vp\"".into(),
            "training.gradient_clip from 1.0 to 2.5".into(),
            format!("training.steps from {steps} to 7"),
        ];
        assert_eq!(told, expected);
        let added = changes(&before, &config(&["residuals={ every = 5 }"]));
        assert_eq!(added[0].class, KeyClass::Course);
        assert!(added.iter().any(|change| change.to_string() == "residuals.every from nothing to 5"), "{added:?}");
    }
}
