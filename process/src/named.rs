//! Config values that remember their key, so that an error about a value names it.
//!
//! serde's own tagged enums buffer the values of a table before they know the kind, and lose the key on the way: a
//! string for `beta_min` would be reported as "expected f64", somewhere.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Any value of a config.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Table(BTreeMap<String, Value>),
}

/// A value at its key.
pub(crate) struct Named<E> {
    key: String,
    value: Value,
    error: PhantomData<E>,
}

/// The deserializer of a table whose errors name the keys.
pub(crate) fn table<'de, E: Error>(
    values: BTreeMap<String, Value>,
) -> MapDeserializer<'de, impl Iterator<Item = (String, Named<E>)>, E> {
    MapDeserializer::new(values.into_iter().map(|(key, value)| (key.clone(), Named { key, value, error: PhantomData })))
}

impl<'de, E: Error> IntoDeserializer<'de, E> for Named<E> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de, E: Error> Deserializer<'de> for Named<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        let Self { key, value, .. } = self;
        let name = |error: E| E::custom(format!("{key}: {}", error.to_string().trim_end()));
        match value {
            Value::Bool(value) => visitor.visit_bool(value).map_err(name),
            Value::Integer(value) => visitor.visit_i64(value).map_err(name),
            Value::Float(value) => visitor.visit_f64(value).map_err(name),
            Value::Text(value) => visitor.visit_string(value).map_err(name),
            Value::List(values) => {
                let entry = |(i, value)| Named { key: format!("{key}[{i}]"), value, error: PhantomData };
                let entries: Vec<Self> = values.into_iter().enumerate().map(entry).collect();
                visitor.visit_seq(SeqDeserializer::new(entries.into_iter())).map_err(name)
            }
            Value::Table(values) => visitor.visit_map(table(values)).map_err(name),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let Self { key, value, .. } = self;
        match value {
            Value::Text(variant) => visitor
                .visit_enum(variant.into_deserializer())
                .map_err(|error: E| E::custom(format!("{key}: {}", error.to_string().trim_end()))),
            _ => Err(E::custom(format!("{key}: expected a string"))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
