//! A file that grows record by record.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::FileError;

/// A file to which records are appended, each whole or not at all: a record that cannot be written to its end, such as
/// on a full disk, is cut off again.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("metrics.jsonl");
/// let mut log = fokker_files::Log::open(&path)?;
/// log.append(b"{\"step\":1}\n")?;
/// log.append(b"{\"step\":2}\n")?;
/// assert_eq!(std::fs::read_to_string(&path)?.lines().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
    /// Bytes of whole records.
    length: u64,
}

impl Log {
    /// Opens a file for appending, and makes it if it is missing.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::from(OpenOptions::new().create(true).read(true).write(true).truncate(false), path)
    }

    /// Makes a new file.
    ///
    /// # Errors
    /// A file that cannot be written, or is there already.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        Self::from(OpenOptions::new().create_new(true).write(true), path)
    }

    fn from(options: &OpenOptions, path: &Path) -> Result<Self, FileError> {
        let failed = |error: io::Error| FileError::new("cannot write", path, error);
        let mut file = options.open(path).map_err(failed)?;
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { file, path: path.into(), length })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// A file that cannot be written; it is as it was before.
    pub fn append(&mut self, record: &[u8]) -> Result<(), FileError> {
        if let Err(error) = self.file.write_all(record) {
            // What cannot be cut off now is overwritten by the next record.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(FileError::new("cannot write", &self.path, error));
        }
        self.length += record.len() as u64;
        Ok(())
    }

    /// Bytes of the records so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Cuts off what follows the first bytes, such as records that others do not know of.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn cut(&mut self, length: u64) -> Result<(), FileError> {
        let cut = self.file.set_len(length.min(self.length)).and_then(|()| self.file.seek(SeekFrom::End(0)));
        self.length = cut.map_err(|error| FileError::new("cannot write", &self.path, error))?;
        Ok(())
    }

    /// Waits until all records are on the disk.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(|error| FileError::new("cannot write", &self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_cut_off_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "one two half").unwrap();
        let mut log = Log::open(&path).unwrap();
        log.cut(8).unwrap();
        log.append(b"three").unwrap();
        assert_eq!((log.length(), fs::read(&path).unwrap()), (13, b"one two three".to_vec()));
        log.cut(100).unwrap();
        assert_eq!(log.length(), 13);
    }

    #[test]
    fn records_follow_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        Log::create(&path).unwrap().append(b"one\n").unwrap();
        assert!(Log::create(&path).unwrap_err().to_string().contains("metrics.jsonl"));
        let mut log = Log::open(&path).unwrap();
        log.append(b"two\n").unwrap();
        log.sync().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_with_the_remedy() {
        let message = Log::open(Path::new("/dev/full")).unwrap().append(b"one\n").unwrap_err().to_string();
        assert!(message.contains("/dev/full") && message.contains("make room"), "{message}");
    }
}
