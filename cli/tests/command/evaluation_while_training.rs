//! The section `evaluation`, the best checkpoint, and a training that ends early.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fokker::{Monitor, Progress, RunConfig, train};
use serde_json::Value;

use crate::support::{DIGITS, MLP, MOONS, UNET, assert_refused, fokker, succeed, write_config};

const EVALUATION: &str =
    "evaluation={ every = 2, count = 24, batch_size = 12, examples = 64, halves = 4, metrics = ['frechet', 'kid'] }";

/// A run of six steps in a folder of its own, which draws for evaluations alone.
fn config(root: &Path, name: &str, changes: &[&str]) -> RunConfig {
    let file = write_config(root, "moons", MOONS, MLP);
    let folder = format!("runs={:?}", root.join(name));
    let changes =
        ["previews.every=0", &folder].into_iter().chain(changes.iter().copied()).map(|change| change.to_string());
    RunConfig::load(&file, &changes.collect::<Vec<_>>()).unwrap()
}

fn lines(config: &RunConfig) -> Vec<Value> {
    let text = fs::read_to_string(config.run_folder().join("metrics.jsonl")).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        // The clock and the memory are not part of what must repeat.
        for key in ["seconds", "memory", "examples_per_second"] {
            line.as_object_mut().unwrap().remove(key);
        }
        line
    };
    text.lines().map(line).collect()
}

fn weights(config: &RunConfig) -> Vec<Vec<u8>> {
    let checkpoint = config.run_folder().join("checkpoints/step-00000006");
    ["model.bpk", "ema.bpk", "optimizer.bpk"].map(|name| fs::read(checkpoint.join(name)).unwrap()).into()
}

/// Asks to stop in the middle of a draw, which is the `last`-th one.
#[derive(Debug)]
struct StopInDraw {
    last: u64,
    draws: AtomicU64,
    stop: std::sync::Arc<AtomicBool>,
}

impl StopInDraw {
    fn new(last: u64) -> Self {
        Self { last, draws: AtomicU64::new(0), stop: std::sync::Arc::default() }
    }
}

struct Flag(std::sync::Arc<AtomicBool>);

impl Progress for Flag {
    fn update(&mut self, done: u64, _message: &str) {
        self.0.fetch_or(done == 2, Ordering::Relaxed);
    }
}

impl Monitor for StopInDraw {
    fn begin(&self, what: &str, _unit: &'static str, _done: u64, _total: u64) -> Box<dyn Progress> {
        let is_last = what == "probability_flow" && self.draws.fetch_add(1, Ordering::Relaxed) + 1 == self.last;
        if is_last { Box::new(Flag(self.stop.clone())) } else { Box::new(()) }
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

#[test]
fn evaluations_change_no_bit_of_the_training_and_are_made_up_for_when_interrupted() {
    let root = tempfile::tempdir().unwrap();
    let plain = config(root.path(), "plain", &[]);
    train(&plain, false, &()).unwrap();
    let whole = config(root.path(), "whole", &[EVALUATION]);
    train(&whole, false, &()).unwrap();
    assert!(weights(&plain) == weights(&whole));

    let found = lines(&whole);
    assert_eq!(found.iter().map(|line| line["step"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 4, 6]);
    for line in &found {
        let number = |name: &str| line["evaluation"][name].as_f64().unwrap();
        // Far from the data.
        for name in ["frechet", "kid"] {
            let error = number(&format!("{name}_error"));
            assert!(error > 0.0 && number(name) > error, "{line}");
        }
    }
    // The first evaluation, one in between, and that of the last step.
    for draw in 1..=3 {
        let stopped = config(root.path(), &format!("stopped-{draw}"), &[EVALUATION]);
        let trained = train(&stopped, false, &StopInDraw::new(draw)).unwrap();
        assert_eq!(trained.finished, draw == 3, "{draw}");
        let left = lines(&stopped);
        assert_eq!(left.len() as u64, draw);
        assert!(left.last().unwrap().get("evaluation").is_none(), "{draw}");
        train(&stopped, true, &()).unwrap();
        assert_eq!(lines(&stopped), found, "{draw}");
        assert!(weights(&stopped) == weights(&whole), "{draw}");
    }
    // TensorBoard and the page have the numbers as well, that which was made up for among them.
    let folder = root.path().join("stopped-2/moons");
    let events = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let events = events.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("events"));
    let tag = b"evaluation/frechet_error";
    let count = |bytes: Vec<u8>| bytes.windows(tag.len()).filter(|window| window == tag).count();
    assert_eq!(events.map(|path| count(fs::read(path).unwrap())).sum::<usize>(), 3);
    assert!(fs::read_to_string(folder.join("report.html")).unwrap().contains("evaluation.frechet_error"));
}

#[test]
fn pictures_are_evaluated_by_their_classifier() {
    let root = tempfile::tempdir().unwrap();
    let file = write_config(root.path(), "digits", DIGITS, UNET);
    let evaluation =
        "evaluation={ every = 2, count = 16, examples = 100, halves = 2, steps = 2, metrics = ['precision_recall'] }";
    let changes = ["training.steps=2", "previews.every=0", evaluation];
    let changes = changes.iter().flat_map(|change| ["--set", change]);
    succeed(&["train", file.to_str().unwrap()].into_iter().chain(changes).collect::<Vec<_>>(), root.path());
    let text = fs::read_to_string(root.path().join("runs/digits/metrics.jsonl")).unwrap();
    let line: Value = serde_json::from_str(text.lines().next_back().unwrap()).unwrap();
    // Noise is no digit, and no digit is near it.
    assert_eq!((&line["evaluation"]["precision"], &line["evaluation"]["recall"]), (&0.0.into(), &0.0.into()));
}

#[test]
fn the_best_checkpoint_stays_and_is_drawn_from() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    let coverage = "evaluation={ every = 2, count = 24, examples = 64, halves = 0, metrics = ['density_coverage'] }";
    let changes =
        [coverage, "checkpoints.best=coverage", "checkpoints.keep=1", "previews.every=0", "training.steps=12"];
    let changes = changes.iter().flat_map(|change| ["--set", change]);
    succeed(&["train", "moons.toml"].into_iter().chain(changes).collect::<Vec<_>>(), root.path());
    let text = fs::read_to_string(root.path().join("runs/moons/metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let measured = lines.filter_map(|line| Some((line["evaluation"]["coverage"].as_f64()?, line["step"].as_u64()?)));
    let best = measured.fold((-1.0, 0), |best, next| if next.0 > best.0 { next } else { best }).1;
    let list = succeed(&["checkpoints", "runs/moons", "list", "--json"], root.path());
    let entries: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stays = |step: u64| entries.iter().find(|entry| entry["step"] == step).map(|entry| entry["stays"].clone());
    assert_eq!(stays(best), Some("best".into()), "{list}");
    assert_eq!(entries.len(), if best == 12 { 1 } else { 2 }, "{list}");

    let drawn = |step: &str| {
        succeed(&["sample", "runs/moons", "--step", step, "--count", "3", "--out", "drawn.csv"], root.path());
        fs::read_to_string(root.path().join("drawn.csv")).unwrap()
    };
    assert_eq!(drawn("best"), drawn(&best.to_string()));
    let refused = |arguments: &[&str], code, parts: &[&str]| {
        assert_refused(&fokker(&[&["sample"], arguments].concat(), root.path()), code, parts);
    };
    refused(&["runs/moons", "--step", "first"], 2, &["must be a step, `best` or `newest`"]);
    refused(&["runs/moons/checkpoints/step-00000012", "--step", "best"], 2, &["name the run"]);
}

#[test]
fn a_training_that_has_learnt_what_it_can_ends_and_can_go_on() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    // With such a rate nothing is learnt: the first validation is as good as all others.
    let changes = [
        "training.learning_rate=1e-30",
        "training.validate_every=1",
        "training.early_stopping={ patience = 3 }",
        "previews.every=0",
    ];
    let changes: Vec<&str> = changes.iter().flat_map(|change| ["--set", change]).collect();
    let output = fokker(&[&["train", "moons.toml"][..], &changes].concat(), root.path());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("ended early at step 4"), "{said}");
    assert!(said.contains("lowest at step 1") && said.contains("patience = 6"), "{said}");
    let run = root.path().join("runs/moons");
    assert!(run.join("checkpoints/step-00000004").is_dir() && !run.join("checkpoints/step-00000005").exists());
    // The same losses say the same again, without a step.
    let output = fokker(&["resume", "runs/moons"], root.path());
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("ended early at step 4"));
    let more = ["resume", "runs/moons", "--set", "training.early_stopping.patience=20"];
    succeed(&more, root.path());
    assert!(run.join("checkpoints/step-00000006").is_dir());
}

#[test]
fn what_cannot_be_evaluated_is_refused_before_work_starts() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    write_config(root.path(), "digits", DIGITS, UNET);
    let refused = |file: &str, changes: &[&str], parts: &[&str]| {
        let changes = changes.iter().flat_map(|change| ["--set", change]);
        let arguments: Vec<&str> = ["train", file].into_iter().chain(changes).collect();
        assert_refused(&fokker(&arguments, root.path()), 2, parts);
    };
    for (evaluation, parts) in [
        ("count = 1", &["evaluation.count", "1 is not in"][..]),
        ("examples = 0", &["evaluation.examples"]),
        ("batch_size = 0", &["evaluation.batch_size"]),
        ("metrics = []", &["evaluation.metrics", "frechet"]),
        ("metrics = ['fid']", &["evaluation.metrics[0]", "unknown metric `fid`", "frechet"]),
        ("extractor = { kind = 'pixels' }", &["evaluation.extractor", "vectors"]),
        ("steps = 0", &["evaluation.steps", "0 is not in"]),
        ("sampler = { kind = 'ancestral', eta = 1.0 }", &["evaluation.sampler.eta"]),
        ("steps = 3, sampler = { kind = 'ddim', steps = 4 }", &["evaluation.steps", "4 steps of its own"]),
        ("size = 3", &["evaluation", "size"]),
    ] {
        refused("moons.toml", &[&format!("evaluation={{ every = 2, {evaluation} }}")], parts);
    }
    let extractor = "evaluation={ every = 2, extractor = { kind = 'digits' } }";
    refused("digits.toml", &["data.pad=4", extractor], &["evaluation.extractor", "36 × 36"]);
    refused("moons.toml", &["checkpoints.best=frechet"], &["checkpoints.best", "nothing", "evaluation.every"]);
    let measured = ["evaluation.every=2", "training.validate_every=2", "checkpoints.best=fid"];
    refused("moons.toml", &measured, &["\"fid\" is not measured", "\"validation_loss\", \"frechet\""]);
    refused("moons.toml", &["training.early_stopping.patience=0"], &["training.early_stopping.patience"]);
    refused("moons.toml", &["training.early_stopping.patience=2"], &["training.validate_every"]);
}
