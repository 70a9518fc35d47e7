//! Subfolders as classes: names, numbers, and that they stay what they were.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::FolderConfig;
use super::listing::Listing;
use crate::notes::{name, names};
use crate::{DatasetError, natural_order};

/// The most classes that a set can have.
const MOST: usize = 1 << 16;

impl FolderConfig {
    /// The names of the classes in the order of their numbers, and the class of every picture.
    ///
    /// # Errors
    /// Pictures in no subfolder; names that cannot be written into a config; other classes than the config lists.
    pub(super) fn label(&self, listing: &Listing) -> Result<(Vec<String>, Vec<u16>), DatasetError> {
        let class = |picture: &PathBuf| -> Option<PathBuf> {
            let first = picture.iter().next().map(Path::new)?;
            (first != picture.as_path()).then(|| first.into())
        };
        let strays: Vec<&PathBuf> = listing.pictures.iter().filter(|picture| class(picture).is_none()).collect();
        if !strays.is_empty() {
            return Err(self.failed(format!(
                "{} in no subfolder, so without a class: {}. Remedy: move them into one, or set `data.labels = false`",
                crate::notes::counted(strays.len(), "picture"),
                names(&strays, 10)
            )));
        }
        let of: Vec<PathBuf> = listing.pictures.iter().filter_map(class).collect();
        let mut found: Vec<&Path> = of.iter().map(PathBuf::as_path).collect();
        found.sort_unstable();
        found.dedup();
        let mut classes = found.iter().map(|class| self.text(class.as_os_str())).collect::<Result<Vec<String>, _>>()?;
        classes.sort_by(|a, b| natural_order::compare(a, b));
        if let Some(listed) = &self.classes {
            check_listed(listed, &classes)?;
            classes.clone_from(listed);
        }
        if classes.len() > MOST {
            return Err(self.failed(format!("it has more than {MOST} subfolders. Remedy: `data.labels = false`")));
        }
        let numbers: std::collections::HashMap<&str, u16> =
            classes.iter().zip(0..=u16::MAX).map(|(class, number)| (class.as_str(), number)).collect();
        let labels = of.iter().filter_map(|class| numbers.get(class.to_str()?).copied()).collect();
        Ok((classes, labels))
    }

    fn text(&self, class: &OsStr) -> Result<String, DatasetError> {
        class.to_str().map(String::from).ok_or_else(|| {
            let class = name(Path::new(class));
            self.failed(format!("the name of the subfolder `{class}` is no Unicode text. Remedy: rename it"))
        })
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
        problems.push(format!("there are subfolders that it does not list: {}", names(&new, 10)));
    }
    if !gone.is_empty() {
        problems.push(format!("it lists classes without pictures: {}", names(&gone, 10)));
    }
    if problems.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "{}; it lists {}. A run keeps the classes that it began with: bring the subfolders back to these, or begin a \
         new run without this key",
        problems.join("; "),
        names(listed, 20)
    );
    Err(DatasetError::config("data.classes", problem))
}
