//! A run is safe: from signals, other processes, changed configurations, files of others, and readers that leave.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use fokker::model::Precision;
use fokker::{Monitor, RunConfig, train};

use crate::support::{MLP, MOONS, assert_refused, command, fokker, signal, text, write_config};

/// A run in `root/runs/moons` after 6 steps, with checkpoints of the steps 2, 4 and 6.
fn trained(root: &Path, changes: &[&str]) {
    write_config(root, "moons", MOONS, MLP);
    let changes = changes.iter().flat_map(|change| ["--set", change]);
    let arguments: Vec<&str> =
        ["train", "moons.toml", "--set", "checkpoints.keep=3"].into_iter().chain(changes).collect();
    let output = fokker(&arguments, root);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// `fokker resume` succeeds; what it says on standard error.
#[track_caller]
fn resume(root: &Path, more: &[&str]) -> String {
    let output = fokker(&[&["resume", "runs/moons"], more].concat(), root);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stderr)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn steps_of_metrics(run: &Path) -> Vec<u64> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
    text.lines().map(step).collect()
}

/// A run goes on in the precision in which it began, on whatever machine.
#[test]
fn a_run_keeps_what_the_precision_auto_was() {
    let root = tempfile::tempdir().unwrap();
    trained(root.path(), &["training.precision=auto", "training.steps=2"]);
    let config = RunConfig::load(&root.path().join("runs/moons/config.toml"), &[]).unwrap();
    let expected = if fokker::kernels::prefers_bfloat16() { Precision::Bf16 } else { Precision::F32 };
    assert_eq!(config.training.precision, expected);
}

#[test]
fn a_checkpoint_that_is_named_is_gone_on_from_and_later_ones_are_set_aside() {
    let root = tempfile::tempdir().unwrap();
    trained(root.path(), &[]);
    let run = root.path().join("runs/moons");
    let last = run.join("checkpoints/step-00000006");
    let expected = fs::read(last.join("model.bpk")).unwrap();
    assert_refused(
        &fokker(&["resume", "runs/moons", "--from", "5"], root.path()),
        2,
        &["--from 5", "no such checkpoint", "steps 2, 4, 6"],
    );
    let resumed = fokker(&["resume", "runs/moons/checkpoints/step-00000002"], root.path());
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert!(text(&resumed.stderr).contains("set aside"), "{}", text(&resumed.stderr));
    assert_eq!(fs::read(last.join("model.bpk")).unwrap(), expected, "the same steps have other bits");
    assert_eq!(names(&run.join("checkpoints")), ["step-00000002", "step-00000004", "step-00000006"]);
    let aside = run.join("set-aside/after-step-00000002");
    let expected = ["metrics.jsonl", "step-00000003.png", "step-00000004", "step-00000006", "step-00000006.png"];
    assert_eq!(names(&aside), expected);
    assert_eq!(steps_of_metrics(&run), [2, 4, 6]);
    // Once more: what was set aside before is not touched.
    assert!(resume(root.path(), &["--from", "4"]).contains("set aside"));
    assert_eq!(names(&aside), expected);
    assert_eq!(names(&run.join("set-aside")), ["after-step-00000002", "after-step-00000004"]);
    // A checkpoint outside of a run is none to go on with, and becomes no run.
    let outside = aside.join("step-00000004");
    assert_refused(&fokker(&["resume", outside.to_str().unwrap()], root.path()), 2, &["outside of a run"]);
}

#[test]
fn a_damaged_checkpoint_is_set_aside_and_never_counted_as_the_newest() {
    let root = tempfile::tempdir().unwrap();
    trained(root.path(), &["checkpoints.keep=1"]);
    let run = root.path().join("runs/moons");
    resume(root.path(), &["--set", "training.steps=8", "--set", "checkpoints.keep=2"]);
    fs::write(run.join("checkpoints/step-00000008/ema.bpk"), "half").unwrap();
    let said = resume(root.path(), &[]);
    assert!(said.contains("ema.bpk does not have the checksum") && said.contains("resumed at step 6"), "{said}");
    assert_eq!(names(&run.join("checkpoints")), ["step-00000006", "step-00000008"]);
    assert_eq!(fs::read_to_string(run.join("set-aside/after-step-00000006/step-00000008/ema.bpk")).unwrap(), "half");
    assert!(resume(root.path(), &[]).contains("all 8 steps are done"));
}

#[test]
fn files_of_others_are_left_alone_and_remains_of_killed_processes_are_not() {
    let root = tempfile::tempdir().unwrap();
    trained(root.path(), &[]);
    let checkpoints = root.path().join("runs/moons/checkpoints");
    let others =
        ["step-00000001.tar", "step-3", "step-00000900", "step-00000002-best", "step-00000100 (copy)", "notes"];
    for name in &others[..2] {
        fs::write(checkpoints.join(name), "mine").unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("step-00000002", checkpoints.join(others[2])).unwrap();
    for name in &others[3..] {
        fs::create_dir(checkpoints.join(name)).unwrap();
        fs::write(checkpoints.join(name).join("model.bpk"), "mine").unwrap();
    }
    fs::write(checkpoints.join("step-00000004/notes.txt"), "mine").unwrap();
    fs::create_dir(checkpoints.join(".step-00000007.partial")).unwrap();
    fs::write(checkpoints.join(".step-00000007.partial/model.bpk"), "half").unwrap();
    resume(root.path(), &["--set", "training.steps=14", "--set", "checkpoints.keep=2"]);
    let mut expected = ["step-00000004", "step-00000012", "step-00000014"].map(String::from).to_vec();
    expected.extend(others.map(String::from));
    expected.sort();
    assert_eq!(names(&checkpoints), expected);
    assert_eq!(fs::read_to_string(checkpoints.join("step-00000004/notes.txt")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(checkpoints.join("step-00000002-best/model.bpk")).unwrap(), "mine");

    // What is left of a run is not trained over; somebody's notes are no run.
    fs::remove_file(root.path().join("runs/moons/config.toml")).unwrap();
    assert_refused(&fokker(&["train", "moons.toml"], root.path()), 1, &["metrics.jsonl", "left of a run"]);
    fs::create_dir_all(root.path().join("runs/new/checkpoints")).unwrap();
    fs::write(root.path().join("runs/new/notes.txt"), "mine").unwrap();
    let train = ["train", "moons.toml", "--set", "name=new", "--set", "training.steps=1"];
    assert!(fokker(&train, root.path()).status.success());
    assert_eq!(fs::read_to_string(root.path().join("runs/new/notes.txt")).unwrap(), "mine");
}

#[test]
fn changes_of_what_the_weights_mean_are_said_twice() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    trained(here, &["training.decay=cosine"]);
    let run = here.join("runs/moons");
    let config = || fs::read_to_string(run.join("config.toml")).unwrap();
    let first = config();
    let refused = |more: &[&str], parts: &[&str]| {
        assert_refused(
            &fokker(&[&["resume", "runs/moons", "--set", "training.steps=8"], more].concat(), here),
            2,
            parts,
        );
        assert_eq!(config(), first, "a refused change is remembered");
    };
    for (change, key) in [
        ("process={kind=\"sub_vp\"}", "process.kind from \"vp\" to \"sub_vp\""),
        ("objective.weighting={kind=\"epsilon\"}", "--allow-changed objective.weighting.kind"),
        ("parameterization.output=epsilon", "parameterization.output"),
        ("seed=5", "seed from 0 to 5"),
        ("data={kind=\"rings\"}", "data.kind"),
        ("network.width=8", "network.width from 16 to 8"),
    ] {
        refused(&["--set", change], &[key, "what the weights mean", "step-00000006"]);
    }
    refused(&["--set", "seed=5", "--set", "process={kind=\"sub_vp\"}", "--allow-changed", "seed"], &["process.kind"]);

    // Nor do other moments, whatever is allowed.
    refused(&["--set", "optimizer.kind=muon", "--allow-changed", "optimizer"], &["optimizer.kind", "moments"]);

    // Course: accepted, said, remembered. The cosine would have ended.
    let said = resume(here, &["--set", "training.steps=8", "--set", "training.batch_size=4"]);
    assert!(said.contains("training.batch_size from 8 to 4; training.steps from 6 to 8"), "{said}");
    assert!(said.contains("the learning rate rises") && said.contains("keep_learning_rate"), "{said}");
    assert_eq!(fs::read_to_string(run.join("config.before-step-00000006.toml")).unwrap(), first);
    assert!(config().contains("steps = 8") && config().contains("batch_size = 4"));
    assert!(resume(here, &[]).contains("all 8 steps are done"));
    // From step 6, the last rate of six steps of a cosine is kept.
    let said = resume(here, &["--from", "6", "--keep-learning-rate"]);
    assert!(!said.contains("rises") && config().contains("decay = \"constant\""), "{said}");
    let rate = 1e-3 * 0.5 * (1.0 + (std::f64::consts::PI * 5.0 / 6.0).cos());
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert!((last["learning_rate"].as_f64().unwrap() / rate - 1.0).abs() < 1e-12, "{last}");

    // A configuration that was edited by hand is a change like any other.
    fs::write(run.join("config.toml"), config().replace("seed = 0", "seed = 7").replace("steps = 8", "steps = 10"))
        .unwrap();
    assert_refused(&fokker(&["resume", "runs/moons"], here), 2, &["seed from 0 to 7"]);
    assert!(resume(here, &["--allow-changed", "seed"]).contains("what the weights mean changes: seed from 0 to 7"));
    let checkpoint = fs::read_to_string(run.join("checkpoints/step-00000010/config.toml")).unwrap();
    assert!(checkpoint.contains("seed = 7"));
    // Damaged by hand, it says where copies are.
    fs::write(run.join("config.toml"), "name = ").unwrap();
    assert_refused(&fokker(&["resume", "runs/moons"], here), 2, &["config.toml", "checkpoints/step-"]);
}

#[test]
fn commands_whose_readers_leave_end_quietly() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    let left = |arguments: &[&str]| {
        let mut child = command(arguments, root.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    };
    left(&["config", "check", "moons.toml"]);
    left(&["devices"]);
    left(&["sample", "--list-samplers"]);
    left(&["train", "moons.toml"]);
    assert!(root.path().join("runs/moons/checkpoints/step-00000006").is_dir());
    left(&["resume", "runs/moons", "--set", "training.steps=8"]);
    left(&["sample", "runs/moons", "--count", "2"]);
    let mut child = command(&["resume", "runs/nothing"], root.path()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    #[cfg(target_os = "linux")]
    {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = command(&["devices"], root.path()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        assert_refused(&child.wait_with_output().unwrap(), 1, &["standard output"]);
    }
}

/// A training that goes on until it is stopped, in `root/runs/moons`.
#[cfg(unix)]
fn endless(root: &Path, arguments: &[&str], ignored: &str) -> Child {
    let program = command(arguments, root);
    let mut shell = crate::support::foreground("sh".as_ref());
    shell.args(["-c", &format!("{ignored} exec \"$0\" \"$@\"")]).arg(program.get_program()).args(program.get_args());
    shell.current_dir(root).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a line of metrics of a later step; returns the last step.
#[cfg(unix)]
fn later_than(step: u64, run: &Path) -> u64 {
    let start = std::time::Instant::now();
    loop {
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
        let last = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).next_back();
        match last.and_then(|line| line["step"].as_u64()) {
            Some(last) if last > step => return last,
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
        assert!(start.elapsed().as_secs() < 120, "no line of a step after {step}");
    }
}

#[cfg(unix)]
#[test]
fn signals_save_and_leave_unless_they_were_ignored() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    let run = root.path().join("runs/moons");
    let train = ["train", "moons.toml", "--set", "training.steps=6", "--set", "previews.every=0"];
    assert!(fokker(&train, root.path()).status.success());
    // As under nohup, and as a shell starts jobs in the background.
    let arguments = ["resume", "runs/moons", "--set", "training.steps=1000000"];
    let child = endless(root.path(), &arguments, "trap '' HUP INT;");
    let step = later_than(6, &run);
    signal(child.id(), "HUP");
    signal(child.id(), "INT");
    later_than(later_than(step, &run), &run);
    signal(child.id(), "TERM");
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(128 + 15), "{said}");
    assert!(said.contains("go on with: fokker resume"), "{said}");
    // The last changes are remembered: the printed command does go on.
    let last = *steps_of_metrics(&run).last().unwrap();
    let printed = said.lines().find_map(|line| line.split_once("go on with: fokker resume ")).unwrap().1.to_string();
    let child = endless(root.path(), &["resume", &printed], "");
    later_than(last, &run);
    signal(child.id(), "TERM");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(128 + 15));
}

#[cfg(unix)]
#[test]
fn two_processes_do_not_train_one_run() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    let run = root.path().join("runs/moons");
    let train = ["train", "moons.toml", "--set", "training.steps=1000000", "--set", "previews.every=0"];
    let mut child = endless(root.path(), &train, "");
    let step = later_than(2, &run);
    let number = format!("process {}", child.id());
    assert_refused(&fokker(&["resume", "runs/moons"], root.path()), 1, &["runs/moons", &number]);
    assert_refused(&fokker(&train, root.path()), 1, &["runs/moons", &number]);
    let sampled = fokker(&["sample", "runs/moons", "--count", "2"], root.path());
    assert!(sampled.status.success(), "{}", text(&sampled.stderr));
    later_than(step, &run);
    // A killed process leaves no lock behind.
    child.kill().unwrap();
    child.wait().unwrap();
    let newest = names(&run.join("checkpoints")).into_iter().rfind(|name| name.starts_with("step-")).unwrap();
    let steps = newest.strip_prefix("step-").unwrap().parse::<u64>().unwrap() + 2;
    resume(root.path(), &["--set", &format!("training.steps={steps}")]);
}

/// Lets a work go on for some questions, then stops it.
#[derive(Debug)]
struct Patience(AtomicUsize);

impl Monitor for Patience {
    fn should_stop(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

#[test]
fn an_interruption_is_over_when_the_next_work_begins() {
    let root = tempfile::tempdir().unwrap();
    let file = write_config(root.path(), "moons", MOONS, MLP);
    let folder = format!("runs={:?}", root.path().join("runs"));
    let config = RunConfig::load(&file, &[folder]).unwrap();
    // In this process: nothing of the first call may reach into the second.
    let first = train(&config, false, &Patience(AtomicUsize::new(3))).unwrap();
    assert!(!first.finished);
    let second = train(&config, true, &()).unwrap();
    assert!(second.finished);
    assert_eq!(steps_of_metrics(&second.folder).last(), Some(&6));
}

/// A step that takes seconds is not waited for when a second signal comes.
#[cfg(unix)]
#[test]
fn a_second_signal_ends_at_once() {
    let root = tempfile::tempdir().unwrap();
    let wide = r#"{ kind = "mlp", dimension = 2, width = 2048, blocks = 4 }"#;
    write_config(root.path(), "moons", MOONS, wide);
    let changes = ["--set", "training.batch_size=8000", "--set", "previews.every=0", "--set", "training.steps=1000"];
    let child = endless(root.path(), &[&["train", "moons.toml"][..], &changes].concat(), "");
    let run = root.path().join("runs/moons");
    let start = std::time::Instant::now();
    while !run.join("metrics.jsonl").is_file() {
        assert!(start.elapsed().as_secs() < 120, "the first step does not begin");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    signal(child.id(), "TERM");
    // Signals within half a second are one request.
    std::thread::sleep(std::time::Duration::from_millis(600));
    signal(child.id(), "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 15), "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("saved"), "the step was waited for");
    assert_eq!(fs::read_dir(run.join("checkpoints")).map_or(0, Iterator::count), 0);
}
