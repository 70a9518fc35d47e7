//! A walk through a folder.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::archive::{Stamp, is_archive};
use super::listing::{Item, Listing, Pace, kind_of};
use super::litter::{is_leftover, is_litter};
use super::sidecars::is_table;
use crate::DatasetError;
use crate::picture::{cause, has_picture_name, holds_picture, read};

/// All pictures below a folder that is there; `by_class` if its subfolders may be classes.
pub(super) fn walk(root: &Path, by_class: bool, pace: &mut Pace<'_>) -> Result<Listing, DatasetError> {
    let unread = |source| DatasetError::Read { file: root.into(), source };
    let real = fs::canonicalize(root).map_err(unread)?;
    fs::read_dir(root).map_err(unread)?;
    let mut walk = Walk { root, by_class, seen: HashSet::new(), found: Listing::default(), pace };
    walk.folder(Path::new(""), real, &mut Vec::new());
    Ok(walk.found)
}

/// Walks one folder.
struct Walk<'a, 'b> {
    root: &'a Path,
    by_class: bool,
    seen: HashSet<(Option<OsString>, PathBuf)>,
    found: Listing,
    pace: &'a mut Pace<'b>,
}

impl Walk<'_, '_> {
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
            if !self.pace.next() {
                break;
            }
            match is_litter(&name) {
                true => self.found.hidden += 1,
                false => self.entry(&folder.join(name), is_link, above),
            }
        }
        above.pop();
    }

    fn entry(&mut self, path: &Path, is_link: bool, above: &mut Vec<PathBuf>) {
        let absolute = self.root.join(path);
        let metadata = match fs::metadata(&absolute) {
            Ok(metadata) => metadata,
            Err(_) if is_link && !has_picture_name(path) => return self.found.leave_out("broken link".into()),
            Err(error) if is_link && error.kind() == ErrorKind::NotFound => {
                return self.found.unreadable.push((absolute, "it is a link to a file that is not there".into()));
            }
            Err(error) => return self.found.unreadable.push((absolute, cause(&error))),
        };
        let kind = metadata.file_type();
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
            self.found.leave_out("pipe, socket or device".into());
        } else if is_leftover(path) {
            self.found.leave_out("unfinished or backup file".into());
        } else if self.by_class && is_table(path) {
            match read(&absolute) {
                Ok(contents) => self.found.sidecars.add(path.into(), contents),
                Err(problem) => self.found.unreadable.push((absolute, problem)),
            }
        } else if is_archive(path) {
            self.found.archives_left_out.push(path.into());
        } else if has_picture_name(path) || holds_picture(&absolute) {
            if !self.seen.insert((class, real)) {
                self.found.again += 1;
                return;
            }
            if !has_picture_name(path) {
                self.found.sniffed.push(path.into());
            }
            self.found.items.push(Item { path: path.into(), above: 0, place: None, stamp: Stamp::of(&metadata) });
        } else {
            self.found.leave_out(kind_of(path));
        }
    }
}
