//! What systems and editors leave in folders, and what was never meant as a picture.

use std::ffi::OsStr;
use std::path::Path;

/// Names that systems give: macOS, Windows, Synology, Linux, Python.
const NAMES: [&str; 12] = [
    "__MACOSX",
    "Icon\r",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "System Volume Information",
    "@eaDir",
    "#recycle",
    "#snapshot",
    "lost+found",
    "__pycache__",
];

/// Whether a file or folder is hidden (a name that begins with a dot, `._photo.png` among them) or the system's own.
/// Such names are left out, and are never a class.
pub(super) fn is_litter(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || NAMES.iter().any(|litter| litter.eq_ignore_ascii_case(&name))
}

/// Whether a file is half of a download or an editor's copy: not looked into, whatever it holds.
pub(super) fn is_leftover(path: &Path) -> bool {
    const EXTENSIONS: [&str; 8] = ["part", "partial", "crdownload", "download", "tmp", "bak", "swp", "orig"];
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    EXTENSIONS.contains(&&*extension) || path.to_string_lossy().ends_with('~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_names_and_the_systems_are_litter() {
        for name in ["._a.png", ".DS_Store", ".ipynb_checkpoints", "__macosx", "THUMBS.DB", "Desktop.ini", "@eaDir"] {
            assert!(is_litter(OsStr::new(name)), "{name}");
        }
        for name in ["a.png", "cats", "dots.in.name", "_", "thumbs"] {
            assert!(!is_litter(OsStr::new(name)), "{name}");
        }
        assert!(is_leftover(Path::new("a.png~")) && is_leftover(Path::new("x/a.jpg.crdownload")));
        assert!(!is_leftover(Path::new("a.png")));
    }
}
