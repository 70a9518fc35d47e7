//! Names for what must not overwrite anything.

use std::path::{Path, PathBuf};

/// `folder/NAME.ENDING`, or the first of `NAME-2`, `NAME-3`, … that is not there yet.
pub(crate) fn unused_path(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let numbered = (2u64..).map(|number| format!("{name}-{number}{ending}"));
    let mut paths = std::iter::once(format!("{name}{ending}")).chain(numbered).map(|name| folder.join(name));
    paths.find(|path| path.symlink_metadata().is_err()).expect("one of infinitely many names is not there")
}
