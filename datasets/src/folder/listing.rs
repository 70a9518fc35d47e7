//! What is in a folder: pictures, and what is left out.
//!
//! Links are followed. A folder that is reached twice is walked once, so links in a circle end; a picture that is reached
//! twice is taken once, or it could be trained on under one name and held out under another. With classes this holds
//! within each class.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::litter::{is_leftover, is_litter};
use crate::DatasetError;
use crate::notes::{counted, names};
use crate::picture::{cause, has_picture_name, holds_picture};

/// What was found.
#[derive(Default)]
pub(super) struct Listing {
    /// Paths below the folder, sorted.
    pub pictures: Vec<PathBuf>,
    /// Folders directly below that hold at least one file, hidden ones aside.
    pub folders: Vec<OsString>,
    /// What could not be looked at, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Files that are no pictures, by kind.
    left_out: BTreeMap<String, usize>,
    hidden: usize,
    /// Pictures under other names.
    sniffed: Vec<PathBuf>,
    /// Links to a folder above themselves.
    circles: Vec<PathBuf>,
    /// Pictures reached a second time.
    again: usize,
}

/// Walks one folder.
struct Walk<'a> {
    root: &'a Path,
    by_class: bool,
    seen: HashSet<(Option<OsString>, PathBuf)>,
    found: Listing,
}

impl Listing {
    /// Everything below `root`; `by_class` if its subfolders are classes.
    ///
    /// # Errors
    /// A `root` that is no folder or cannot be read.
    pub fn of(root: &Path, by_class: bool) -> Result<Self, DatasetError> {
        let failed = |problem: String| DatasetError::Folder { folder: root.to_path_buf(), problem };
        let metadata = fs::metadata(root).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                failed("there is no such folder. Remedy: name an existing one in the config key `data.path`".into())
            }
            _ => failed(format!("it cannot be opened: {}", cause(&error))),
        })?;
        if !metadata.is_dir() {
            return Err(failed(
                "it is a file. Remedy: name the folder that it is in, in the config key `data.path`".into(),
            ));
        }
        let real = fs::canonicalize(root).map_err(|source| DatasetError::Read { file: root.into(), source })?;
        fs::read_dir(root).map_err(|source| DatasetError::Read { file: root.into(), source })?;
        let mut walk = Walk { root, by_class, seen: HashSet::new(), found: Self::default() };
        walk.folder(Path::new(""), real, &mut Vec::new());
        walk.found.pictures.sort();
        Ok(walk.found)
    }

    /// What is worth saying, a line each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.left_out.is_empty() {
            notes.push(format!("left out: {}", self.kinds()));
        }
        if self.hidden > 0 {
            notes.push(format!("left out: {} hidden or of a system (such as .DS_Store, Thumbs.db)", self.hidden));
        }
        if !self.sniffed.is_empty() {
            let count = counted(self.sniffed.len(), "picture");
            notes.push(format!("taken by content: {count} without the name of one ({})", names(&self.sniffed, 5)));
        }
        if !self.circles.is_empty() {
            notes.push(format!("not followed, for they lead back to a folder above: {}", names(&self.circles, 5)));
        }
        if self.again > 0 {
            notes.push(format!("taken once: {} reached by more than one path", counted(self.again, "picture")));
        }
        notes
    }

    /// How many files of which kind are no pictures: `3 .txt, 1 .mp4`.
    pub fn kinds(&self) -> String {
        const MOST: usize = 10;
        let mut kinds: Vec<(&String, &usize)> = self.left_out.iter().collect();
        kinds.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let rest: usize = kinds.iter().skip(MOST).map(|(_, count)| **count).sum();
        let mut parts: Vec<String> = kinds.iter().take(MOST).map(|(kind, count)| format!("{count} {kind}")).collect();
        if rest > 0 {
            parts.push(format!("{rest} others"));
        }
        parts.join(", ")
    }
}

impl Walk<'_> {
    /// Walks `folder`, a path below the root that is `real` without links; `above` are the real folders it is in.
    fn folder(&mut self, folder: &Path, real: PathBuf, above: &mut Vec<PathBuf>) {
        let absolute = self.root.join(folder);
        let entries = match fs::read_dir(&absolute).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()) {
            Ok(entries) => entries,
            Err(error) => return self.found.unreadable.push((absolute, cause(&error))),
        };
        // What is here in person goes before links to it.
        let is_link = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let mut entries: Vec<(bool, OsString)> =
            entries.iter().map(|entry| (is_link(entry), entry.file_name())).collect();
        entries.sort();
        above.push(real);
        for (is_link, name) in entries {
            match is_litter(&name) {
                true => self.found.hidden += 1,
                false => self.entry(&folder.join(name), is_link, above),
            }
        }
        above.pop();
    }

    fn entry(&mut self, path: &Path, is_link: bool, above: &mut Vec<PathBuf>) {
        let absolute = self.root.join(path);
        let kind = match fs::metadata(&absolute) {
            Ok(metadata) => metadata.file_type(),
            Err(_) if is_link && !has_picture_name(path) => return self.leave_out("broken link".into()),
            Err(error) if is_link && error.kind() == ErrorKind::NotFound => {
                return self.found.unreadable.push((absolute, "it is a link to a file that is not there".into()));
            }
            Err(error) => return self.found.unreadable.push((absolute, cause(&error))),
        };
        let real = match (is_link, above.last(), path.file_name()) {
            (false, Some(folder), Some(name)) => folder.join(name),
            _ => match fs::canonicalize(&absolute) {
                Ok(real) => real,
                Err(error) => return self.found.unreadable.push((absolute, cause(&error))),
            },
        };
        let class = path.iter().next().filter(|_| self.by_class).map(OsString::from);
        if kind.is_dir() {
            if above.contains(&real) {
                return self.found.circles.push(path.into());
            }
            if path.components().count() == 1 {
                self.found.folders.push(path.into());
            }
            if self.seen.insert((class, real.clone())) {
                self.folder(path, real, above);
            }
        } else if !kind.is_file() {
            self.leave_out("pipe, socket or device".into());
        } else if is_leftover(path) {
            self.leave_out("unfinished or backup file".into());
        } else if has_picture_name(path) || holds_picture(&absolute) {
            if !self.seen.insert((class, real)) {
                self.found.again += 1;
                return;
            }
            if !has_picture_name(path) {
                self.found.sniffed.push(path.into());
            }
            self.found.pictures.push(path.into());
        } else {
            let kind = path.extension().map(|extension| format!(".{}", extension.to_string_lossy().to_lowercase()));
            self.leave_out(kind.unwrap_or_else(|| "without extension".into()));
        }
    }

    fn leave_out(&mut self, kind: String) {
        *self.found.left_out.entry(kind).or_default() += 1;
    }
}
