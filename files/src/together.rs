//! Several files that belong together, all or none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::whole::{folder_of, sync_folder};
use crate::{FileError, temporary_name};

/// Writes several files, such as a picture and its numbers. All of them are on the disk under their temporary names
/// before the first one is renamed, so a full disk leaves all older files as they were. Folders that are missing are
/// made.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let paths = ["picture.png", "numbers.csv"].map(|name| folder.path().join("new").join(name));
/// let files = paths.clone().map(|path| (path, b"1,2".to_vec()));
/// fokker_files::write_together(&files)?;
/// assert!(paths.iter().all(|path| path.is_file()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first folder or file that cannot be written.
pub fn write_together(files: &[(PathBuf, Vec<u8>)]) -> Result<(), FileError> {
    let written = files.iter().try_for_each(|(path, bytes)| put(path, bytes));
    if written.is_err() {
        for (path, _) in files {
            // The cause is what matters; most of these were never made.
            let _ = fs::remove_file(temporary_name(path));
        }
    }
    written?;
    for (path, _) in files {
        let failed = |error| FileError::new("cannot write", path, error);
        fs::rename(temporary_name(path), path).map_err(failed)?;
        sync_folder(folder_of(path)).map_err(failed)?;
    }
    Ok(())
}

/// One file under its temporary name.
fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let write = || {
        fs::create_dir_all(folder_of(path))?;
        let mut file = File::create(temporary_name(path))?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| FileError::new("cannot write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_new_or_all_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files = |text: &str| ["a.png", "a.csv"].map(|name| (path(name), text.as_bytes().to_vec())).to_vec();
        write_together(&files("old")).unwrap();
        // A folder where the temporary name of the last file should be: it cannot be written.
        fs::create_dir(temporary_name(&path("a.txt"))).unwrap();
        let mut new = files("new");
        new.push((path("a.txt"), b"new".to_vec()));
        let message = write_together(&new).unwrap_err().to_string();
        assert!(message.contains("a.txt"), "{message}");
        for name in ["a.png", "a.csv"] {
            assert_eq!(fs::read(path(name)).unwrap(), b"old", "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        fs::remove_dir(temporary_name(&path("a.txt"))).unwrap();
        write_together(&new).unwrap();
        for name in ["a.png", "a.csv", "a.txt"] {
            assert_eq!(fs::read(path(name)).unwrap(), b"new", "{name}");
        }
    }
}
