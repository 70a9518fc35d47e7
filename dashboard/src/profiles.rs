//! Lists that lines of metrics have, such as residuals at several times or errors at several noise levels.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Lists by the name of their field, each with the step of its line. Rows hold numbers alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profiles(BTreeMap<String, Vec<Profile>>);

/// A list of one line.
#[derive(Clone, Debug, PartialEq)]
struct Profile {
    step: u64,
    rows: Vec<Map<String, Value>>,
}

/// The most lists of a name. Beyond, every other one is dropped, and the last one always stays.
const MOST: usize = 512;
/// The most names, and the most rows of a list.
const MOST_NAMES: usize = 16;
const MOST_ROWS: usize = 1024;

impl Profiles {
    /// Adds the list of a line. A list that is not one of objects with numbers is left out.
    pub(crate) fn push(&mut self, name: &str, step: u64, rows: &[Value]) {
        let numbers = |row: &Value| {
            let row = row.as_object()?;
            let row = row.iter().filter(|(_, value)| value.is_number());
            Some(row.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
        };
        let rows: Vec<Map<String, Value>> =
            rows.iter().take(MOST_ROWS).filter_map(numbers).filter(|row| !row.is_empty()).collect();
        if rows.is_empty() || (!self.0.contains_key(name) && self.0.len() >= MOST_NAMES) {
            return;
        }
        let list = self.0.entry(name.into()).or_default();
        list.push(Profile { step, rows });
        if list.len() > MOST {
            let last = list.len() - 1;
            let mut index = 0..;
            list.retain(|_| index.next().is_some_and(|index| index % 2 == 0 || index == last));
        }
    }

    pub(crate) fn go_back_to(&mut self, step: u64) {
        for list in self.0.values_mut() {
            list.retain(|profile| profile.step < step);
        }
        self.0.retain(|_, list| !list.is_empty());
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every list as JSON, by name: at most `most` of each, evenly chosen, the first and the last among them.
    pub fn to_json(&self, most: usize) -> Value {
        let chosen = |list: &Vec<Profile>| -> Value {
            let (last, count) = (list.len() - 1, list.len().min(most.max(2)));
            let index = |k: usize| if count < 2 { 0 } else { k * last / (count - 1) };
            let profiles = (0..count).map(|k| &list[index(k)]);
            profiles.map(|profile| serde_json::json!({ "step": profile.step, "rows": profile.rows })).collect()
        };
        self.0.iter().map(|(name, list)| (name.clone(), chosen(list))).collect::<Map<_, _>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lists_the_first_and_the_last_stay() {
        let mut profiles = Profiles::default();
        let rows = [serde_json::json!({ "t": 0.5, "r_fp": 1.0, "note": "x" }), serde_json::json!(3)];
        for step in 0..5000 {
            profiles.push("residuals", step, &rows);
        }
        let list = profiles.to_json(9)["residuals"].as_array().unwrap().clone();
        let steps: Vec<u64> = list.iter().map(|profile| profile["step"].as_u64().unwrap()).collect();
        assert_eq!((list.len(), steps[0], steps[8]), (9, 0, 4999));
        assert!(steps.is_sorted() && profiles.0["residuals"].len() <= MOST);
        assert_eq!(list[0]["rows"], serde_json::json!([{ "t": 0.5, "r_fp": 1.0 }]));
        profiles.push("words", 1, &[serde_json::json!("a"), serde_json::json!({ "b": "c" })]);
        assert_eq!(profiles.names().collect::<Vec<_>>(), ["residuals"]);
    }
}
