//! Changes to a configuration before it is read: `key=value`.
//!
//! A value is TOML (`1e-3`, `true`, `[64, 128]`, `{ kind = "ve" }`); what is not TOML is text. Some text is TOML by
//! accident: `name=nan` and `data.path=2024` look like numbers. Such a value is read as TOML first, and as text where the
//! configuration does not accept that.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// How many values with two readings are tried in every combination; further ones are TOML.
const MOST_AMBIGUOUS: usize = 8;

/// Reads a table with changes.
///
/// # Errors
/// A change that is no `key=value` or names a key below something that is no section; a table that does not fit `T`,
/// whichever way the changes are read.
pub(crate) fn read<T: DeserializeOwned>(table: &Table, changes: &[String]) -> Result<T, String> {
    let changes: Vec<Change> = changes.iter().map(|change| Change::parse(change)).collect::<Result<_, _>>()?;
    let ambiguous: Vec<usize> =
        (0..changes.len()).filter(|&index| changes[index].is_ambiguous()).take(MOST_AMBIGUOUS).collect();
    // Few texts first: bit k of a reading says that the k-th ambiguous value is text.
    let mut readings: Vec<u32> = (0..1 << ambiguous.len()).collect();
    readings.sort_by_key(|reading| reading.count_ones());
    let mut first_error = None;
    for reading in readings {
        let mut table = table.clone();
        for (index, change) in changes.iter().enumerate() {
            let bit = ambiguous.iter().position(|&other| other == index);
            change.apply(&mut table, bit.is_some_and(|bit| reading >> bit & 1 == 1))?;
        }
        match table.try_into() {
            Ok(read) => return Ok(read),
            Err(error) => first_error = first_error.or(Some(error.to_string())),
        }
    }
    Err(first_error.unwrap_or_default())
}

/// One change.
struct Change {
    /// As it was written.
    written: String,
    /// The sections, and the key in the last of them.
    path: Vec<String>,
    text: String,
    toml: Option<Value>,
}

impl Change {
    fn parse(written: &str) -> Result<Self, String> {
        let (key, text) = written.split_once('=').ok_or_else(|| format!("{written}: must be key=value"))?;
        let path: Vec<String> = key.split('.').map(|part| part.trim().to_string()).collect();
        if path.iter().any(String::is_empty) {
            return Err(format!("{written}: '{key}' is no key; keys look like training.steps"));
        }
        Ok(Self { written: written.into(), path, text: text.into(), toml: text.trim().parse().ok() })
    }

    /// Whether the value may also be meant as text.
    fn is_ambiguous(&self) -> bool {
        matches!(self.toml, Some(Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)))
    }

    fn apply(&self, table: &mut Table, as_text: bool) -> Result<(), String> {
        let text = || Value::String(self.text.clone());
        let value = if as_text { text() } else { self.toml.clone().unwrap_or_else(text) };
        let mut place = table;
        let (key, sections) = self.path.split_last().expect("split gives one part at least");
        for section in sections {
            let entry = place.entry(section).or_insert_with(|| Value::Table(Table::new()));
            place = entry.as_table_mut().ok_or_else(|| format!("{}: '{section}' is not a section", self.written))?;
        }
        place.insert(key.clone(), value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        name: String,
        #[serde(default)]
        data: Data,
        #[serde(default)]
        rate: f64,
    }

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Data {
        path: Option<std::path::PathBuf>,
        size: usize,
    }

    fn with(changes: &[&str]) -> Result<Config, String> {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        read(&toml::from_str("name = 'a'").unwrap(), &changes)
    }

    #[test]
    fn a_string_takes_the_text_whatever_it_looks_like() {
        let texts = [
            "nan",
            "inf",
            "1e3",
            "007",
            "12",
            "-1",
            "true",
            "2026-01-02",
            "x y",
            "#1",
            "",
            "a=b",
            "[x",
            "0x10",
            "1_000",
        ];
        for text in texts {
            assert_eq!(with(&[&format!("name={text}")]).unwrap().name, text);
        }
        assert_eq!(with(&["name=\"quoted\""]).unwrap().name, "quoted");
        assert_eq!(with(&["data.path=2024"]).unwrap().data.path.unwrap().as_os_str(), "2024");
    }

    #[test]
    fn numbers_stay_numbers_next_to_texts() {
        let config = with(&["name=1e3", "rate=1e3", "data.path=7", "data.size=7"]).unwrap();
        let data = Data { path: Some("7".into()), size: 7 };
        assert_eq!(config, Config { name: "1e3".into(), data, rate: 1e3 });
    }

    #[test]
    fn what_fits_neither_way_is_refused_with_the_first_reason() {
        let error = with(&["data.size=1.5"]).unwrap_err();
        assert!(error.contains("size") && error.contains("1.5") && !error.contains("string"), "{error}");
        assert!(with(&["rate"]).unwrap_err().contains("key=value"));
        assert!(with(&["name.x=1"]).unwrap_err().contains("'name' is not a section"));
        assert!(with(&[".x=1"]).unwrap_err().contains("no key"));
        assert!(with(&["rate=1\nname='b'"]).unwrap_err().contains("rate"), "a line more is no second change");
    }
}
