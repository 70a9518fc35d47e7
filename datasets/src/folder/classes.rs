//! Classes: names, numbers, and that they stay what they were.
//!
//! Labels come from a column of a table of the pictures ([`sidecars`](super::sidecars)), from WebDataset's `.cls`, or from the
//! subfolders.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::listing::{Item, Listing};
use super::sidecars::{CLS, listed};
use super::{FolderConfig, Unreadable};
use crate::notes::{counted, name, names};
use crate::{DatasetError, natural_order};

/// The most classes that a set can have.
const MOST: usize = 1 << 16;

/// Where labels come from. In a config: `false`, `true`, or the name of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LabelSource {
    /// There are none.
    #[default]
    None,
    /// A table of the pictures, or `.cls` in an archive, or else the subfolders.
    Found,
    /// A column of a table of the pictures, or a key of WebDataset's `.json`.
    Column(String),
}

impl From<bool> for LabelSource {
    fn from(are_there: bool) -> Self {
        if are_there { Self::Found } else { Self::None }
    }
}

impl Serialize for LabelSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_bool(false),
            Self::Found => serializer.serialize_bool(true),
            Self::Column(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for LabelSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected true, false, or the name of a column")]
        enum Written {
            Bool(bool),
            Column(String),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Bool(are_there) => are_there.into(),
            Written::Column(name) => Self::Column(name),
        })
    }
}

/// The classes of pictures.
pub(super) struct Classes {
    /// Their names, in the order of their numbers.
    pub names: Vec<String>,
    /// The class of each picture; none if it is left out for want of a label.
    pub of: Vec<Option<u16>>,
    /// What is worth saying, a line each.
    pub notes: Vec<String>,
}

impl FolderConfig {
    /// The classes of the pictures, if they have any.
    ///
    /// # Errors
    /// Pictures without a label; tables that say what cannot be; names that cannot be written into a config; other classes than
    /// the config lists.
    pub(super) fn label(&self, listing: &Listing) -> Result<Option<Classes>, DatasetError> {
        let (labels, notes) = match &self.labels {
            LabelSource::None => return Ok(None),
            LabelSource::Found if !listing.sidecars.has_tables() && !listing.sidecars.has_labels() => {
                (self.by_folder(&listing.items)?, Vec::new())
            }
            LabelSource::Found => self.by_column(listing, None)?,
            LabelSource::Column(name) => self.by_column(listing, Some(name))?,
        };
        let mut classes: Vec<String> = labels.iter().flatten().cloned().collect();
        classes.sort_unstable();
        classes.dedup();
        classes.sort_by(|a, b| natural_order::compare(a, b));
        if let Some(expected) = &self.classes {
            check_listed(expected, &classes)?;
            classes.clone_from(expected);
        }
        if classes.len() > MOST {
            return Err(self.failed(format!("it has more than {MOST} classes. Remedy: `data.labels = false`")));
        }
        let numbers: HashMap<&str, u16> =
            classes.iter().zip(0..=u16::MAX).map(|(class, number)| (class.as_str(), number)).collect();
        let of = labels.iter().map(|label| numbers.get(label.as_deref()?).copied()).collect();
        Ok(Some(Classes { of, notes, names: classes }))
    }

    /// The subfolder of each picture.
    fn by_folder(&self, items: &[Item]) -> Result<Vec<Option<String>>, DatasetError> {
        let strays: Vec<&Path> =
            items.iter().filter(|item| item.first_folder().is_none()).map(|item| &*item.path).collect();
        if !strays.is_empty() {
            return Err(self.failed(format!(
                "{} in no subfolder, so without a class: {}. Remedy: move them into one, list them in a labels.csv with the \
                 columns file_name and label, or set `data.labels = false`",
                counted(strays.len(), "picture"),
                names(&strays, 10)
            )));
        }
        items.iter().map(|item| item.first_folder().map(|folder| self.text(folder)).transpose()).collect()
    }

    fn text(&self, class: &OsStr) -> Result<String, DatasetError> {
        class.to_str().map(String::from).ok_or_else(|| {
            let class = name(Path::new(class));
            self.failed(format!("the name of the subfolder `{class}` is no Unicode text. Remedy: rename it"))
        })
    }

    /// What a column says of each picture, with notes.
    fn by_column(
        &self,
        listing: &Listing,
        wanted: Option<&str>,
    ) -> Result<(Vec<Option<String>>, Vec<String>), DatasetError> {
        let (columns, mut problems) = listing.sidecars.columns(&listing.items);
        let files = listing.sidecars.name();
        let found = columns.names();
        let chosen = match (wanted, &found[..]) {
            (Some(wanted), _) => Some(wanted),
            (None, names) if names.contains(&"label") => Some("label"),
            (None, names) if names.contains(&CLS) => Some(CLS),
            (None, [only]) => Some(*only),
            (None, _) => None,
        };
        let Some(column) = chosen.and_then(|chosen| columns.get(chosen)) else {
            let there = if found.is_empty() { "none".into() } else { found.join(", ") };
            let asked = wanted.map_or("no column label".into(), |wanted| format!("no column {wanted}"));
            let problem =
                format!("there is {asked} in {files}; the columns are {there}. Remedy: name one of them here");
            let more = if problems.is_empty() { String::new() } else { format!("\n{}", listed(&problems)) };
            return Err(DatasetError::config("data.labels", problem + &more));
        };
        let without = column.iter().zip(&listing.items).filter(|(label, _)| label.is_none());
        problems.extend(without.map(|(_, item)| format!("{}: it has no label", name(&item.path))));
        if problems.is_empty() {
            return Ok((column.to_vec(), Vec::new()));
        }
        if self.unreadable == Unreadable::Error || column.iter().all(Option::is_none) {
            return Err(self.failed(format!(
                "labels from {files}: {}\nRemedy: give every picture one row, or leave out those without a label with \
                 data.unreadable = \"skip\"",
                listed(&problems)
            )));
        }
        Ok((
            column.to_vec(),
            vec![format!("skipped, as data.unreadable says: labels from {files}: {}", listed(&problems))],
        ))
    }
}

/// Refuses classes that are not the ones of the config: a number would mean another class.
fn check_listed(listed: &[String], found: &[String]) -> Result<(), DatasetError> {
    let missing = |these: &[String], in_those: &[String]| -> Vec<String> {
        these.iter().filter(|class| !in_those.contains(class)).cloned().collect()
    };
    let (gone, new) = (missing(listed, found), missing(found, listed));
    let mut problems = Vec::new();
    if !new.is_empty() {
        problems.push(format!("there are classes that it does not list: {}", names(&new, 10)));
    }
    if !gone.is_empty() {
        problems.push(format!("it lists classes without pictures: {}", names(&gone, 10)));
    }
    if problems.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "{}; it lists {}. A run keeps the classes that it began with: bring the data back to these, or begin a new run \
         without this key",
        problems.join("; "),
        names(listed, 20)
    );
    Err(DatasetError::config("data.classes", problem))
}
