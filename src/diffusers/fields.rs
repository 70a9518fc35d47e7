//! The keys of a JSON file, each read once, with everything that is wrong.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Keys that are read, and what is wrong with them.
pub(super) struct Fields<'a> {
    values: &'a Map<String, Value>,
    read: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

impl<'a> Fields<'a> {
    pub fn new(values: &'a Map<String, Value>) -> Self {
        Self { values, read: BTreeSet::new(), wrong: Vec::new() }
    }

    /// A value that is there and not null.
    pub fn get(&mut self, key: &'static str) -> Option<&'a Value> {
        self.read.insert(key);
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// Says that a key has a value that does not work.
    pub fn refuse(&mut self, key: &str, reason: &str) {
        let value = self.values.get(key).map_or_else(|| "its default".into(), shown);
        self.wrong.push(format!("{key} = {value}: {reason}"));
    }

    fn typed<T>(&mut self, key: &'static str, default: T, kind: &str, read: impl Fn(&'a Value) -> Option<T>) -> T {
        let Some(value) = self.get(key) else { return default };
        read(value).unwrap_or_else(|| {
            self.refuse(key, &format!("must be {kind}"));
            default
        })
    }

    pub fn number(&mut self, key: &'static str, default: f64) -> f64 {
        self.typed(key, default, "a number", Value::as_f64)
    }

    pub fn count(&mut self, key: &'static str, default: usize) -> usize {
        let whole = |value: &Value| usize::try_from(value.as_u64()?).ok();
        self.typed(key, default, "a whole number", whole)
    }

    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.typed(key, default, "true or false", Value::as_bool)
    }

    pub fn text(&mut self, key: &'static str, default: &'static str) -> &'a str {
        self.typed(key, default, "a text", Value::as_str)
    }

    /// A list of numbers, if there is one.
    pub fn numbers(&mut self, key: &'static str) -> Option<Vec<f64>> {
        let list = self.get(key)?.as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
        if list.is_none() {
            self.refuse(key, "must be a list of numbers");
        }
        list
    }

    /// Refuses every value but one.
    pub fn only(&mut self, key: &'static str, allowed: Value, reason: &str) {
        if self.get(key).is_some_and(|value| !is_same(value, &allowed)) {
            self.refuse(key, reason);
        }
    }

    /// Refuses a list that is there and not empty, and every other value.
    pub fn empty(&mut self, key: &'static str, reason: &str) {
        if self.get(key).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty())) {
            self.refuse(key, reason);
        }
    }

    /// All that was wrong so far, taken out.
    pub fn take_wrong(&mut self) -> Vec<String> {
        std::mem::take(&mut self.wrong)
    }

    /// All keys that nobody read are wrong. Those that begin with an underscore are notes.
    pub fn refuse_unread(&mut self) {
        let unread: Vec<&String> = self.values.keys().filter(|key| !self.read.contains(key.as_str())).collect();
        for key in unread.into_iter().filter(|key| !key.starts_with('_')) {
            self.refuse(key, "is no key of this scheduler that is known here");
        }
    }
}

/// A value as a message shows it: not all of a long list.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether two values are the same, whole numbers or not.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
