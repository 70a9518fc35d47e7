//! Two machines: network namespaces with host names of their own, between them a cable.
//!
//! Linux gives every process the right to make them in a namespace of its own, unless the machine's owner took it away. Where that is so,
//! there is nothing to test on.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::ranks::{assert_same_checkpoint, write_run};
use crate::support::{checkout, succeed, text};

/// The machines `one` and `two`, and in the place of ssh what starts a command on `two`.
const MACHINES: &str = r#"
set -e
mount -t tmpfs none /run
mkdir /run/netns
hostname one
ip link set lo up
ip netns add two
ip link add cable type veth peer name cable netns two
ip addr add 10.77.0.1/24 dev cable
ip link set cable up
ip netns exec two ip addr add 10.77.0.2/24 dev cable
ip netns exec two ip link set cable up
ip netns exec two ip link set lo up
printf '#!/bin/sh\nshift\nexec ip netns exec two unshare --uts sh -c "hostname two; $*"\n' >/run/start
chmod +x /run/start
both() {
  mpirun --host 10.77.0.1:1,10.77.0.2:1 -n 2 --mca plm_rsh_agent /run/start --mca oob_tcp_if_include 10.77.0.0/24 \
    --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 -x FOKKER_DATA -x FOKKER_RANKS_TIMEOUT "$@"
}
program="$1"
"#;

/// Trains to the end.
const TRAIN: &str = r#"
both sh -c 'echo "rank $OMPI_COMM_WORLD_RANK on $(hostname)"'
both "$program" train moons.toml
"#;

/// Trains until the cable is cut. It is mended later, as the launcher waits for the other machine for ever.
const CUT: &str = r#"
both "$program" train moons.toml --set training.steps=1000000 &
training=$!
while ! ls runs/moons/checkpoints/step-*/checksums.json >/dev/null 2>&1; do sleep 0.1; done
ip link set cable down
sleep 4
ip link set cable up
wait $training
"#;

fn on_two_machines(script: &str, folder: &Path) -> Output {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "--net", "--uts"]);
    command.args(["sh", "-c", &format!("{MACHINES}{script}"), "sh", env!("CARGO_BIN_EXE_fokker")]);
    command.current_dir(folder).stdin(Stdio::null());
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("FOKKER_RANKS_TIMEOUT", "2").env("FOKKER_DATA", checkout().join("datasets/data"));
    command.output().unwrap()
}

#[test]
fn two_machines_write_the_files_of_one_and_notice_a_cut_cable() {
    let root = tempfile::tempdir().unwrap();
    let possible = on_two_machines("true", root.path());
    if !possible.status.success() {
        eprintln!("not tested: this machine lets nobody make networks of his own: {}", text(&possible.stderr));
        return;
    }
    let [alone, together, cut] = ["alone", "together", "cut"].map(|name| root.path().join(name));
    for folder in [&alone, &together, &cut] {
        fs::create_dir(folder).unwrap();
        write_run(folder);
    }
    succeed(&["train", "moons.toml"], &alone);
    let output = on_two_machines(TRAIN, &together);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("rank 0 on one") && said.contains("rank 1 on two"), "{said}");
    assert_same_checkpoint(&together, &alone, 6);

    let output = on_two_machines(CUT, &cut);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("rank 1 has not come for 2 s"), "{said}");
    let list = succeed(&["checkpoints", "runs/moons", "list"], &cut);
    assert!(list.lines().all(|line| line.contains("whole")), "{list}");
}
