//! A file that is written piece by piece and has its name only when it is done.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::FileError;
use crate::whole::{folder_of, put_in_place, temporary_name};

/// A file that grows under its temporary name. Dropped before it is complete, it is removed.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("table.csv");
/// let mut file = fokker_files::GrowingFile::create(&path).unwrap();
/// file.append(b"1\n").unwrap();
/// file.append(b"2\n").unwrap();
/// assert!(!path.exists());
/// file.complete(&path).unwrap();
/// assert_eq!(std::fs::read(&path).unwrap(), b"1\n2\n");
/// ```
#[derive(Debug)]
pub struct GrowingFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    /// Bytes of the pieces that were written to their end.
    length: u64,
    complete: bool,
}

impl GrowingFile {
    /// An empty file in the folder of `path`. Folders that are missing are made.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let failed = |error| FileError::new("cannot write", path, error);
        fs::create_dir_all(folder_of(path)).map_err(failed)?;
        let temporary = temporary_name(path);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&temporary);
        Ok(Self { path: path.into(), temporary, file: file.map_err(failed)?, length: 0, complete: false })
    }

    /// Writes a piece at the end.
    ///
    /// # Errors
    /// A full disk and the like; the pieces before are kept.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(bytes));
        written.map_err(|error| self.failed(error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Writes over the beginning, which must be there already.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn rewrite_beginning(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        assert!(bytes.len() as u64 <= self.length, "a beginning is written over, not made");
        let written = self.file.rewind().and_then(|()| self.file.write_all(bytes));
        written.map_err(|error| self.failed(error))
    }

    /// The file for reading, from its beginning on, without what a failed piece has left.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn contents(&mut self) -> Result<&mut File, FileError> {
        let ready = self.file.set_len(self.length).and_then(|()| self.file.rewind());
        ready.map_err(|error| self.failed(error))?;
        Ok(&mut self.file)
    }

    /// Gives the file a name in its folder: that of its creation, or another. What a failed piece has left is cut off.
    ///
    /// # Errors
    /// A file that cannot be synced or renamed; a file that was there before is unharmed.
    pub fn complete(mut self, path: &Path) -> Result<(), FileError> {
        let placed = self.file.set_len(self.length).and_then(|()| put_in_place(&self.temporary, path));
        placed.map_err(|error| FileError::new("cannot write", path, error))?;
        self.complete = true;
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> FileError {
        FileError::new("cannot write", &self.path, error)
    }
}

impl Drop for GrowingFile {
    fn drop(&mut self) {
        if !self.complete {
            // There is nobody to tell; the next file of this name writes over it.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = GrowingFile::create(&folder.path().join("new/a.npy")).unwrap();
        file.append(b"header").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
    }

    #[test]
    fn the_beginning_is_rewritten_and_the_end_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        fs::write(&path, "old").unwrap();
        let mut file = GrowingFile::create(&path).unwrap();
        file.append(b"0 rows").unwrap();
        file.append(b" a").unwrap();
        file.rewrite_beginning(b"2").unwrap();
        file.append(b" b").unwrap();
        let mut text = String::new();
        file.contents().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "2 rows a b");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.complete(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2 rows a b");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
