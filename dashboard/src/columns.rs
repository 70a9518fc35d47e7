//! Lines of metrics as columns: a number of each kind for each line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::profiles::Profiles;

/// The most columns; a file with more kinds of numbers is not a run's.
const MOST: usize = 64;

/// Lines of metrics, in the order of their steps.
///
/// What a line does not report is NaN. Columns may be shorter than there are lines; what is missing at the end is NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    steps: Vec<u64>,
    columns: BTreeMap<String, Vec<f64>>,
    profiles: Profiles,
}

/// A number of a column, and the step of its line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct At {
    pub(crate) step: u64,
    pub(crate) value: f64,
}

impl Columns {
    /// Adds a line. Lines of this step and of later ones are dropped first: a run that went back has done them again.
    /// Returns whether it is a line of metrics, which it is not without a step.
    pub fn push(&mut self, line: &Map<String, Value>) -> bool {
        let Some(step) = line.get("step").and_then(Value::as_u64) else { return false };
        self.go_back_to(step);
        self.steps.push(step);
        for (key, value) in line {
            match value {
                Value::Number(number) if key != "step" => self.set(key, number.as_f64().unwrap_or(f64::NAN)),
                // Such as an evaluation: a column for each of its numbers.
                Value::Object(numbers) => {
                    for (name, number) in numbers {
                        if let Some(number) = number.as_f64() {
                            self.set(&format!("{key}.{name}"), number);
                        }
                    }
                }
                Value::Array(rows) => self.profiles.push(key, step, rows),
                _ => {}
            }
        }
        true
    }

    fn set(&mut self, key: &str, value: f64) {
        let line = self.steps.len() - 1;
        if !self.columns.contains_key(key) && self.columns.len() < MOST {
            self.columns.insert(key.into(), Vec::new());
        }
        if let Some(column) = self.columns.get_mut(key) {
            column.resize(line, f64::NAN);
            column.push(value);
        }
    }

    /// Drops the lines of `step` and of all later steps.
    fn go_back_to(&mut self, step: u64) {
        if self.steps.last().is_none_or(|&last| last < step) {
            return;
        }
        let kept = self.steps.partition_point(|&at| at < step);
        self.steps.truncate(kept);
        for column in self.columns.values_mut() {
            column.truncate(kept);
        }
        self.columns.retain(|_, column| column.iter().any(|value| value.is_finite()));
        self.profiles.go_back_to(step);
    }

    /// The steps of the lines.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The names of the columns, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// The number of a line; NaN where there is none.
    pub fn get(&self, name: &str, line: usize) -> f64 {
        self.columns.get(name).and_then(|column| column.get(line)).copied().unwrap_or(f64::NAN)
    }

    /// Lists that lines had, such as residuals at several times.
    pub fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// The finite numbers of a column, the last one first.
    fn finite(&self, name: &str) -> impl Iterator<Item = At> {
        let column = self.columns.get(name).map_or(&[][..], Vec::as_slice);
        let at = column.iter().zip(&self.steps).rev().map(|(&value, &step)| At { step, value });
        at.filter(|at| at.value.is_finite())
    }

    /// The last number of a column.
    pub(crate) fn last(&self, name: &str) -> Option<At> {
        self.finite(name).next()
    }

    /// The smallest and the largest number of a column.
    pub(crate) fn extremes(&self, name: &str) -> Option<(At, At)> {
        self.finite(name).fold(None, |found: Option<(At, At)>, at| {
            let (low, high) = found.unwrap_or((at, at));
            Some((if at.value <= low.value { at } else { low }, if at.value >= high.value { at } else { high }))
        })
    }

    /// Steps a second over the last lines of this session; none with fewer than two lines.
    pub(crate) fn rate(&self) -> Option<f64> {
        const LINES: usize = 20;
        let last = self.steps.len().checked_sub(1)?;
        let first = last.saturating_sub(LINES);
        let seconds = self.get("seconds", last) - self.get("seconds", first);
        let rate = (self.steps[last] - self.steps[first]) as f64 / seconds;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(lines: &[&str]) -> Columns {
        let mut columns = Columns::default();
        for line in lines {
            columns.push(&serde_json::from_str(line).unwrap());
        }
        columns
    }

    #[test]
    fn numbers_that_a_line_does_not_report_are_missing() {
        let columns = columns(&[
            r#"{"step":1,"loss":0.5,"seconds":1.0}"#,
            r#"{"step":3,"loss":0.2,"validation_loss":0.3,"seconds":2.0,"name":"x"}"#,
            r#"{"step":5,"loss":0.4,"seconds":4.0}"#,
        ]);
        assert_eq!(columns.names().collect::<Vec<_>>(), ["loss", "seconds", "validation_loss"]);
        let column = |name: &str| (0..3).map(|line| columns.get(name, line)).collect::<Vec<_>>();
        assert_eq!(column("loss"), [0.5, 0.2, 0.4]);
        assert!(columns.get("validation_loss", 0).is_nan() && columns.get("validation_loss", 2).is_nan());
        assert_eq!(columns.last("validation_loss"), Some(At { step: 3, value: 0.3 }));
        let (low, high) = columns.extremes("loss").unwrap();
        assert_eq!((low.step, high.step), (3, 1));
        // Four steps in three seconds.
        assert!((columns.rate().unwrap() - 4.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_run_that_went_back_has_each_step_once() {
        let columns = columns(&[
            r#"{"step":1,"loss":1}"#,
            r#"{"step":2,"loss":2,"curl":[{"t":1,"value":2}]}"#,
            r#"{"step":3,"loss":3,"validation_loss":9}"#,
            r#"{"step":2,"loss":20}"#,
        ]);
        assert_eq!(columns.steps(), [1, 2]);
        assert_eq!(columns.get("loss", 1), 20.0);
        assert_eq!(columns.names().collect::<Vec<_>>(), ["loss"]);
        assert_eq!(columns.profiles().names().count(), 0);
    }

    #[test]
    fn numbers_of_a_group_have_columns_of_their_own() {
        let line = r#"{"step":2,"loss":1,"evaluation":{"frechet":0.5,"frechet_error":0.1,"note":"none"}}"#;
        let columns = columns(&[r#"{"step":1,"loss":2}"#, line]);
        assert_eq!(columns.names().collect::<Vec<_>>(), ["evaluation.frechet", "evaluation.frechet_error", "loss"]);
        assert!(columns.get("evaluation.frechet", 0).is_nan() && columns.get("evaluation.frechet_error", 1) == 0.1);
    }

    #[test]
    fn lines_without_a_step_are_none() {
        let mut columns = Columns::default();
        for line in [r#"{"loss":1}"#, r#"{"step":-1}"#, r#"{"step":"1"}"#, r#"{"step":1.5}"#, "{}"] {
            assert!(!columns.push(&serde_json::from_str(line).unwrap()), "{line}");
        }
        assert!(columns.steps().is_empty());
    }
}
