//! Where runs are: folders that are named, and the folders in them.

use std::fs;
use std::path::{Path, PathBuf};

/// A run that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What a reader calls it: its path from the folder that was named, or its own name.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) path: PathBuf,
}

/// How deep runs are looked for.
const DEPTH: usize = 3;
/// The most runs.
const MOST: usize = 1000;

/// The runs in a folder, or the folder itself if it is one. Links are not followed. A folder that holds neither a run nor folders
/// is taken for a damaged run, which shows that it is there.
pub(crate) fn runs(root: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    if is_run(root) || folders(root).is_empty() {
        let name =
            root.file_name().map_or_else(|| root.display().to_string(), |name| name.to_string_lossy().into_owned());
        found.push(Found { name, path: root.into() });
    } else {
        collect(root, root, DEPTH, &mut found);
    }
    found
}

fn collect(root: &Path, folder: &Path, depth: usize, found: &mut Vec<Found>) {
    for path in folders(folder) {
        if found.len() >= MOST {
            return;
        }
        if !is_run(&path) && depth > 1 && !folders(&path).is_empty() {
            collect(root, &path, depth - 1, found);
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(Found { name, path });
        }
    }
}

/// Whether a folder has a file that only runs have, or the folder of their checkpoints.
fn is_run(folder: &Path) -> bool {
    ["config.toml", "metrics.jsonl", "checkpoints", ".lock"]
        .iter()
        .any(|name| folder.join(name).symlink_metadata().is_ok())
}

/// The folders in a folder, by their names; hidden ones and links are left out.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    let folders = entries.filter(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.file_name().to_string_lossy().starts_with('.')
    });
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_below_a_folder_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        for run in ["moons", "sweep/a", "sweep/b"] {
            fs::create_dir_all(root.path().join(run).join("checkpoints")).unwrap();
            fs::write(root.path().join(run).join("config.toml"), "").unwrap();
        }
        fs::create_dir(root.path().join("empty")).unwrap();
        fs::write(root.path().join("notes.txt"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc", root.path().join("etc")).unwrap();
        let names = |path: &Path| runs(path).into_iter().map(|found| found.name).collect::<Vec<_>>();
        assert_eq!(names(root.path()), ["empty", "moons", "sweep/a", "sweep/b"]);
        assert_eq!(names(&root.path().join("sweep/b")), ["b"]);
        assert_eq!(names(&root.path().join("empty")), ["empty"]);
        assert_eq!(names(&root.path().join("absent")), ["absent"]);
    }
}
