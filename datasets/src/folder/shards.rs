//! Names that mean several archives: `data-{000..012}.tar`, `{train,more}.zip`.

/// The most names that one may mean.
const MOST: usize = 100_000;

/// All names that a name with braces means, in order; the name itself if it has none. As in a shell, `{a..b}` counts, with as many
/// digits as `a` has, and `{a,b}` lists.
pub(super) fn expanded(name: &str) -> Result<Vec<String>, String> {
    let Some((before, inside, after)) = braces(name) else { return Ok(vec![name.into()]) };
    let choices: Vec<String> = match inside.split_once("..") {
        Some((first, last)) => {
            let number = |text: &str| {
                text.parse::<usize>().map_err(|_| format!("`{{{inside}}}` does not count from a number to a number"))
            };
            let (from, to) = (number(first)?, number(last)?);
            if to < from || to - from >= MOST {
                return Err(format!("`{{{inside}}}` means no names, or more than {MOST}"));
            }
            (from..=to).map(|number| format!("{number:0width$}", width = first.len())).collect()
        }
        None => inside.split(',').map(String::from).collect(),
    };
    let rest = expanded(after)?;
    if choices.len().saturating_mul(rest.len()) > MOST {
        return Err(format!("it means more than {MOST} names"));
    }
    Ok(choices.iter().flat_map(|choice| rest.iter().map(move |rest| format!("{before}{choice}{rest}"))).collect())
}

/// What stands before, within and behind the first braces.
fn braces(name: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = name.split_once('{')?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_count_and_list() {
        assert_eq!(expanded("d-{008..011}.tar").unwrap(), ["d-008.tar", "d-009.tar", "d-010.tar", "d-011.tar"]);
        assert_eq!(expanded("{a,b}-{1..2}.zip").unwrap(), ["a-1.zip", "a-2.zip", "b-1.zip", "b-2.zip"]);
        assert_eq!(expanded("plain{.tar").unwrap(), ["plain{.tar"]);
        for wrong in ["{a..2}", "{3..1}", "{0..9999999}", "{0..999}{0..999}"] {
            assert!(expanded(wrong).is_err(), "{wrong}");
        }
    }
}
