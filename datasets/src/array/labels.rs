//! Classes out of the labels of a file.

use std::path::Path;

use super::file::wrong;
use crate::{DatasetError, natural_order};

/// The most classes: more are hardly meant.
const MOST_CLASSES: usize = 10_000;

/// The number of each example's class, and the names of the classes. Those that a run has already must be the same.
pub(super) fn number(
    file: &Path,
    labels: &[String],
    expected: Option<&[String]>,
) -> Result<(Vec<usize>, Vec<String>), DatasetError> {
    let mut names: Vec<String> = labels.to_vec();
    names.sort_by(|a, b| natural_order::compare(a, b));
    names.dedup();
    if names.len() > MOST_CLASSES {
        let problem = format!("there are {} different labels; expected at most {MOST_CLASSES} classes", names.len());
        return Err(wrong(file, problem));
    }
    if let Some(expected) = expected.filter(|expected| *expected != names) {
        let (expected, names) = (expected.join(", "), names.join(", "));
        let problem = format!("expected the classes {expected}; {} has {names}", file.display());
        return Err(DatasetError::config("data.classes", problem));
    }
    let place = |label: &String| {
        let found = names.binary_search_by(|name| natural_order::compare(name, label));
        found.expect("every label is among the names")
    };
    Ok((labels.iter().map(place).collect(), names))
}
