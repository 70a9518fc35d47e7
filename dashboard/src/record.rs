//! What a run's folder says of it.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use fokker_files::LockHolder;
use serde_json::{Map, Value, json};

use crate::columns::{At, Columns};
use crate::folder;
use crate::metrics::MetricsReader;
use crate::sampling::View;

/// A run, as far as its folder was read.
#[derive(Clone, Debug)]
pub struct RunRecord {
    name: String,
    path: PathBuf,
    metrics: MetricsReader,
    /// Whether and why `metrics.jsonl` cannot be read.
    unreadable: Option<String>,
    config: Config,
    pictures: Vec<String>,
    other_samples: usize,
    sessions: Vec<Value>,
    evaluations: Vec<Value>,
    holder: LockHolder,
    /// Lists of lines that are passed on.
    version: u64,
}

/// `config.toml`.
#[derive(Clone, Debug, Default, PartialEq)]
struct Config {
    text: String,
    /// Every value by its dotted key, as TOML writes it.
    values: Map<String, Value>,
    problem: Option<String>,
}

/// The largest configuration, and the largest file of sessions or of an evaluation.
const MOST_BYTES: u64 = 4 << 20;
/// The most pictures.
const MOST_PICTURES: usize = 2000;
/// Lists of each kind that are passed on.
const PROFILES: usize = 24;

impl RunRecord {
    /// The run in a folder, under the name that a reader sees. Nothing is read yet.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            metrics: MetricsReader::default(),
            unreadable: None,
            config: Config::default(),
            pictures: Vec::new(),
            other_samples: 0,
            sessions: Vec::new(),
            evaluations: Vec::new(),
            holder: LockHolder::Nobody,
            version: 0,
        }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its lines of metrics.
    pub fn columns(&self) -> &Columns {
        self.metrics.columns()
    }

    /// The names of its pictures.
    pub fn pictures(&self) -> &[String] {
        &self.pictures
    }

    /// Reads what is new, and returns whether anything is. Files that are missing or damaged are problems that the run shows, no
    /// errors.
    pub fn refresh(&mut self) -> bool {
        let (read, unreadable) = match self.metrics.read(&self.path.join("metrics.jsonl")) {
            Ok(read) => (read, None),
            Err(error) => (false, Some(format!("metrics.jsonl cannot be read: {error}"))),
        };
        let samples = self.path.join("samples");
        let pictures = folder::names(&samples, MOST_PICTURES, |name| name.ends_with(".png"));
        let others = folder::names(&samples, MOST_PICTURES, |name| !name.ends_with(".png")).len();
        let evaluations = self.read_evaluations();
        let changed = [
            read,
            replace(&mut self.unreadable, unreadable),
            replace(&mut self.config, Config::read(&self.path.join("config.toml"))),
            replace(&mut self.pictures, pictures),
            replace(&mut self.other_samples, others),
            replace(&mut self.sessions, lines_of(&self.path.join("sessions.jsonl"))),
            replace(&mut self.evaluations, evaluations),
            replace(&mut self.holder, LockHolder::of(&self.path)),
        ]
        .contains(&true);
        self.version += u64::from(changed);
        changed
    }

    /// `evaluation.json`, or several with names such as `evaluation-dpm.json`: what `fokker evaluate --json` prints.
    fn read_evaluations(&self) -> Vec<Value> {
        const MOST: usize = 16;
        let is_evaluation = |name: &str| name.starts_with("evaluation") && name.ends_with(".json");
        let names = folder::names(&self.path, MOST, is_evaluation);
        let read = |name: String| {
            let contents = folder::read(&self.path.join(&name), MOST_BYTES).map_err(|error| error.to_string());
            let value = contents.and_then(|text| {
                serde_json::from_slice::<Value>(&text).map_err(|error| format!("is no JSON: {error}"))
            });
            match value {
                Ok(value) => json!({ "file": name, "report": value }),
                Err(problem) => json!({ "file": name, "problem": problem }),
            }
        };
        names.into_iter().map(read).collect()
    }

    /// What is wrong with the folder, a sentence for each.
    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.unreadable.iter().cloned().collect();
        problems.extend(self.config.problem.clone());
        let is_there = |name: &str| self.path.join(name).symlink_metadata().is_ok();
        if !self.path.is_dir() {
            return vec!["the folder is not there".into()];
        }
        if self.unreadable.is_none() && !is_there("metrics.jsonl") {
            problems.push("metrics.jsonl is not there".into());
        }
        if let Some((count, first)) = self.metrics.damaged() {
            let lines = if count == 1 { "line is" } else { "lines are" };
            problems.push(format!("{count} {lines} damaged and left out of metrics.jsonl, the first is line {first}"));
        }
        if self.metrics.ends_within_a_line() && !self.is_in_training() {
            problems.push("metrics.jsonl ends within a line".into());
        }
        for evaluation in &self.evaluations {
            if let (Some(file), Some(problem)) = (evaluation["file"].as_str(), evaluation["problem"].as_str()) {
                problems.push(format!("{file} {problem}"));
            }
        }
        problems
    }

    /// Whether a process trains it.
    pub fn is_in_training(&self) -> bool {
        matches!(self.holder, LockHolder::Process(_))
    }

    /// Steps of the whole training, as the configuration says.
    fn steps(&self) -> Option<u64> {
        self.config.values.get("training.steps")?.as_str()?.parse().ok()
    }

    fn state(&self) -> &'static str {
        let step = self.columns().steps().last().copied();
        match self.holder {
            LockHolder::Process(_) => "training",
            _ if step.is_none() => "empty",
            _ => self.end().unwrap_or("killed"),
        }
    }

    /// How the training ended, if it did; the process of a session that has no end was killed, or is at work.
    fn end(&self) -> Option<&'static str> {
        let last = self.columns().steps().last().copied();
        if self.steps().is_some() && last >= self.steps() {
            return Some("finished");
        }
        match self.sessions.last() {
            Some(session) if session["event"] == "start" => None,
            Some(session) if session["outcome"] == "failed" => Some("failed"),
            Some(session) if session["outcome"] == "ended early" => Some("finished"),
            _ => Some("stopped"),
        }
    }

    /// The summary for who reads it later, from the process that may be training the run.
    pub(crate) fn written_summary(&self) -> Value {
        let mut summary = self.summary();
        summary["state"] = self.end().unwrap_or("in training when this page was written").into();
        summary["seconds_left"] = Value::Null;
        summary
    }

    /// The run in a row of a table: where it is, its last and its best numbers, what is wrong.
    pub fn summary(&self) -> Value {
        let columns = self.columns();
        let last = columns.steps().last().copied();
        let at = |at: At| json!({ "step": at.step, "value": at.value });
        let numbers = columns.names().filter_map(|name| {
            let (low, high) = columns.extremes(name)?;
            Some((name.to_string(), json!({ "last": columns.last(name).map(at), "low": at(low), "high": at(high) })))
        });
        let left = columns
            .rate()
            .zip(self.steps())
            .zip(last)
            .map(|((rate, steps), step)| steps.saturating_sub(step) as f64 / rate);
        json!({
            "name": self.name,
            "state": self.state(),
            "process": match self.holder { LockHolder::Process(number) => number, _ => None },
            "step": last,
            "steps": self.steps(),
            "seconds_left": left.filter(|_| self.is_in_training()),
            "lines": columns.steps().len(),
            "numbers": numbers.collect::<Map<_, _>>(),
            "session": self.sessions.iter().rev().find(|session| session["event"] == "start"),
            "written": written(&self.path.join("metrics.jsonl")),
            "begun": written(&self.path.join("config.toml")),
            "problems": self.problems(),
            "version": self.version,
        })
    }

    /// What is too much for a row: configuration, pictures, lists, evaluations.
    pub fn details(&self) -> Value {
        json!({
            "path": self.path.display().to_string(),
            "config": self.config.values,
            "config_text": self.config.text,
            "pictures": self.pictures,
            "other_samples": self.other_samples,
            "sessions": self.sessions,
            "evaluations": self.evaluations,
            "profiles": self.columns().profiles().to_json(PROFILES),
            "version": self.version,
        })
    }

    /// Its curves.
    pub fn series(&self, view: &View) -> Value {
        self.columns().to_json(view)
    }
}

fn replace<T: PartialEq>(place: &mut T, new: T) -> bool {
    let is_new = *place != new;
    *place = new;
    is_new
}

/// Seconds since 1970 at which a file was last written.
fn written(path: &Path) -> Option<f64> {
    let time = path.symlink_metadata().ok()?.modified().ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs_f64())
}

/// The objects of a file with one on each line; what is no object is left out.
fn lines_of(path: &Path) -> Vec<Value> {
    let contents = folder::read(path, MOST_BYTES).unwrap_or_default();
    let lines = contents.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    lines.filter(Value::is_object).collect()
}

impl Config {
    fn read(path: &Path) -> Self {
        let contents = match folder::read(path, MOST_BYTES) {
            Ok(contents) => contents,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Self { problem: Some("config.toml is not there".into()), ..Self::default() };
            }
            Err(error) => {
                return Self { problem: Some(format!("config.toml cannot be read: {error}")), ..Self::default() };
            }
        };
        let text = String::from_utf8_lossy(&contents).into_owned();
        match text.parse::<toml::Table>() {
            Ok(table) => {
                let mut values = Map::new();
                flatten(table, "", &mut values);
                Self { text, values, problem: None }
            }
            Err(error) => {
                let problem = format!("config.toml is no TOML: {}", error.message());
                Self { text, values: Map::new(), problem: Some(problem) }
            }
        }
    }
}

/// Every value by its dotted key. Lists are values.
fn flatten(table: toml::Table, prefix: &str, values: &mut Map<String, Value>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            toml::Value::Table(table) => flatten(table, &format!("{key}."), values),
            toml::Value::String(text) => drop(values.insert(key, text.into())),
            value => drop(values.insert(key, value.to_string().into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fokker_files::Lock;

    use super::*;

    fn record(folder: &Path) -> RunRecord {
        let mut record = RunRecord::new("run", folder);
        record.refresh();
        record
    }

    #[test]
    fn a_run_says_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("config.toml", "name = \"a\"\n[training]\nsteps = 40\n[data]\nkind = \"moons\"\nsize = [1, 2]\n");
        put("metrics.jsonl", "{\"step\":10,\"loss\":0.5,\"seconds\":1}\n{\"step\":20,\"loss\":0.7,\"seconds\":2}\n");
        put("sessions.jsonl", "{\"event\":\"start\",\"device\":\"cpu\"}\n{\"event\":\"end\"}\nhalf a li");
        put("evaluation.json", "{\"samples\":\"a\"}");
        fs::create_dir(folder.path().join("samples")).unwrap();
        put("samples/step-00000010.png", "");
        put("samples/step-00000010.npy", "");
        let mut record = record(folder.path());
        let summary = record.summary();
        assert_eq!(
            (&summary["state"], &summary["step"], &summary["steps"]),
            (&json!("stopped"), &json!(20), &json!(40))
        );
        assert_eq!(summary["numbers"]["loss"]["low"], json!({ "step": 10, "value": 0.5 }));
        assert_eq!(summary["numbers"]["loss"]["last"]["value"], 0.7);
        assert_eq!(summary["session"]["device"], "cpu");
        assert!(summary["problems"].as_array().unwrap().is_empty() && summary["seconds_left"].is_null(), "{summary}");
        let details = record.details();
        assert_eq!(
            (&details["config"]["data.kind"], &details["config"]["data.size"]),
            (&json!("moons"), &json!("[1, 2]"))
        );
        assert_eq!((&details["pictures"], &details["other_samples"]), (&json!(["step-00000010.png"]), &json!(1)));
        assert_eq!(details["evaluations"][0]["report"]["samples"], "a");
        assert!(!record.refresh(), "nothing is new");
        let lock = Lock::take(folder.path()).unwrap();
        assert!(record.refresh());
        let summary = record.summary();
        assert_eq!((&summary["state"], &summary["process"]), (&json!("training"), &json!(std::process::id())));
        // Twenty steps at ten a second.
        assert_eq!(summary["seconds_left"], 2.0);
        drop(lock);
        put("metrics.jsonl", "{\"step\":40}\n");
        record.refresh();
        assert_eq!(record.summary()["state"], "finished");
    }

    #[test]
    fn damage_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let problems = |record: &RunRecord| {
            record.summary()["problems"].as_array().unwrap().iter().map(Value::to_string).collect::<String>()
        };
        let mut record = record(folder.path());
        for part in ["config.toml is not there", "metrics.jsonl is not there"] {
            assert!(problems(&record).contains(part), "{}", problems(&record));
        }
        assert_eq!(record.summary()["state"], "empty");
        fs::write(folder.path().join("config.toml"), "a = = b").unwrap();
        fs::write(folder.path().join("metrics.jsonl"), "{\"step\":1}\n{\"loss\":NaN}\n{\"st").unwrap();
        fs::write(folder.path().join("evaluation.json"), "{").unwrap();
        record.refresh();
        for part in ["is no TOML", "1 line is damaged", "line 2", "ends within a line", "evaluation.json is no JSON"] {
            assert!(problems(&record).contains(part), "{part}: {}", problems(&record));
        }
        fs::remove_dir_all(folder.path()).unwrap();
        record.refresh();
        assert_eq!(problems(&record), "\"the folder is not there\"");
    }
}
