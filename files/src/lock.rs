//! A folder that one process works in at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

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
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let process = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                return Err(LockError::InUse { path: folder.into(), process });
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

#[cfg(test)]
mod tests {
    use super::*;

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
