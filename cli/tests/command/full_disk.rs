//! A disk that is full, for real: a run on a small file system in memory, with less and less room on it.
//!
//! Linux gives every process the right to mount one, in a namespace of its own, unless the machine's owner took it away. Where
//! that is so, there is nothing to test on.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{MLP, MOONS, checkout, fokker, text, write_config};

/// Goes on with the run of a folder that is copied to a file system on which only some KiB are left, then once more after room
/// was made. What the run is after each goes to `full` and `roomy`, with the exit codes and what was said.
const SCRIPT: &str = r#"
set -e
disk="$1" root="$2" room="$3"
shift 3
command="$*"
mount -t tmpfs -o size=4m none "$disk"
cp -a "$root/runs" "$disk"
cd "$disk"
dd if=/dev/zero of=filler bs=4096 2>/dev/null || true
truncate -s "-${room}K" filler
resume() {
  code=0
  $command resume runs/moons --set training.steps=12 2>"$root/$1.said" >/dev/null || code=$?
  echo "$code" >"$root/$1.code"
  cp -a runs/moons "$root/$1"
}
resume full
rm filler
resume roomy
"#;

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]).stdin(Stdio::null());
    command
}

fn may_mount(folder: &Path) -> bool {
    let mounted = unshare().args(["mount", "-t", "tmpfs", "none"]).arg(folder).output();
    mounted.is_ok_and(|output| output.status.success())
}

/// By one process, or by several that `launcher` starts.
fn go_on_with_room(kib: usize, root: &Path, launcher: &[&str]) -> Output {
    let disk = tempfile::tempdir().unwrap();
    let mut command = unshare();
    command.args(["sh", "-c", SCRIPT, "sh"]).arg(disk.path()).arg(root).arg(kib.to_string());
    command.args(launcher).arg(env!("CARGO_BIN_EXE_fokker"));
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("FOKKER_DATA", checkout().join("datasets/data")).output().unwrap()
}

/// The steps of the lines of metrics. Every line is whole.
fn steps(run: &Path) -> Vec<u64> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
    lines.lines().map(step).collect()
}

fn trained(root: &Path, steps: &str) {
    let path = write_config(root, "moons", MOONS, MLP);
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace("training = { ", "training = { accumulation = 2, ")).unwrap();
    let set = ["--set", "checkpoints.keep=9", "--set", steps];
    let output = fokker(&[&["train", "moons.toml"], &set[..]].concat(), root);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn whatever_cannot_be_written_older_files_are_unharmed_and_the_run_goes_on_once_there_is_room() {
    let undisturbed = tempfile::tempdir().unwrap();
    if !may_mount(undisturbed.path()) {
        eprintln!("not tested: this machine lets nobody mount a file system of his own");
        return;
    }
    trained(undisturbed.path(), "training.steps=12");
    let weights = |run: &Path, step: u64| fs::read(run.join(format!("checkpoints/step-{step:08}/model.bpk"))).unwrap();
    let expected = weights(&undisturbed.path().join("runs/moons"), 12);

    let alone: &[&str] = &[];
    #[cfg(feature = "mpi")]
    let two: &[&str] = &["mpirun", "--oversubscribe", "-n", "2"];
    #[cfg(not(feature = "mpi"))]
    let two = alone;
    // Room for nothing; for the configuration; for metrics and a preview; for a part of a checkpoint; for one of three.
    for (kib, launcher) in [(0, alone), (8, two), (24, alone), (64, two), (160, alone)] {
        let root = tempfile::tempdir().unwrap();
        trained(root.path(), "training.steps=6");
        let output = go_on_with_room(kib, root.path(), launcher);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
        let (before, full, roomy) =
            (root.path().join("runs/moons"), root.path().join("full"), root.path().join("roomy"));

        let said = read("full.said");
        assert_eq!(read("full.code").trim(), "1", "{kib} KiB: {said}");
        assert!(!said.contains("panicked"), "{said}");
        let last = said.lines().rfind(|line| line.starts_with("error: ")).unwrap();
        assert!(last.contains("runs/moons/") && last.contains("No space left on device"), "{last}");
        assert!(last.contains("make room, then run the same command again"), "{last}");
        for step in [2, 4, 6] {
            assert_eq!(weights(&full, step), weights(&before, step), "{kib} KiB: step {step}");
        }
        assert!(steps(&full).starts_with(&[2, 4, 6]), "{kib} KiB: {:?}", steps(&full));

        assert_eq!(read("roomy.code").trim(), "0", "{kib} KiB: {}", read("roomy.said"));
        assert_eq!(weights(&roomy, 12), expected, "{kib} KiB: other bits than without a full disk");
        assert_eq!(steps(&roomy), [2, 4, 6, 8, 10, 12], "{kib} KiB");
        assert!(roomy.join("report.html").is_file() && roomy.join("samples/step-00000012.png").is_file());
    }
}
