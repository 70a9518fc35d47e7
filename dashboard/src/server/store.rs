//! The runs that are served, and what is new of them.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::find;
use crate::record::RunRecord;

/// A run that is served.
pub(super) struct Entry {
    /// By what requests name it: the same for the same folder, so that a page can be reloaded.
    pub(super) id: String,
    record: Mutex<RunRecord>,
}

/// An entry, and at which change it was last another.
#[derive(Clone)]
struct Seen {
    entry: Arc<Entry>,
    changed: u64,
}

#[derive(Default)]
struct State {
    runs: Vec<Seen>,
    /// Counts changes.
    change: u64,
    /// Runs that this look at the folders has still to read.
    waiting: Vec<Arc<Entry>>,
    /// When runs were looked for, and when the last look at them began.
    searched: Option<Instant>,
    looked: Option<Instant>,
}

/// All runs. Nothing is read unless somebody asks.
pub(super) struct Store {
    folders: Vec<PathBuf>,
    period: Duration,
    state: Mutex<State>,
}

/// Looks at the folders until new ones are looked for again.
const SEARCH_EVERY: u32 = 5;

/// Time that one call reads.
const AT_ONCE: Duration = Duration::from_millis(300);

/// When metrics were last written.
fn written(run: &Path) -> Option<SystemTime> {
    run.join("metrics.jsonl").symlink_metadata().ok()?.modified().ok()
}

impl Entry {
    /// The record; a thread that panicked with it has only read.
    pub(super) fn record(&self) -> MutexGuard<'_, RunRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    pub(super) fn new(folders: Vec<PathBuf>, period: Duration) -> Self {
        Self { folders, period, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time between two looks.
    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// Reads what is new, unless that was done a moment ago. Returns whether everything is read: a first look at many runs takes several
    /// calls, the newest runs first, so that a reader sees something soon.
    pub(super) fn refresh(&self) -> bool {
        let mut state = self.state();
        let is_recent = |at: Option<Instant>, period: Duration| at.is_some_and(|at| at.elapsed() < period);
        if state.waiting.is_empty() {
            if is_recent(state.looked, self.period.mul_f64(0.9)) {
                return true;
            }
            if !is_recent(state.searched, self.period * SEARCH_EVERY) {
                // That there is no run is news to the first reader.
                state.change += u64::from(state.searched.is_none());
                self.search(&mut state);
                state.searched = Some(Instant::now());
            }
            state.looked = Some(Instant::now());
            state.waiting = state.runs.iter().map(|seen| seen.entry.clone()).collect();
            // Taken from the end.
            state.waiting.sort_by_cached_key(|entry| written(entry.record().path()));
        }
        let begun = Instant::now();
        while let Some(entry) = state.waiting.pop() {
            if entry.record().refresh() {
                state.change += 1;
                let change = state.change;
                state.runs.iter_mut().filter(|seen| seen.entry.id == entry.id).for_each(|seen| seen.changed = change);
            }
            if begun.elapsed() > AT_ONCE {
                break;
            }
        }
        state.waiting.is_empty()
    }

    /// Looks for runs; those that were there keep what was read of them.
    fn search(&self, state: &mut State) {
        let found: Vec<find::Found> = self.folders.iter().flat_map(|folder| find::runs(folder)).collect();
        let known: HashMap<PathBuf, Seen> =
            state.runs.drain(..).map(|seen| (seen.entry.record().path().to_path_buf(), seen.clone())).collect();
        let before = known.len();
        let mut names: HashMap<&str, usize> = HashMap::new();
        found.iter().for_each(|found| *names.entry(&found.name).or_default() += 1);
        let mut paths = std::collections::HashSet::new();
        for one in &found {
            if !paths.insert(&one.path) {
                continue;
            }
            state.runs.push(known.get(&one.path).cloned().unwrap_or_else(|| {
                state.change += 1;
                let name = if names[&one.name[..]] > 1 { one.path.display().to_string() } else { one.name.clone() };
                let record = Mutex::new(RunRecord::new(name, &one.path));
                Seen { entry: Arc::new(Entry { id: identifier(&one.path), record }), changed: state.change }
            }));
        }
        if state.runs.len() < before {
            state.change += 1;
        }
    }

    /// The run with an identifier.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Entry>> {
        self.state().runs.iter().find(|seen| seen.entry.id == id).map(|seen| seen.entry.clone())
    }

    /// The summaries of the runs that have changed since a change, and the identifiers of all; none if nothing has.
    pub(super) fn since(&self, change: u64) -> Option<(u64, Value)> {
        let state = self.state();
        if state.change == change {
            return None;
        }
        let summary = |seen: &Seen| {
            let mut summary = seen.entry.record().summary();
            summary["id"] = seen.entry.id.clone().into();
            summary
        };
        let runs: Vec<Value> = state.runs.iter().filter(|seen| seen.changed > change).map(summary).collect();
        let all: Vec<&str> = state.runs.iter().map(|seen| &seen.entry.id[..]).collect();
        Some((state.change, json!({ "runs": runs, "all": all })))
    }
}

fn identifier(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_runs_that_have_changed_are_passed_on() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::write(root.path().join(name).join("config.toml"), "").unwrap();
        }
        let store = Store::new(vec![root.path().into(), root.path().join("a")], Duration::ZERO);
        assert_eq!(store.since(0), None);
        store.refresh();
        let (change, value) = store.since(0).unwrap();
        assert_eq!((value["runs"].as_array().unwrap().len(), value["all"].as_array().unwrap().len()), (2, 2));
        store.refresh();
        assert_eq!(store.since(change), None);
        fs::write(root.path().join("b/metrics.jsonl"), "{\"step\":1}\n").unwrap();
        store.refresh();
        let (change, value) = store.since(change).unwrap();
        assert_eq!(value["runs"][0]["name"], "b");
        assert_eq!(value["runs"].as_array().unwrap().len(), 1);
        let id = value["runs"][0]["id"].as_str().unwrap();
        assert_eq!(store.find(id).unwrap().record().columns().steps(), [1]);
        fs::remove_dir_all(root.path().join("b")).unwrap();
        store.refresh();
        let (_, value) = store.since(change).unwrap();
        assert_eq!(value["all"].as_array().unwrap().len(), 1);
        assert!(store.find("../../etc").is_none());
    }
}
