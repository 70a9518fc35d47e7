//! Weights in and out, and the checkpoints of a run: docs/WEIGHTS.md as commands.

use std::fs;
use std::path::Path;

use crate::support::{MLP, MOONS, assert_refused, checkout, fokker, succeed, text, write_config};

fn tiny() -> String {
    checkout().join("reference/golden/diffusers/tiny").display().to_string()
}

#[test]
fn a_model_goes_in_is_drawn_from_goes_on_and_comes_out() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    let flex = ["--set", "backend.name=flex"];
    let said = succeed(&[&["import", &tiny(), "--run", "tiny"], &flex[..]].concat(), here);
    assert_eq!(said.trim(), "runs/tiny");
    succeed(&["sample", "runs/tiny", "--steps", "3", "--count", "2", "--step", "0", "--out", "two.npy"], here);
    assert!(here.join("two.npy").is_file());
    assert_refused(&fokker(&["sample", "runs/tiny", "--step", "5"], here), 2, &["--step 5", "steps 0"]);
    assert_refused(&fokker(&["resume", "runs/tiny"], here), 2, &["data.kind", "came without data"]);
    assert_refused(&fokker(&["likelihood", "runs/tiny"], here), 2, &["data.kind", "test examples"]);
    // With data it goes on without being allowed to.
    let data = "data={ kind = \"mnist\", pad = 2 }";
    let wrong = fokker(
        &["resume", "runs/tiny", "--set", data, "--set", "training.steps=1", "--set", "training.batch_size=4"],
        here,
    );
    assert_eq!(wrong.status.code(), Some(0), "{}", text(&wrong.stderr));
    succeed(&["export", "runs/tiny", "models/tiny", "--step", "0", "--half"], here);
    for file in ["model_index.json", "README.md", "unet/config.json", "scheduler/scheduler_config.json"] {
        assert!(here.join("models/tiny").join(file).is_file(), "{file}");
    }
    assert_refused(&fokker(&["export", "runs/tiny", "models/tiny"], here), 1, &["models/tiny", "name a new folder"]);
    let again = fokker(&[&["import", "models/tiny", "--run", "tiny"], &flex[..]].concat(), here);
    assert_refused(&again, 1, &["there is a run already"]);
    assert_refused(&fokker(&["import", ".", "--run", "x"], here), 1, &["config.json", "there are no weights"]);
    assert!(!here.join("runs/x").exists());
    write_config(here, "moons", MOONS, MLP);
    let refused = fokker(&["train", "moons.toml", "--init-from", "models/tiny"], here);
    assert_refused(&refused, 1, &["input.weight: is missing", "more"]);
    assert!(!here.join("runs/moons").exists());
}

fn steps(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run.join("checkpoints")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names.into_iter().map(|name| name.trim_start_matches("step-").trim_start_matches('0').to_string()).collect()
}

#[test]
fn checkpoints_are_listed_kept_and_deleted() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    write_config(here, "moons", MOONS, MLP);
    succeed(&["train", "moons.toml"], here);
    let (run, at) = (here.join("runs/moons"), "runs/moons");
    assert_eq!(steps(&run), ["4", "6"]);
    succeed(&["checkpoints", at, "keep", "4"], here);
    let more = ["resume", at, "--set", "training.steps=18", "--set", "checkpoints.keep_every=8"];
    succeed(&more, here);
    // 4 was kept, 8 and 16 are multiples, 16 and 18 are the newest.
    assert_eq!(steps(&run), ["4", "8", "16", "18"]);
    let list = succeed(&["checkpoints", at, "list"], here);
    let words = ["kept", "keep_every", "keep_every", "newest"];
    assert!(list.lines().zip(words).all(|(line, word)| line.contains(word) && line.ends_with("whole")), "{list}");
    let refused = |arguments: &[&str], code, parts: &[&str]| {
        assert_refused(&fokker(&[&["checkpoints", at], arguments].concat(), here), code, parts);
    };
    refused(&["keep", "5"], 2, &["--step 5", "steps 4, 8, 16, 18"]);
    refused(&["delete", "4"], 2, &["was kept on purpose", "release it"]);
    succeed(&["checkpoints", at, "release", "4"], here);
    fs::write(run.join("checkpoints/step-00000004/notes.txt"), "mine").unwrap();
    refused(&["delete", "4"], 1, &["notes.txt"]);
    for step in ["8", "16"] {
        succeed(&["checkpoints", at, "delete", step], here);
    }
    fs::write(run.join("checkpoints/step-00000004/ema.bpk"), "half").unwrap();
    let list = succeed(&["checkpoints", at, "list", "--json"], here);
    let damaged: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    assert!(damaged["damage"].as_str().unwrap().contains("ema.bpk") && damaged["step"] == 4, "{damaged}");
    refused(&["delete", "18"], 1, &["no other checkpoint of the run is whole"]);
    assert_eq!(steps(&run), ["4", "18"]);
    // From the weights of a step, into a wider network only if that is asked for.
    let wider = [
        "train",
        "moons.toml",
        "--init-from",
        at,
        "--init-step",
        "18",
        "--set",
        "name=wide",
        "--set",
        "network.blocks=2",
    ];
    assert_refused(&fokker(&wider, here), 1, &["is missing"]);
    let output = fokker(&[&wider[..], &["--init-partial", "--init-weights", "raw"]].concat(), here);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("not taken: "), "{}", text(&output.stderr));
}
