//! Values of a configuration that remember their key, so that an error about a value names it.
//!
//! serde's own tagged enums buffer the values of a table before they know the kind, and lose the key on the way: a
//! string for `beta_min` would be reported as "expected f64", somewhere.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Any value of a configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing, where the format has it.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A table.
    Table(BTreeMap<String, Value>),
}

/// The table of a kind's settings, without `kind`.
#[derive(Clone, Debug)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    pub(crate) fn new(fields: BTreeMap<String, Value>) -> Self {
        Self(fields)
    }

    /// The settings as a type.
    ///
    /// # Errors
    /// What the type refuses; an error about a value begins with its key, such as `beta_min: ` or `alpha[1]: `.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, String> {
        T::deserialize(table("", self.0)).map_err(|error| error.to_string())
    }
}

/// A value at its path, such as `churn.noise[1]`.
struct At {
    path: String,
    value: Value,
}

/// The deserializer of a table whose errors name the paths; `prefix` is empty or ends with a dot.
fn table<'de>(
    prefix: &str,
    values: BTreeMap<String, Value>,
) -> MapDeserializer<'de, impl Iterator<Item = (String, At)>, ValueError> {
    MapDeserializer::new(values.into_iter().map(move |(key, value)| {
        let path = format!("{prefix}{key}");
        (key, At { path, value })
    }))
}

impl At {
    /// Hands path and value to a function, and puts the path before what it refuses unless it is there already.
    fn with<T>(self, visit: impl FnOnce(&str, Value) -> Result<T, ValueError>) -> Result<T, ValueError> {
        let Self { path, value } = self;
        visit(&path, value).map_err(|error| {
            let message = error.to_string();
            let has_path = message.strip_prefix(&path).is_some_and(|rest| rest.starts_with([':', '.', '[']));
            if has_path { error } else { ValueError::custom(format!("{path}: {}", message.trim_end())) }
        })
    }
}

impl IntoDeserializer<'_, ValueError> for At {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for At {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.with(|path, value| match value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Integer(value) => visitor.visit_i64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Text(value) => visitor.visit_string(value),
            Value::List(values) => {
                let entry = |(i, value)| At { path: format!("{path}[{i}]"), value };
                let entries: Vec<Self> = values.into_iter().enumerate().map(entry).collect();
                visitor.visit_seq(SeqDeserializer::new(entries.into_iter()))
            }
            Value::Table(values) => visitor.visit_map(table(&format!("{path}."), values)),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.with(|path, value| match value {
            Value::Text(variant) => visitor.visit_enum(variant.into_deserializer()),
            Value::Table(values) => visitor.visit_enum(MapAccessDeserializer::new(table(&format!("{path}."), values))),
            _ => Err(ValueError::custom("expected a string")),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}
