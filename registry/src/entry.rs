//! The kinds of a family, and reading and writing by kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use crate::named::{Fields, Value};
use crate::settings::Settings;

/// A registered kind of the family `K`, such as `dyn ProcessKind`.
pub struct Entry<K: ?Sized> {
    name: &'static str,
    type_name: fn() -> &'static str,
    read: fn(Fields) -> Result<Arc<K>, String>,
}

impl<K: ?Sized> Entry<K> {
    /// An entry; [`register!`](crate::register) makes it.
    pub const fn new(
        name: &'static str,
        type_name: fn() -> &'static str,
        read: fn(Fields) -> Result<Arc<K>, String>,
    ) -> Self {
        Self { name, type_name, read }
    }

    /// The `kind` in configurations.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The type of its settings.
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }
}

/// A family of kinds; [`family!`](crate::family) implements it for the trait object.
pub trait Family: Settings {
    /// What a kind of the family is called in messages, such as "process".
    const NOUN: &'static str;

    /// All registered kinds, in no particular order.
    fn entries() -> Vec<&'static Entry<Self>>;
}

/// The names of all kinds of a family that are linked into the program, in alphabetical order.
pub fn kinds<K: Family + ?Sized>() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = K::entries().iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The kind of a name.
///
/// # Errors
/// A name that no kind has, with those that there are; a name that two types were registered under, with both.
pub fn find<K: Family + ?Sized>(name: &str) -> Result<&'static Entry<K>, String> {
    let found: Vec<&'static Entry<K>> = K::entries().into_iter().filter(|entry| entry.name == name).collect();
    match found[..] {
        [entry] => Ok(entry),
        [] => {
            let known: Vec<String> = kinds::<K>().iter().map(|kind| format!("`{kind}`")).collect();
            Err(format!("unknown {} `{name}`, expected one of {}", K::NOUN, known.join(", ")))
        }
        [first, second, ..] => {
            let (first, second) = (first.type_name(), second.type_name());
            Err(format!("the {} `{name}` is registered twice, as {first} and as {second}", K::NOUN))
        }
    }
}

/// Reads a table with a key `kind` as the settings of that kind.
///
/// # Errors
/// No `kind`, or one that [`find`] does not know; what the kind's own type refuses, by key.
pub fn read<'de, K: Family + ?Sized, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<K>, D::Error> {
    let mut fields = BTreeMap::<String, Value>::deserialize(deserializer)?;
    let kind = match fields.remove("kind") {
        Some(Value::Text(kind)) => kind,
        Some(_) => return Err(D::Error::custom("kind: expected a string")),
        None => return Err(D::Error::missing_field("kind")),
    };
    let entry = find::<K>(&kind).map_err(D::Error::custom)?;
    (entry.read)(Fields::new(fields)).map_err(D::Error::custom)
}

/// The settings of a kind by its name, every value its default.
///
/// # Errors
/// As [`find`]; a kind with a value that has no default.
pub fn named<K: Family + ?Sized>(kind: &str) -> Result<Arc<K>, String> {
    (find::<K>(kind)?.read)(Fields::new(BTreeMap::new())).map_err(|error| format!("{} `{kind}`: {error}", K::NOUN))
}

/// Writes settings as a table whose first key is `kind`.
///
/// # Errors
/// Settings that are no table, or that the format cannot hold.
pub fn write<K: Settings + ?Sized, S: Serializer>(settings: &K, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Tagged<'a> {
        kind: &'static str,
        #[serde(flatten)]
        settings: &'a dyn erased_serde::Serialize,
    }
    Tagged { kind: settings.kind(), settings: settings.as_serialize() }.serialize(serializer)
}
