//! Several processes at one run, as `mpirun` starts them: the same bits, and what is said when one of them fails.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

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

/// The configuration of a run of steps in four parts.
fn write_run(folder: &Path) {
    let path = write_config(folder, "moons", MOONS, MLP);
    let config = fs::read_to_string(&path).unwrap();
    let training = "training = { accumulation = 4, gradient_clip = 0.5, skip_non_finite = 1, ";
    fs::write(&path, config.replace("training = { ", training)).unwrap();
}

/// The files of a checkpoint, but for the seconds that it took and for where the run is.
fn checkpoint(folder: &Path, step: u64) -> Vec<(String, Vec<u8>)> {
    let checkpoint = folder.join(format!("runs/moons/checkpoints/step-{step:08}"));
    let names = ["model.bpk", "ema.bpk", "optimizer.bpk", "config.toml", "state.json"];
    let read = |name: &str| {
        let path = checkpoint.join(name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let is_own = |line: &&str| !line.contains("\"seconds\"") && !line.starts_with("runs = ");
        match name.ends_with(".bpk") {
            true => bytes,
            false => text(&bytes).lines().filter(is_own).collect::<String>().into_bytes(),
        }
    };
    names.map(|name| (name.into(), read(name))).into()
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
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
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
    for ranks in [2, 4] {
        let together = folder(&ranks.to_string());
        let said = text(&succeed_shared(ranks, &["train", "moons.toml"], &together).stderr);
        assert_eq!(said.matches("examples to train on").count(), 1, "said once: {said}");
        assert!(checkpoint(&together, 6) == checkpoint(&alone, 6), "{ranks} ranks");
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
    let killed = with_signal("train", 1, "-KILL", "20", &changing);
    assert!(!killed.status.success());
    let stopped = with_signal("resume", 1, "-TERM", "20", &changing);
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
    assert!(checkpoint(&changing, step + 5) == checkpoint(&whole, step + 5), "step {}", step + 5);
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
    // Ranks with different seeds: of two programs with arguments of their own.
    let program = env!("CARGO_BIN_EXE_fokker");
    let output = mpirun(1, folder)
        .args([program, "train", "moons.toml", ":", "-n", "1", program, "train", "moons.toml", "--set", "seed=7"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("rank 1 has another configuration than rank 0, `seed = 7`"), "{said}");
    // A process that stands still is named by the other, and what was saved is whole.
    let hung = with_signal("train", 1, "-STOP", "2", folder);
    let said = text(&hung.stderr);
    assert!(said.contains("rank 1 has not come for 2 s"), "{said}");
    let list = fokker(&["checkpoints", "runs/moons", "list"], folder);
    assert!(
        list.status.success() && text(&list.stdout).lines().all(|line| line.contains("whole")),
        "{}",
        text(&list.stdout)
    );
}
