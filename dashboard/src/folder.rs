//! Files of a run's folder, and nothing else: no link is followed out of it, and only files are opened.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

/// Opens a regular file. A link is none: it may lead anywhere. Neither is a pipe: opening one would wait for its writer.
///
/// # Errors
/// A file that is not there, is no regular file, or cannot be opened.
pub(crate) fn open(path: &Path) -> std::io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "is no regular file"));
    }
    let file = File::open(path)?;
    // It may have been replaced in between.
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "is no regular file"));
    }
    Ok(file)
}

/// The contents of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open`]; a file that is larger.
pub(crate) fn read(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    open(path)?.take(most + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > most {
        return Err(Error::new(ErrorKind::InvalidData, format!("has more than {most} bytes")));
    }
    Ok(contents)
}

/// The names of the regular files in a folder that end as given, in alphabetical order, at most `most` (the last ones).
/// A folder that is a link has none.
pub(crate) fn names(folder: &Path, most: usize, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    if !fs::symlink_metadata(folder).is_ok_and(|kind| kind.is_dir()) {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    // A name that starts with a dot is a file that is still being written.
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.') && is_wanted(name)).collect();
    names.sort();
    names.drain(..names.len().saturating_sub(most));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read_and_listed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("samples");
        fs::create_dir_all(folder.join("folder.png")).unwrap();
        for name in ["b.png", "a.png", "c.csv", ".d.png"] {
            fs::write(folder.join(name), name).unwrap();
        }
        let is_picture = |name: &str| name.ends_with(".png");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/hostname", folder.join("e.png")).unwrap();
            std::os::unix::fs::symlink(&folder, root.path().join("link")).unwrap();
            assert!(read(&folder.join("e.png"), 1000).is_err());
            assert!(names(&root.path().join("link"), 9, is_picture).is_empty());
        }
        assert_eq!(names(&folder, 9, is_picture), ["a.png", "b.png"]);
        assert_eq!(names(&folder, 1, is_picture), ["b.png"]);
        assert_eq!(read(&folder.join("a.png"), 5).unwrap(), b"a.png");
        assert!(read(&folder.join("a.png"), 4).is_err());
        assert!(read(&folder.join("folder.png"), 4).is_err());
    }
}
