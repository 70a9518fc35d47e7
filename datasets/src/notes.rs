//! Words for counts and lists of files, for messages that stay short however long a list is.

use std::path::Path;

/// `1 picture`, `2 pictures`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The first names of a list, and how many more there are.
pub(crate) fn names(paths: &[impl AsRef<Path>], most: usize) -> String {
    let mut shown: Vec<String> = paths.iter().take(most).map(|path| name(path.as_ref())).collect();
    if paths.len() > most {
        shown.push(format!("and {} more", paths.len() - most));
    }
    shown.join(", ")
}

/// A path that cannot break the line or the terminal that it is shown on.
pub(crate) fn name(path: &Path) -> String {
    let escaped = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    path.to_string_lossy().chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_and_names_stay_on_their_line() {
        assert_eq!((counted(1, "picture"), counted(3, "picture")), ("1 picture".into(), "3 pictures".into()));
        assert_eq!(names(&["a", "b\nc", "d"], 2), "a, b\\nc, and 1 more");
    }
}
