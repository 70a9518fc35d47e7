//! A folder that one process works in at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::FileError;

/// The name of the file that is locked. It stays in the folder, with the number of the last process that locked it.
const NAME: &str = ".lock";

/// A locked folder, until this is dropped or the process ends, however it ends: the lock is the operating system's, so
/// a killed process leaves none behind.
#[derive(Debug)]
pub struct Lock {
    /// Absent where the file system has no locks.
    _file: Option<File>,
}

/// Why a folder was not locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process works there.
    #[error(
        "{path} is in use by {process}; wait until it has ended, or stop it",
        path = path.display(),
        process = process.map_or("another process".into(), |number| format!("process {number}"))
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other process's number, if it is known.
        process: Option<u32>,
    },
    /// The file of the lock cannot be made.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Lock {
    /// Locks a folder for this process; the folder is made if it is missing.
    ///
    /// ```
    /// use fokker_files::{Lock, LockError};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let lock = Lock::take(folder.path())?;
    /// assert!(matches!(Lock::take(folder.path()), Err(LockError::InUse { .. })));
    /// drop(lock);
    /// assert!(Lock::take(folder.path()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LockError::InUse`] if a process that is alive, this one included, has locked it; a folder that cannot be written.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        let failed = |error: std::io::Error| FileError::new("cannot write", &path, error);
        fs::create_dir_all(folder).map_err(failed)?;
        // Not truncated before it is locked: what is in it may be another process's number.
        let mut file =
            OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path).map_err(failed)?;
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::InUse { path: folder.into(), process: number_in(&path) });
            }
            // Some network file systems have no locks; a run there is as it would be without this module.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                return Ok(Self { _file: None });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error).into()),
        }
        // The number is for messages: where it cannot be written, such as on a full disk, the lock holds all the same.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: Some(file) })
    }
}

/// Whether a folder is locked, and by which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockHolder {
    /// Nobody: no process works there.
    Nobody,
    /// A process that is alive, by its number if that is known. A process that has just taken the lock may not have written its
    /// number yet, and the number is that of the one before.
    Process(Option<u32>),
    /// The file system has no locks, or the file cannot be read.
    Unknown,
}

impl LockHolder {
    /// Who works in a folder. Nothing is written, and no process is kept from locking it.
    ///
    /// ```
    /// use fokker_files::{Lock, LockHolder};
    ///
    /// let folder = tempfile::tempdir()?;
    /// assert_eq!(LockHolder::of(folder.path()), LockHolder::Nobody);
    /// let lock = Lock::take(folder.path())?;
    /// assert_eq!(LockHolder::of(folder.path()), LockHolder::Process(Some(std::process::id())));
    /// drop(lock);
    /// assert_eq!(LockHolder::of(folder.path()), LockHolder::Nobody);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(folder: &Path) -> Self {
        let path = folder.join(NAME);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::Nobody,
            Ok(kind) if kind.is_file() => {}
            _ => return Self::Unknown,
        }
        let Ok(file) = File::open(&path) else { return Self::Unknown };
        // A shared lock, for as long as it takes to drop it: `Lock::take` waits longer than that.
        match file.try_lock_shared() {
            Ok(()) => Self::Nobody,
            Err(TryLockError::WouldBlock) => Self::Process(number_in(&path)),
            Err(TryLockError::Error(_)) => Self::Unknown,
        }
    }
}

/// The number of the process that locked last.
fn number_in(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Locks a file, unless it stays locked: who only [looks](LockHolder::of) whether it is locked has a share of it for a moment.
fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..4 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            other => return other,
        }
    }
    file.try_lock()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_keeps_nobody_from_locking() {
        let root = tempfile::tempdir().unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    LockHolder::of(root.path());
                    // Far more often than anybody looks.
                    std::thread::sleep(Duration::from_micros(100));
                }
            });
            let refused = (0..200).filter(|_| Lock::take(root.path()).is_err()).count();
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(refused, 0);
        });
    }

    #[test]
    fn a_folder_is_locked_once_and_a_left_over_file_is_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("runs/new");
        let lock = Lock::take(&folder).unwrap();
        let message = Lock::take(&folder).unwrap_err().to_string();
        assert!(message.contains(&format!("in use by process {}", std::process::id())), "{message}");
        drop(lock);
        // The file of a process that is gone, whatever is in it.
        fs::write(folder.join(NAME), "4294967295\nand more").unwrap();
        let _lock = Lock::take(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(NAME)).unwrap(), format!("{}\n", std::process::id()));
    }
}
