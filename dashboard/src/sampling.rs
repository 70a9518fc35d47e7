//! As many points as a picture has columns: what thousands of lines look like from afar.
//!
//! Lines are gathered in columns of the picture. Each has the mean, the least and the largest of its finite numbers, and how many
//! there are, so that no peak is lost, and so that a reader can smooth over lines rather than over columns.

use serde_json::{Map, Value, json};

use crate::columns::Columns;

/// How steps are laid out in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm.
    Log,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The first step.
    pub from: u64,
    /// The last step.
    pub to: u64,
    /// The width of the picture.
    pub columns: usize,
    /// How steps are laid out.
    pub scale: Scale,
}

/// The widest picture.
pub(crate) const WIDEST: usize = 4000;

impl Default for View {
    /// All steps, on a thousand columns.
    fn default() -> Self {
        Self { from: 0, to: u64::MAX, columns: 1000, scale: Scale::Linear }
    }
}

/// Numbers of one column of the picture.
#[derive(Clone, Copy)]
struct Bucket {
    sum: f64,
    low: f64,
    high: f64,
    count: u32,
}

impl Bucket {
    const EMPTY: Self = Self { sum: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY, count: 0 };

    fn add(&mut self, value: f64) {
        if value.is_finite() {
            *self = Self {
                sum: self.sum + value,
                low: self.low.min(value),
                high: self.high.max(value),
                count: self.count + 1,
            };
        }
    }

    /// The mean. A sum that is too large for a number has the middle of the range instead.
    fn mean(&self) -> f64 {
        let mean = self.sum / f64::from(self.count);
        if mean.is_finite() { mean } else { 0.5 * self.low + 0.5 * self.high }
    }
}

impl Columns {
    /// The lines of a view as JSON: `step` has the mean step of each column of the picture; `columns` has, by name, `mean`, and
    /// where a column has more than one line, `low`, `high` and `count`. One line before and one after the view are there as well,
    /// so that curves reach its edges.
    pub fn to_json(&self, view: &View) -> Value {
        let steps = self.steps();
        let first = steps.partition_point(|&step| step < view.from).saturating_sub(1);
        let last = (steps.partition_point(|&step| step <= view.to) + 1).min(steps.len()).max(first);
        let ends = ends(&steps[first..last], view);
        let gathered = ends.len() < last - first;
        let starts = || {
            std::iter::once(0).chain(ends.iter().copied()).zip(&ends).map(|(start, &end)| first + start..first + end)
        };
        let step: Vec<f64> =
            starts().map(|lines| 0.5 * (steps[lines.start] as f64 + steps[lines.end - 1] as f64)).collect();
        let mut columns = Map::new();
        for name in self.names() {
            let bucket = |lines: std::ops::Range<usize>| {
                lines.fold(Bucket::EMPTY, |mut bucket, line| {
                    bucket.add(self.get(name, line));
                    bucket
                })
            };
            let buckets: Vec<Bucket> = starts().map(bucket).collect();
            // Single precision is what a picture needs, and half of what is sent.
            let numbers = |of: fn(&Bucket) -> f64| -> Value {
                let of = |bucket: &Bucket| if bucket.count == 0 { Value::Null } else { json!(of(bucket) as f32) };
                buckets.iter().map(of).collect()
            };
            let mut column = Map::new();
            column.insert("mean".into(), numbers(Bucket::mean));
            if gathered {
                column.insert("low".into(), numbers(|bucket| bucket.low));
                column.insert("high".into(), numbers(|bucket| bucket.high));
                column.insert("count".into(), buckets.iter().map(|bucket| Value::from(bucket.count)).collect());
            }
            columns.insert(name.into(), column.into());
        }
        json!({ "step": step, "columns": columns })
    }
}

/// The end of each column of the picture, among lines. Few lines have a column each.
fn ends(steps: &[u64], view: &View) -> Vec<usize> {
    let width = view.columns.clamp(1, WIDEST);
    if steps.len() <= 2 * width {
        return (1..=steps.len()).collect();
    }
    let place = |step: u64| match view.scale {
        Scale::Linear => step as f64,
        Scale::Log => (step.max(1) as f64).ln(),
    };
    let (low, high) = (place(steps[0]), place(steps[steps.len() - 1]));
    let column = |step: u64| (((place(step) - low) / (high - low) * width as f64) as usize).min(width - 1);
    let mut ends: Vec<usize> =
        (1..steps.len()).filter(|&line| column(steps[line]) != column(steps[line - 1])).collect();
    ends.push(steps.len());
    ends
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn columns(count: u64, loss: impl Fn(u64) -> f64) -> Columns {
        let mut columns = Columns::default();
        for step in 1..=count {
            let line = json!({ "step": step, "loss": loss(step), "seconds": 0.5 * step as f64 });
            columns.push(line.as_object().unwrap());
        }
        columns
    }

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
    }

    #[test]
    fn few_lines_are_themselves() {
        let found = columns(5, |step| step as f64).to_json(&View { columns: 3, ..View::default() });
        assert_eq!(numbers(&found["step"]), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(numbers(&found["columns"]["loss"]["mean"]), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!(found["columns"]["loss"]["low"].is_null());
    }

    #[test]
    fn no_peak_and_no_line_is_lost() {
        let loss = |step: u64| if step == 7777 { 100.0 } else { (step % 10) as f64 };
        for scale in [Scale::Linear, Scale::Log] {
            let found = columns(20_000, loss).to_json(&View { columns: 100, scale, ..View::default() });
            let loss = &found["columns"]["loss"];
            let (mean, low, high) = (numbers(&loss["mean"]), numbers(&loss["low"]), numbers(&loss["high"]));
            assert!(mean.len() <= 100, "{scale:?}: {}", mean.len());
            assert_eq!(high.iter().copied().fold(0.0, f64::max), 100.0);
            assert_eq!(numbers(&loss["count"]).iter().sum::<f64>(), 20_000.0);
            assert!(mean.iter().zip(&low).zip(&high).all(|((mean, low), high)| low <= mean && mean <= high));
            assert!(numbers(&found["step"]).is_sorted());
        }
    }

    #[test]
    fn a_view_has_the_lines_next_to_its_edges_as_well() {
        let columns = columns(100, |step| step as f64);
        let steps = |from, to| numbers(&columns.to_json(&View { from, to, ..View::default() })["step"]);
        assert_eq!(steps(10, 12), [9.0, 10.0, 11.0, 12.0, 13.0]);
        assert_eq!(steps(200, 300), [100.0]);
        assert_eq!(steps(0, 0), [1.0]);
        // Nothing, and a view that is none.
        assert_eq!(numbers(&Columns::default().to_json(&View::default())["step"]), [] as [f64; 0]);
        let _ = steps(50, 10);
    }

    #[test]
    fn sums_that_overflow_stay_numbers() {
        let found = columns(100, |_| 1e308).to_json(&View { columns: 1, ..View::default() });
        assert!(found["columns"]["loss"]["count"][0].as_u64().unwrap() > 50);
    }

    /// Prints what docs/WATCH.md reports; `cargo test --release -p fokker-dashboard -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    #[allow(clippy::print_stderr)]
    fn two_hundred_thousand_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let line = |step: u64| {
            let loss = 1.0 / (step as f64).sqrt();
            json!({ "step": step, "epoch": step as f64 / 128.0, "loss": loss, "gradient_norm": 2.0 * loss, "learning_rate": 1e-3,
                "examples_per_second": 29891.62 + loss, "seconds": 0.017 * step as f64, "skipped": 0 })
        };
        let text: String = (1..=200_000).map(|step| format!("{}\n", line(step))).collect();
        std::fs::write(&path, &text).unwrap();
        let mut reader = crate::MetricsReader::default();
        let start = Instant::now();
        while reader.read(&path).unwrap() {}
        let read = start.elapsed();
        let start = Instant::now();
        assert!(!reader.read(&path).unwrap());
        let again = start.elapsed();
        let start = Instant::now();
        let json = reader.columns().to_json(&View::default()).to_string();
        let megabytes = text.len() as f64 / 1e6;
        eprintln!(
            "read {megabytes:.1} MB in {read:?}, again {again:?}, a view of {} bytes in {:?}",
            json.len(),
            start.elapsed()
        );
        assert_eq!(reader.columns().steps().len(), 200_000);
    }
}
