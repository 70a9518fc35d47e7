//! One file, whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::FileError;

/// The name under which a file is written before it is renamed: `.NAME.partial` in the same folder. What a killed
/// program left there is overwritten by the next.
pub fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.partial"))
}

/// Writes a file of these bytes. Folders that are missing are made.
///
/// # Errors
/// A folder or file that cannot be written; a file that was there before is unharmed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes a file with a function that gets a buffered writer. Folders that are missing are made.
///
/// # Errors
/// As [`write()`], and what the function returns.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), FileError> {
    write_named(path, |temporary| {
        let mut file = BufWriter::new(File::create(temporary)?);
        fill(&mut file)?;
        file.flush()
    })
}

/// Writes a file with a function that gets the temporary path, for writers that open the file themselves. Folders that
/// are missing are made.
///
/// # Errors
/// As [`write()`], and what the function returns.
pub fn write_named(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FileError> {
    let failed = |error| FileError::new("cannot write", path, error);
    fs::create_dir_all(folder_of(path)).map_err(failed)?;
    let temporary = temporary_name(path);
    let written = fill(&temporary).and_then(|()| put_in_place(&temporary, path));
    if written.is_err() {
        // The cause is what matters; that the remains cannot be deleted either adds nothing.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

/// Checks that a file of this name could be written, without making it or a folder.
///
/// # Errors
/// A folder that nothing can be written to, a name below a file, a folder of this name.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let failed = |error| FileError::new("cannot write", path, error);
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    // Folders that are missing would be made in the nearest one that is there.
    let mut folder = folder_of(path);
    while !folder.exists() {
        folder = folder_of(folder);
    }
    let probe = folder.join(temporary_name(path).file_name().unwrap_or_default());
    File::create(&probe).and_then(|_| fs::remove_file(&probe)).map_err(failed)
}

/// The folder that a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs a temporary file and gives it its name.
pub(crate) fn put_in_place(temporary: &Path, path: &Path) -> io::Result<()> {
    File::open(temporary)?.sync_all()?;
    fs::rename(temporary, path)?;
    sync_folder(folder_of(path))
}

/// Makes sure that the names in a folder are on the disk. Windows has no such call.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_fails_leaves_the_old_file_and_no_remains() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write(&path, b"old").unwrap();
        let error = write_with(&path, |file| {
            file.write_all(&[7; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(error.unwrap_err().to_string().contains("table.csv"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(&folder.path().join("new/deep/a.png")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a check leaves nothing behind");
        fs::write(folder.path().join("file"), "").unwrap();
        let error = check_writable(&folder.path().join("file/a.png")).unwrap_err().to_string();
        assert!(error.starts_with("cannot write") && error.contains("file/a.png"), "{error}");
        assert!(check_writable(folder.path()).is_err());
    }

    #[test]
    fn names_without_a_folder_are_in_the_present_one() {
        assert_eq!(temporary_name(Path::new("a.png")), Path::new(".a.png.partial"));
        assert_eq!(temporary_name(Path::new("x/a.png")), Path::new("x/.a.png.partial"));
    }
}
