//! Which pictures there are, and what is left out: in a folder, or in archives.
//!
//! Links are followed. A folder that is reached twice is walked once, so links in a circle end; a picture that is reached
//! twice is taken once, or it could be trained on under one name and held out under another. With classes this holds
//! within each class. No picture is opened: its name says that it is one.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::archive::{Archive, Member, Place, Stamp, is_archive};
use super::litter::{is_leftover, is_litter};
use super::shards::expanded;
use super::sidecars::{Sidecars, most_read};
use super::walk::walk;
use crate::DatasetError;
use crate::notes::{counted, names};
use crate::picture::{MAXIMAL_FILE, cause, has_picture_name, read};
use crate::progress::{LoadProgress, ProgressCallback};

/// A picture that was found.
pub(super) struct Item {
    /// Its path below the folder, or its name in the archive; where there are several archives, behind the archive's name.
    pub path: PathBuf,
    /// How many components of the path name its archive.
    pub above: usize,
    /// Where in which archive it is, if in one.
    pub place: Option<(usize, Place)>,
    /// What tells that it is the one it was.
    pub stamp: Stamp,
}

/// What was found.
#[derive(Default)]
pub(super) struct Listing {
    /// The pictures, sorted by their paths.
    pub items: Vec<Item>,
    /// The archives that they are in.
    pub archives: Vec<Archive>,
    /// Whether paths begin with the name of an archive.
    pub is_sharded: bool,
    /// Folders directly below that hold at least one file, hidden ones aside.
    pub folders: Vec<OsString>,
    /// Files that say something of pictures.
    pub sidecars: Sidecars,
    /// What could not be looked at, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Archives next to pictures.
    pub(super) archives_left_out: Vec<PathBuf>,
    /// Files that are no pictures, by kind.
    pub(super) left_out: BTreeMap<String, usize>,
    pub(super) hidden: usize,
    /// Pictures under other names.
    pub(super) sniffed: Vec<PathBuf>,
    /// Links to a folder above themselves.
    pub(super) circles: Vec<PathBuf>,
    /// Pictures reached a second time.
    pub(super) again: usize,
}

/// Tells how many files were found, and asks whether to go on.
pub(super) struct Pace<'a> {
    progress: Option<&'a ProgressCallback>,
    found: usize,
    stopped: bool,
}

impl Pace<'_> {
    /// One file more; whether to go on.
    pub fn next(&mut self) -> bool {
        const EVERY: usize = 1024;
        self.found += 1;
        if self.found.is_multiple_of(EVERY)
            && let Some(progress) = self.progress
        {
            self.stopped |= progress(LoadProgress::Listing { found: self.found }) == ControlFlow::Break(());
        }
        !self.stopped
    }
}

impl Item {
    /// The folder that it is in, first below the folder or in its archive.
    pub fn first_folder(&self) -> Option<&OsStr> {
        let mut parts = self.path.iter().skip(self.above);
        let first = parts.next();
        parts.next().and(first)
    }
}

impl Listing {
    /// Everything in `root`: a folder, an archive, a name with braces that means several, or a folder of nothing but archives.
    /// `by_class` if subfolders may be classes.
    ///
    /// # Errors
    /// A `root` that is nothing of this or cannot be read; [`DatasetError::Stopped`].
    pub fn of(root: &Path, by_class: bool, progress: Option<&ProgressCallback>) -> Result<Self, DatasetError> {
        let failed = |problem: String| DatasetError::Folder { folder: root.to_path_buf(), problem };
        let mut pace = Pace { progress, found: 0, stopped: false };
        let mut listing = match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {
                let mut listing = walk(root, by_class, &mut pace)?;
                let archives = std::mem::take(&mut listing.archives_left_out);
                if listing.items.is_empty() && listing.unreadable.is_empty() && !archives.is_empty() {
                    listing.is_sharded = archives.len() > 1;
                    for archive in archives {
                        listing.archive(&root.join(&archive), &archive, by_class, &mut pace)?;
                    }
                } else {
                    archives.iter().for_each(|archive| listing.leave_out(kind_of(archive)));
                }
                listing
            }
            Ok(_) if is_archive(root) => {
                let mut listing = Self::default();
                listing.archive(root, root, by_class, &mut pace)?;
                listing
            }
            Ok(_) => {
                return Err(failed(
                    "it is a file. Remedy: name the folder that it is in, or an archive (.zip, .tar, .tar.gz), in the config key \
                     `data.path`"
                        .into(),
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => match root.to_str().map(expanded) {
                Some(Err(problem)) => return Err(DatasetError::config("data.path", problem)),
                Some(Ok(shards)) if shards.len() > 1 => Self::of_shards(root, &shards, by_class, &mut pace)?,
                _ => {
                    return Err(failed(
                        "there is no such folder. Remedy: name an existing one in the config key `data.path`".into(),
                    ));
                }
            },
            Err(error) => return Err(failed(format!("it cannot be opened: {}", cause(&error)))),
        };
        if pace.stopped {
            return Err(DatasetError::Stopped);
        }
        listing.items.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing)
    }

    /// Archives by their names.
    fn of_shards(root: &Path, shards: &[String], by_class: bool, pace: &mut Pace<'_>) -> Result<Self, DatasetError> {
        let missing: Vec<&String> = shards.iter().filter(|shard| !Path::new(shard).is_file()).collect();
        if !missing.is_empty() {
            let (count, of) = (missing.len(), shards.len());
            let problem = format!("{count} of {of} archives are not there: {}", names(&missing, 10));
            return Err(DatasetError::Folder { folder: root.to_path_buf(), problem });
        }
        let mut listing = Self { is_sharded: true, ..Self::default() };
        // Pictures are called by the part of the path that differs.
        let above: PathBuf = root.iter().take_while(|part| !part.to_string_lossy().contains('{')).collect();
        for shard in shards {
            let file = Path::new(shard);
            listing.archive(file, file.strip_prefix(&above).unwrap_or(file), by_class, pace)?;
        }
        Ok(listing)
    }

    /// Adds the pictures of an archive; `name` is what it is called in their paths.
    fn archive(&mut self, file: &Path, name: &Path, by_class: bool, pace: &mut Pace<'_>) -> Result<(), DatasetError> {
        let failed = |problem| DatasetError::Folder { folder: file.into(), problem };
        if !is_archive(file) {
            return Err(failed("it is no archive by its name; expected .zip, .tar, .tar.gz or .tgz".into()));
        }
        let opened = Archive::open(file, |member| most_read(member, by_class), || pace.next()).map_err(failed)?;
        let Some((archive, members)) = opened else { return Ok(()) };
        // In a tar that was appended to, the last file of a name is the one that is meant.
        let last: HashMap<PathBuf, usize> =
            members.iter().enumerate().map(|(number, member)| (member.name.clone(), number)).collect();
        let (number, stamp) = (self.archives.len(), archive.stamp);
        for (place, member) in members.into_iter().enumerate() {
            if last[&member.name] == place {
                self.member(name, number, stamp, member);
            } else {
                self.again += 1;
            }
        }
        self.archives.push(archive);
        Ok(())
    }

    fn member(&mut self, archive: &Path, number: usize, stamp: Stamp, member: Member) {
        let Member { name, place, contents } = member;
        let below = |name: &Path| if self.is_sharded { archive.join(name) } else { name.to_path_buf() };
        if name.iter().any(is_litter) {
            self.hidden += 1;
        } else if is_leftover(&name) {
            self.leave_out("unfinished or backup file".into());
        } else if let Some(contents) = contents {
            let path = below(&name);
            self.sidecars.add(path, contents);
        } else if has_picture_name(&name) {
            let above = if self.is_sharded { archive.iter().count() } else { 0 };
            self.items.push(Item { path: below(&name), above, place: Some((number, place)), stamp });
        } else {
            self.leave_out(kind_of(&name));
        }
    }

    /// The bytes of a picture that is not in a compressed tar. The error is a clause that follows its name.
    pub fn bytes(&self, root: &Path, item: &Item) -> Result<Vec<u8>, String> {
        match item.place {
            None => read(&root.join(&item.path)),
            Some((archive, place)) => self.archives[archive].read(place, MAXIMAL_FILE),
        }
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

    pub(super) fn leave_out(&mut self, kind: String) {
        *self.left_out.entry(kind).or_default() += 1;
    }
}

/// The kind of a file that is no picture, by its name.
pub(super) fn kind_of(path: &Path) -> String {
    let kind = path.extension().map(|extension| format!(".{}", extension.to_string_lossy().to_lowercase()));
    kind.unwrap_or_else(|| "without extension".into())
}
