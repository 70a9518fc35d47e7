//! What is printed of an error: fields of requests by the names of their flags.

use fokker::Error;

/// The message of a command that failed.
pub fn of(error: &Error) -> String {
    match error {
        Error::Field { name, value, message } => {
            let space = if value.is_empty() { "" } else { " " };
            format!("{}{space}{value}: {message}", flag(name))
        }
        Error::Changed { keys, .. } => {
            let flags: Vec<String> = keys.iter().map(|key| format!("--allow-changed {key}")).collect();
            format!("{error}. To allow them: {}", flags.join(" "))
        }
        other => other.to_string(),
    }
}

/// The flag of a field of a request.
fn flag(field: &str) -> String {
    format!("--{}", field.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_flags() {
        let message = |name, value: &str| of(&Error::field(name, value, "must be above 0"));
        assert_eq!(message("backward_noise", "-1"), "--backward-noise -1: must be above 0");
        assert_eq!(message("measured", ""), "--measured: must be above 0");
        assert_eq!(of(&Error::Usage("no".into())), "no");
    }
}
