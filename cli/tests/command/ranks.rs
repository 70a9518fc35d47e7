//! Several processes at one run, as `mpirun` starts them: the same bits, and what is said when one of them fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{MLP, MOONS, checkout, fokker, succeed, text, write_config};

/// The command by so many processes.
fn mpirun(ranks: usize, folder: &Path) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "-n", &ranks.to_string()]).current_dir(folder).stdin(Stdio::null());
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("FOKKER_RANKS_TIMEOUT", "20").env("FOKKER_DATA", checkout().join("datasets/data"));
    command
}

fn shared(ranks: usize, arguments: &[&str], folder: &Path) -> Output {
    mpirun(ranks, folder).arg(env!("CARGO_BIN_EXE_fokker")).args(arguments).output().unwrap()
}

#[track_caller]
fn succeed_shared(ranks: usize, arguments: &[&str], folder: &Path) -> Output {
    let output = shared(ranks, arguments, folder);
    assert!(output.status.success(), "{ranks} ranks, {arguments:?}: {}", text(&output.stderr));
    output
}

/// The configuration of a run of steps in four parts, with two evaluations in three batches each.
pub fn write_run(folder: &Path) {
    let path = write_config(folder, "moons", MOONS, MLP);
    let config = fs::read_to_string(&path).unwrap();
    let training = "training = { accumulation = 4, gradient_clip = 0.5, skip_non_finite = 1, ";
    let evaluation = "evaluation = { every = 4, count = 24, batch_size = 10, examples = 64, halves = 4 }\n";
    fs::write(&path, config.replace("training = { ", training) + evaluation).unwrap();
}

/// Makes sure that two runs have the same checkpoint of a step: every file of it, with every byte.
#[track_caller]
pub fn assert_same_checkpoint(one: &Path, other: &Path, step: u64) {
    let files = |folder: &Path| -> BTreeMap<String, Vec<u8>> {
        let checkpoint = folder.join(format!("runs/moons/checkpoints/step-{step:08}"));
        let entries = fs::read_dir(&checkpoint).unwrap_or_else(|error| panic!("{}: {error}", checkpoint.display()));
        let file = |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into(), fs::read(&path).unwrap());
        entries.map(|entry| file(entry.unwrap().path())).collect()
    };
    let (one, other) = (files(one), files(other));
    assert_eq!(one.len(), 6, "{:?}", one.keys());
    let different: Vec<_> = one.iter().filter(|(name, bytes)| other.get(*name) != Some(bytes)).collect();
    let shown = |bytes: &[u8]| text(&bytes[..bytes.len().min(2000)]);
    assert!(
        different.is_empty(),
        "{:?}",
        different.iter().map(|(name, bytes)| (name, shown(bytes))).collect::<Vec<_>>()
    );
    assert_eq!(one.len(), other.len());
}

/// The steps of the lines of metrics, with what was measured.
fn measured(folder: &Path) -> Vec<String> {
    let lines = fs::read_to_string(folder.join("runs/moons/metrics.jsonl")).unwrap();
    let of_line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        ["step", "loss", "gradient_norm", "evaluation"].map(|key| line[key].to_string()).join(" ")
    };
    lines.lines().map(of_line).collect()
}

/// What a command says as JSON, but for the seconds that it took.
fn json(output: &[u8]) -> Value {
    let mut found: Value = serde_json::from_slice(output).unwrap_or_else(|error| panic!("{error}: {}", text(output)));
    assert!(found.as_object_mut().unwrap().remove("seconds").is_some());
    found
}

fn newest_step(folder: &Path) -> Option<u64> {
    let entries = fs::read_dir(folder.join("runs/moons/checkpoints")).ok()?;
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("step-")?.parse().ok()).max()
}

/// The numbers of the processes that run the command in a folder, by rank.
fn processes(folder: &Path) -> Vec<(usize, u32)> {
    let rank_of = |process: u32| {
        let path = |name: &str| format!("/proc/{process}/{name}");
        if fs::read_link(path("exe")).ok()? != Path::new(env!("CARGO_BIN_EXE_fokker")).canonicalize().ok()? {
            return None;
        }
        if fs::read_link(path("cwd")).ok()? != folder.canonicalize().ok()? {
            return None;
        }
        let environment = fs::read(path("environ")).ok()?;
        let rank =
            environment.split(|&byte| byte == 0).find_map(|entry| entry.strip_prefix(b"OMPI_COMM_WORLD_RANK="))?;
        Some((text(rank).parse().ok()?, process))
    };
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut found: Vec<_> = all.filter_map(rank_of).collect();
    found.sort_unstable();
    found
}

/// Starts a long training by two processes, waits for a checkpoint, sends a signal to one of them, and returns how all ends.
fn with_signal(command: &str, rank: usize, signal: &str, timeout: &str, folder: &Path) -> Output {
    let before = newest_step(folder).unwrap_or(0);
    let mut training = mpirun(2, folder);
    training.env("FOKKER_RANKS_TIMEOUT", timeout).arg(env!("CARGO_BIN_EXE_fokker"));
    training.args([
        command,
        if command == "train" { "moons.toml" } else { "runs/moons" },
        "--set",
        "training.steps=1000000",
    ]);
    let training = training.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while newest_step(folder).unwrap_or(0) < before + 20 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no checkpoint: {}",
            text(&training.wait_with_output().unwrap().stderr)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let (_, process) = processes(folder)[rank];
    crate::support::signal(process, signal);
    training.wait_with_output().unwrap()
}

#[test]
fn any_number_of_processes_gives_the_same_files() {
    let root = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = root.path().join(name);
        fs::create_dir(&folder).unwrap();
        write_run(&folder);
        folder
    };
    let alone = folder("alone");
    succeed(&["train", "moons.toml"], &alone);
    succeed(&["sample", "runs/moons", "--count", "11", "--batch-size", "3", "--out", "drawn.npy"], &alone);
    assert!(measured(&alone).iter().filter(|line| line.contains("frechet")).count() == 2, "{:?}", measured(&alone));
    // Three batches of two draws, and samples in three batches: ranks have different numbers of them.
    let likelihood =
        ["--json", "likelihood", "runs/moons", "--count", "7", "--batch-size", "3", "--draws", "2", "--probes", "2"];
    let bound = ["--json", "likelihood", "runs/moons", "--count", "7", "--batch-size", "3", "--bound", "diffusion"];
    let evaluation = ["--json", "evaluate", "runs/moons", "--count", "25", "--batch-size", "10", "--halves", "4"];
    let results: [&[&str]; 3] = [&likelihood, &bound, &evaluation];
    let expected = results.map(|arguments| json(succeed(arguments, &alone).as_bytes()));
    for ranks in [2, 4] {
        let together = folder(&ranks.to_string());
        let said = text(&succeed_shared(ranks, &["train", "moons.toml"], &together).stderr);
        assert_eq!(said.matches("examples to train on").count(), 1, "said once: {said}");
        assert_same_checkpoint(&together, &alone, 6);
        assert_eq!(measured(&together), measured(&alone), "{ranks} ranks");
        for (arguments, expected) in results.iter().zip(&expected) {
            let found = json(&succeed_shared(ranks, arguments, &together).stdout);
            assert_eq!(found, *expected, "{ranks} ranks: {arguments:?}");
        }
        succeed_shared(
            ranks,
            &["sample", "runs/moons", "--count", "11", "--batch-size", "3", "--out", "drawn.npy"],
            &together,
        );
        assert!(
            fs::read(together.join("drawn.npy")).unwrap() == fs::read(alone.join("drawn.npy")).unwrap(),
            "{ranks} ranks"
        );
    }

    // A run that loses a process, is stopped through another, and goes on with four, with two and with one.
    let changing = folder("changing");
    let killed = with_signal("train", 1, "KILL", "20", &changing);
    assert!(!killed.status.success());
    let stopped = with_signal("resume", 1, "TERM", "20", &changing);
    let said = text(&stopped.stderr);
    assert!(said.contains("saved; go on with"), "{said}");
    let step = newest_step(&changing).unwrap();
    let until = |step: u64| format!("training.steps={step}");
    for (ranks, step) in [(4, step + 1), (2, step + 3), (1, step + 5)] {
        let arguments = ["resume", "runs/moons", "--set", &until(step)];
        match ranks {
            1 => drop(succeed(&arguments, &changing)),
            _ => drop(succeed_shared(ranks, &arguments, &changing)),
        }
    }
    let whole = folder("whole");
    succeed(&["train", "moons.toml", "--set", &until(step + 5)], &whole);
    assert_same_checkpoint(&changing, &whole, step + 5);
}

/// Rank 0 draws a preview for longer than ranks wait for each other: the others wait as long as it lives, and no longer.
#[test]
fn long_work_of_one_rank_is_waited_for_and_a_rank_that_stops_in_it_is_not() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    write_run(folder);
    // A preview of some seconds, at the first step.
    let preview = |steps: &str| {
        let mut training = mpirun(2, folder);
        training.env("FOKKER_RANKS_TIMEOUT", "2").env("RAYON_NUM_THREADS", "1");
        training.args([env!("CARGO_BIN_EXE_fokker"), "train", "moons.toml"]);
        for change in ["previews.every=3", "training.steps=3", "evaluation.every=0", steps] {
            training.args(["--set", change]);
        }
        training.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let start = Instant::now();
    let done = preview("sampler.steps=60000").wait_with_output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let long_enough = start.elapsed() > Duration::from_secs(3);
    assert!(long_enough, "a preview of {:?} is no longer than ranks wait", start.elapsed());

    fs::remove_dir_all(folder.join("runs")).unwrap();
    let start = Instant::now();
    let training = preview("sampler.steps=4000000");
    // Its first line of metrics is written before the preview.
    while newest_step(folder).is_none() {
        assert!(start.elapsed() < Duration::from_secs(90));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(1500));
    let (_, process) = processes(folder)[0];
    crate::support::signal(process, "STOP");
    let said = text(&training.wait_with_output().unwrap().stderr);
    assert!(said.contains("rank 0 has not come for 2 s"), "{said}");
}

#[test]
fn failures_name_rank_and_cause() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    write_run(folder);
    let refused = |arguments: &[&str], ranks: usize, parts: &[&str]| {
        let output = shared(ranks, arguments, folder);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{said}");
        assert!(!said.contains("panicked") && said.matches("error: ").count() == 1, "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "'{part}' is not in {said}"));
    };
    refused(&["train", "moons.toml"], 3, &["training.accumulation", "(1, 2, 4)"]);
    assert!(!folder.join("runs").exists(), "refused before anything is written");
    refused(&["devices"], 2, &["work of one"]);
    refused(&["train", "moons.toml", "--stepz"], 2, &["--stepz"]);
    // Ranks with different seeds: of two programs with arguments of their own.
    let program = env!("CARGO_BIN_EXE_fokker");
    let output = mpirun(1, folder)
        .args([program, "train", "moons.toml", ":", "-n", "1", program, "train", "moons.toml", "--set", "seed=7"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("rank 1 has another configuration than rank 0, `seed = 7`"), "{said}");
    // A process that stands still is named by the other, and what was saved is whole.
    let hung = with_signal("train", 1, "STOP", "2", folder);
    let said = text(&hung.stderr);
    assert!(said.contains("rank 1 has not come for 2 s"), "{said}");
    let list = fokker(&["checkpoints", "runs/moons", "list"], folder);
    assert!(
        list.status.success() && text(&list.stdout).lines().all(|line| line.contains("whole")),
        "{}",
        text(&list.stdout)
    );
}

/// Twenty times, one of the processes is killed at a moment that nobody chose, and two or four go on.
#[test]
#[ignore = "takes minutes; see docs/RANKS.md"]
fn twenty_kills_leave_no_trace() {
    let root = tempfile::tempdir().unwrap();
    let [killed, whole] = ["killed", "whole"].map(|name| root.path().join(name));
    [&killed, &whole].into_iter().for_each(|folder| {
        fs::create_dir(folder).unwrap();
        write_run(folder);
    });
    let mut moment = 0x2545_F491_u32;
    for kill in 0..20 {
        moment = moment.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (ranks, command) = ([2, 4][kill % 2], if kill == 0 { "train" } else { "resume" });
        let target = if kill == 0 { "moons.toml" } else { "runs/moons" };
        let mut training = mpirun(ranks, &killed);
        training.args([env!("CARGO_BIN_EXE_fokker"), command, target, "--set", "training.steps=1000000"]);
        let mut training = training.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The first training needs a run to go on with.
        while processes(&killed).len() < ranks || newest_step(&killed).is_none() {
            assert!(training.try_wait().unwrap().is_none(), "kill {kill}: {command} has ended before it was killed");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(u64::from(moment >> 22)));
        let (_, process) = processes(&killed)[(moment >> 12) as usize % ranks];
        crate::support::signal(process, "KILL");
        assert!(!training.wait().unwrap().success());
    }
    let until = format!("training.steps={}", newest_step(&killed).unwrap() + 5);
    succeed_shared(4, &["resume", "runs/moons", "--set", &until], &killed);
    succeed(&["train", "moons.toml", "--set", &until], &whole);
    assert_same_checkpoint(&killed, &whole, newest_step(&whole).unwrap());
}
