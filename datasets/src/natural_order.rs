//! The order in which people count: 1, 2, …, 10, 11, not 1, 10, 11, 2.

use std::cmp::Ordering;

/// Compares two names: runs of digits by their value, everything else by its characters. Names that are equal so far,
/// such as `01` and `1`, are compared as they are.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left, right);
    loop {
        let (first, second) = (next(&mut a), next(&mut b));
        let order = match (first, second) {
            (None, None) => return left.cmp(right),
            (None, _) => Ordering::Less,
            (_, None) => Ordering::Greater,
            (Some(first), Some(second)) if is_number(first) && is_number(second) => {
                let (first, second) = (first.trim_start_matches('0'), second.trim_start_matches('0'));
                first.len().cmp(&second.len()).then_with(|| first.cmp(second))
            }
            (Some(first), Some(second)) => first.cmp(second),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes a run of digits, or one character that is none.
fn next<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let first = rest.chars().next()?;
    let length = match first.is_ascii_digit() {
        true => rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len()),
        false => first.len_utf8(),
    };
    let (part, others) = rest.split_at(length);
    *rest = others;
    Some(part)
}

fn is_number(part: &str) -> bool {
    part.starts_with(|character: char| character.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let sorted =
            ["1", "01", "2", "10", "11", "99999999999999999999999", "a", "a2", "a2b", "a10", "b1é", "b1é2", "b2"];
        let mut names = sorted.to_vec();
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        // 01 and 1 are the same number; the names decide.
        assert_eq!(names, [&["01", "1"], &sorted[2..]].concat());
    }
}
