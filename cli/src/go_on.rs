//! The command that goes on where a draw stopped.

use std::ffi::OsString;

/// The arguments of this process with some options replaced or added, quoted for a shell.
pub fn command(arguments: impl IntoIterator<Item = OsString>, changes: &[(&str, String)]) -> String {
    let mut words = Vec::new();
    let mut arguments = arguments.into_iter().map(|argument| argument.to_string_lossy().into_owned());
    let is_changed = |name: &str| changes.iter().any(|(option, _)| *option == name);
    // The program is named as everyone calls it, wherever it is.
    arguments.next();
    words.push("fokker".to_string());
    while let Some(argument) = arguments.next() {
        match argument.split_once('=') {
            Some((name, _)) if is_changed(name) => {}
            _ if is_changed(&argument) => {
                arguments.next();
            }
            _ => words.push(quoted(&argument)),
        }
    }
    words.extend(changes.iter().flat_map(|(option, value)| [(*option).to_string(), quoted(value)]));
    words.join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_replaced_in_both_spellings_and_words_are_quoted() {
        let arguments = [
            "/bin/fokker",
            "sample",
            "my run",
            "--first",
            "3",
            "--count=9",
            "--set",
            "sampler={kind=\"ddim\"}",
            "--guidance",
            "-1",
        ];
        let changes = [("--first", "5".to_string()), ("--count", "7".to_string()), ("--out", "it's.npy".to_string())];
        let expected = r#"fokker sample 'my run' --set 'sampler={kind="ddim"}' --guidance -1 --first 5 --count 7 --out 'it'\''s.npy'"#;
        assert_eq!(command(arguments.map(OsString::from), &changes), expected);
        assert_eq!(quoted(""), "''");
    }
}
