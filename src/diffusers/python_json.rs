//! JSON as Python writes it, with numbers that are none.

use serde_json::Value;

/// Reads JSON in which `Infinity`, `-Infinity` and `NaN` may stand for numbers; they become the text of that name.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let (mut in_text, mut escaped) = (false, false);
    while let Some(letter) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| !in_text && rest.starts_with(word));
        if let Some(word) = word {
            clean.extend(["\"", word, "\""]);
            rest = &rest[word.len()..];
            continue;
        }
        in_text ^= letter == '"' && !escaped;
        escaped = in_text && letter == '\\' && !escaped;
        clean.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    serde_json::from_str(&clean).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_are_texts_and_texts_stay() {
        let value = parse(r#"{"a": -Infinity, "b": [NaN, Infinity], "c": "\" NaN", "d": "\\", "e": NaN}"#).unwrap();
        let expected = serde_json::json!({
            "a": "-Infinity", "b": ["NaN", "Infinity"], "c": "\" NaN", "d": "\\", "e": "NaN"
        });
        assert_eq!(value, expected);
        assert!(parse("{\"a\": ").is_err());
    }
}
