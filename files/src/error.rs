//! What can go wrong with a file, and what to do about it.

use std::io;
use std::path::PathBuf;

/// A file or folder that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}: {cause}{remedy}", path = path.display(), remedy = remedy(cause))]
pub struct FileError {
    /// What was tried, such as "cannot write".
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The cause.
    pub cause: io::Error,
}

impl FileError {
    /// A failed operation on a file.
    pub fn new(action: &'static str, path: impl Into<PathBuf>, cause: impl Into<io::Error>) -> Self {
        Self { action, path: path.into(), cause: cause.into() }
    }
}

impl FileError {
    /// What happened, without what to do about it: for a work that goes on all the same.
    pub fn without_remedy(&self) -> String {
        format!("{} {}: {}", self.action, self.path.display(), self.cause)
    }

    /// Whether the disk is full: a cause that may be gone when the same file is written again later.
    pub fn is_full_disk(&self) -> bool {
        matches!(self.cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// What to do about a cause that has one usual remedy.
fn remedy(cause: &io::Error) -> &'static str {
    use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match cause.kind() {
        StorageFull | QuotaExceeded => {
            "; what was there before is unharmed: make room, then run the same command again"
        }
        FileTooLarge => "; what was there before is unharmed: raise the limit on the size of files (ulimit -f)",
        PermissionDenied | ReadOnlyFilesystem => "; choose a folder that you may write to",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_the_file_and_the_remedy() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let message = FileError::new("cannot write", "runs/a/metrics.jsonl", full).to_string();
        assert!(message.starts_with("cannot write runs/a/metrics.jsonl: "), "{message}");
        assert!(message.ends_with("make room, then run the same command again"), "{message}");
    }
}
