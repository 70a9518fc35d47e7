//! Decoded pictures on the disk: each is decoded once, for all trainings that want it the same way.
//!
//! | file in `<caches>/pictures/<name>/` | what is in it |
//! |---|---|
//! | `pixels` | slots of one size, one picture each, in the order in which they were decoded |
//! | `index` | 16 bytes for each slot: which picture is in it |
//! | `about.txt` | the folder and what its pictures were brought to, for a reader |
//!
//! `<name>` is a sum of the folder's path and of what pictures are brought to. A picture is known by a sum of its path, its size in
//! bytes and the time of its last change: one that has changed is decoded again, and all others stay. Slots are only ever appended,
//! pixels first and synced, then their entries. So a process that is stopped or killed leaves what it had decoded, and others may
//! read meanwhile. One process decodes at a time, behind a lock; another one waits for it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fokker_files::{FileError, Lock, LockError, Log};

use super::FolderConfig;
use super::decoding::{Decoded, Decoding, lock};
use super::listing::Item;
use super::store::{Kept, Store};
use crate::memory::shown;
use crate::progress::LoadProgress;
use crate::{DatasetError, checksum};

/// Which picture is in a slot.
type Key = [u8; 16];

/// Entries are written after so many pixels, or so long.
const MOST_PENDING: usize = 32 << 20;
const LONGEST_PENDING: Duration = Duration::from_secs(2);

/// The decoded pictures of one folder, brought to one size.
pub(super) struct Cache<'a> {
    decoding: &'a Decoding<'a>,
    root: &'a Path,
    folder: PathBuf,
    about: String,
}

impl<'a> Cache<'a> {
    /// The cache of a folder's pictures, below `caches`.
    pub fn of(config: &'a FolderConfig, decoding: &'a Decoding<'_>, caches: &Path) -> Self {
        let path = fs::canonicalize(&config.path).unwrap_or_else(|_| config.path.clone());
        let about = format!(
            "decoded pictures, by fokker {}\nof {}\nas {:?}\nThis folder may be deleted when no training reads it.\n",
            env!("CARGO_PKG_VERSION"),
            path.display(),
            decoding.framing
        );
        let sum = checksum::digest(about.as_bytes());
        let name: String = sum[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { decoding, root: &config.path, folder: caches.join("pictures").join(name), about }
    }

    /// Decodes what is not there yet, and opens it.
    ///
    /// # Errors
    /// A disk without room, with the numbers; a folder that cannot be written; [`DatasetError::Stopped`].
    pub fn fill(&self, wanted: &[usize]) -> Result<Kept, DatasetError> {
        let items = &self.decoding.listing.items;
        let keys: Vec<Key> = wanted.iter().map(|&number| key(&items[number])).collect();
        let missing = |known: &HashMap<Key, u64>| -> Vec<usize> {
            let unknown = wanted.iter().zip(&keys).filter(|(_, key)| !known.contains_key(*key));
            unknown.map(|(number, _)| *number).collect()
        };
        let (mut known, mut decoded) = (self.index()?, Decoded::default());
        let mut left = missing(&known);
        while !left.is_empty() {
            let locked = match Lock::take(&self.folder) {
                Ok(locked) => locked,
                Err(LockError::InUse { .. }) => {
                    self.wait(wanted.len() - left.len(), wanted.len())?;
                    known = self.index()?;
                    left = missing(&known);
                    continue;
                }
                Err(LockError::File(error)) => return Err(DatasetError::Cache(error)),
                Err(error) => return Err(self.failed(error)),
            };
            known = self.index()?;
            left = missing(&known);
            if !left.is_empty() {
                decoded = self.decode(&left, wanted.len())?;
                known = self.index()?;
            }
            drop(locked);
            break;
        }
        let slots = keys.iter().map(|key| known.get(key).copied()).collect();
        let path = self.folder.join("pixels");
        let file =
            File::open(&path).map_err(|error| DatasetError::Cache(FileError::new("cannot read", &path, error)))?;
        self.decoding.finished(wanted.len())?;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let note = format!("decoded pictures are kept in {}, {}", self.folder.display(), shown(bytes));
        Ok(Kept { store: Store::Disk { file, path }, slots, decoded, note: Some(note) })
    }

    /// The slot of each picture that is there. Entries without pixels do not count.
    fn index(&self) -> Result<HashMap<Key, u64>, DatasetError> {
        let there = |name: &str| fs::metadata(self.folder.join(name)).map_or(0, |metadata| metadata.len());
        if there("index") == 0 {
            return Ok(HashMap::new());
        }
        let path = self.folder.join("index");
        let bytes =
            fs::read(&path).map_err(|error| DatasetError::Cache(FileError::new("cannot read", &path, error)))?;
        let (entries, _) = bytes.as_chunks::<16>();
        let slots = there("pixels") / self.decoding.framing.bytes() as u64;
        Ok(entries.iter().copied().zip(0..slots).collect())
    }

    /// Decodes pictures behind those that are there; the folder is locked.
    fn decode(&self, left: &[usize], wanted: usize) -> Result<Decoded, DatasetError> {
        let (size, items) = (self.decoding.framing.bytes(), &self.decoding.listing.items);
        self.check_room(left.len())?;
        fokker_files::write(&self.folder.join("about.txt"), self.about.as_bytes()).map_err(DatasetError::Cache)?;
        let writer = Mutex::new(Writer::open(&self.folder, size)?);
        let progress = (wanted - left.len(), wanted);
        let decoded =
            self.decoding.run(left, progress, |number, picture| lock(&writer).append(key(&items[number]), picture));
        // What was decoded stays, also if the work was stopped.
        let written = lock(&writer).sync();
        let decoded = decoded?;
        written?;
        Ok(decoded)
    }

    fn check_room(&self, pictures: usize) -> Result<(), DatasetError> {
        let needed = (self.decoding.framing.bytes() as u64 + size_of::<Key>() as u64).saturating_mul(pictures as u64);
        let free = fokker_files::free_room(&self.folder);
        let Some(free) = free.filter(|&free| needed > free) else { return Ok(()) };
        Err(self.failed(format!(
            "{pictures} decoded pictures need {} on the disk of {}, and {} are free. Remedy: make room, name a folder on another disk \
             in the environment variable FOKKER_CACHE, or make `data.size` smaller",
            shown(needed),
            self.folder.display(),
            shown(free)
        )))
    }

    /// Waits for another process that decodes, for a moment.
    fn wait(&self, done: usize, total: usize) -> Result<(), DatasetError> {
        std::thread::sleep(Duration::from_millis(100));
        match self.decoding.progress.map(|progress| progress(LoadProgress::Pictures { done, total })) {
            Some(ControlFlow::Break(())) => Err(DatasetError::Stopped),
            _ => Ok(()),
        }
    }

    fn failed(&self, problem: impl std::fmt::Display) -> DatasetError {
        DatasetError::Folder { folder: self.root.into(), problem: problem.to_string() }
    }
}

/// Appends pictures.
struct Writer {
    pixels: Log,
    index: Log,
    /// Entries whose pixels are not synced yet.
    pending: Vec<u8>,
    since: Instant,
    size: usize,
}

impl Writer {
    /// What a killed process left without an entry, or as half of one, is written over.
    fn open(folder: &Path, size: usize) -> Result<Self, DatasetError> {
        let open = |name: &str| Log::open(&folder.join(name)).map_err(DatasetError::Cache);
        let (mut pixels, mut index) = (open("pixels")?, open("index")?);
        let slots = (pixels.length() / size as u64).min(index.length() / size_of::<Key>() as u64);
        pixels.cut(slots * size as u64).map_err(DatasetError::Cache)?;
        index.cut(slots * size_of::<Key>() as u64).map_err(DatasetError::Cache)?;
        Ok(Self { pixels, index, pending: Vec::new(), since: Instant::now(), size })
    }

    fn append(&mut self, key: Key, picture: &[u8]) -> Result<(), DatasetError> {
        self.pixels.append(picture).map_err(DatasetError::Cache)?;
        self.pending.extend(key);
        let pending = self.pending.len() / size_of::<Key>() * self.size;
        if pending > MOST_PENDING || self.since.elapsed() > LONGEST_PENDING { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), DatasetError> {
        self.pixels.sync().map_err(DatasetError::Cache)?;
        self.index.append(&self.pending).map_err(DatasetError::Cache)?;
        self.index.sync().map_err(DatasetError::Cache)?;
        self.pending.clear();
        self.since = Instant::now();
        Ok(())
    }
}

/// What a picture is known by.
fn key(item: &Item) -> Key {
    let mut text = Vec::with_capacity(128);
    // Writing into memory does not fail.
    let _ = write!(text, "{}\0{}\0{}", item.path.to_string_lossy(), item.stamp.bytes, item.stamp.changed);
    if let Some((_, place)) = item.place {
        let _ = write!(text, "\0{}", place.order());
    }
    let sum = checksum::digest(&text);
    let (key, _) = sum.as_chunks::<16>();
    key[0]
}
