//! The pictures of a folder that no configuration names.

use std::path::{Path, PathBuf};

use super::listing::Listing;
use crate::{DatasetError, natural_order, notes};

/// As [`crate::picture::list`].
pub(crate) fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>), DatasetError> {
    let failed = |problem: String| DatasetError::Folder { folder: folder.into(), problem };
    if !folder.is_dir() {
        return Err(failed("there is no such folder".into()));
    }
    let listing = Listing::of(folder, false, None)?;
    if let Some((file, problem)) = listing.unreadable.first() {
        return Err(failed(format!("{}: {problem}", notes::name(file))));
    }
    if listing.items.is_empty() {
        let kinds = listing.kinds();
        let found = if kinds.is_empty() { String::new() } else { format!("; it holds {kinds}") };
        return Err(failed(format!("there is no picture in it{found}")));
    }
    if listing.items.iter().any(|item| item.place.is_some()) {
        return Err(failed(
            "its pictures are in archives, which are read for training alone. Remedy: unpack them".into(),
        ));
    }
    let notes = listing.notes();
    let mut files: Vec<PathBuf> = listing.items.into_iter().map(|item| item.path).collect();
    files.sort_by(|a, b| natural_order::compare(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok((files.into_iter().map(|file| folder.join(file)).collect(), notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_in_the_order_of_counting_and_empty_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let message = list(folder.path()).unwrap_err().to_string();
        assert!(message.contains("no picture"), "{message}");
        for name in ["10.png", "2.png", "a.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let (files, notes) = list(folder.path()).unwrap();
        assert_eq!(files, [folder.path().join("2.png"), folder.path().join("10.png")]);
        assert_eq!(notes, ["left out: 1 .txt"]);
        assert!(list(&folder.path().join("none")).unwrap_err().to_string().contains("no such folder"));
    }
}
