//! Names in a config. Columns without names are called by their numbers, which need no quotes there.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a name, or the number of a column")]
enum Name {
    Text(String),
    Number(u64),
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        match name {
            Name::Text(text) => text,
            Name::Number(number) => number.to_string(),
        }
    }
}

/// One name.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Name>::deserialize(deserializer)?.map(String::from))
}

/// A list of names.
pub(super) fn several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let names = Option::<Vec<Name>>::deserialize(deserializer)?;
    Ok(names.map(|names| names.into_iter().map(String::from).collect()))
}

#[cfg(test)]
mod tests {
    use crate::ArrayConfig;

    #[test]
    fn columns_are_called_by_numbers_or_names() {
        let read = |text: &str| toml::from_str::<ArrayConfig>(&format!("path = \"a.csv\"\n{text}"));
        let config = read("labels = 4\ncolumns = [0, \"x\"]\nvector = [2]").unwrap();
        assert_eq!((config.labels.as_deref(), config.vector.unwrap()), (Some("4"), vec!["2".to_string()]));
        assert_eq!(config.columns.unwrap(), ["0", "x"]);
        let message = read("labels = 0.5").unwrap_err().to_string();
        assert!(message.contains("a name, or the number of a column"), "{message}");
    }
}
