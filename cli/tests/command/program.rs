//! What the program offers around its work: recipes, results as JSON, quiet and verbose runs, completions, manual pages.

use std::fs;

use crate::support::{MLP, MOONS, assert_refused, fokker, succeed, text, write_config};
use serde_json::Value;

#[test]
fn recipes_are_written_checked_and_trained_in_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let list = succeed(&["init", "--list"], here);
    assert!(list.lines().count() >= 18 && list.contains("mnist_vp_small"), "{list}");
    assert_eq!(succeed(&["init", "moons_2d"], here).trim_end(), "moons_2d.toml");
    assert_refused(&fokker(&["init", "moons_2d"], here), 1, &["moons_2d.toml", "--out"]);
    succeed(&["init", "moons_2d", "--out", "mine.toml"], here);
    assert_eq!(fs::read(here.join("mine.toml")).unwrap(), fs::read(here.join("moons_2d.toml")).unwrap());
    assert!(succeed(&["config", "check", "mine.toml", "mnist_vp"], here).contains("mnist_vp: ok"));
    assert_refused(&fokker(&["train", "moons_3d"], here), 2, &["moons_3d", "moons_2d"]);
    assert_refused(&fokker(&["train", "moons_3d.toml"], here), 2, &["moons_3d.toml"]);
    let few = ["--set", "training.steps=2", "--set", "previews.every=0", "--set", "backend.name=flex"];
    let said = succeed(&[&["train", "moons_2d"][..], &few].concat(), here);
    assert!(here.join(said.trim_end()).join("checkpoints/step-00000002").is_dir(), "{said}");
}

#[test]
fn results_are_objects_with_json() {
    let folder = tempfile::tempdir().unwrap();
    let objects = |arguments: &[&str]| -> Vec<Value> {
        let said = succeed(&[&["--json"], arguments].concat(), folder.path());
        said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    };
    let devices = objects(&["devices"]);
    assert!(devices[0]["devices"].as_array().unwrap().iter().any(|device| device["backend"] == "flex"));
    let condition = objects(&["lab", "condition", "--process", "vp", "--c", "2"]);
    assert!(condition[0]["smallest_c"].as_f64().unwrap() > 0.0 && condition[0]["verdict"].is_string());
    let paths = objects(&["lab", "paths", "brownian", "--count", "3", "--steps", "10", "--out", "out"]);
    assert_eq!((paths[0]["paths"].as_f64(), paths.len()), (Some(3.0), 2));
    assert!(folder.path().join(paths[1]["file"].as_str().unwrap()).is_file());
    let checked = objects(&["config", "check", "mnist_vp"]);
    assert_eq!((&checked[0]["ok"], &checked[0]["name"]), (&Value::Bool(true), &Value::from("mnist_vp")));
    assert!(objects(&["init", "--list"]).iter().all(|recipe| recipe["summary"].as_str().unwrap().len() > 5));
}

#[test]
fn quiet_runs_say_nothing_and_verbose_ones_time_their_phases() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "moons", MOONS, MLP);
    let run = |name: &str, option: &str| {
        let name = format!("name={name}");
        let output = fokker(&["train", "moons.toml", "--set", &name, option], folder.path());
        assert!(output.status.success());
        text(&output.stderr)
    };
    assert_eq!(run("quiet", "-q"), "");
    let verbose = run("verbose", "-v");
    for phase in ["data", "checkpoint", "preview"] {
        let closes = |line: &str| line.contains(phase) && line.contains("close") && line.contains("time.busy");
        assert!(verbose.lines().any(closes), "{phase} is not in {verbose}");
    }
    let output = fokker(&["train", "moons.toml", "--set", "training.steps=0", "-q"], folder.path());
    assert_refused(&output, 2, &["training.steps"]);
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = succeed(&["generate", "completions", shell], folder.path());
        for command in ["train", "likelihood", "compare-samplers"] {
            assert!(script.contains(command), "{command} is not completed in {shell}");
        }
    }
    let pages = succeed(&["generate", "man", "man"], folder.path());
    assert!(pages.lines().count() > 15, "{pages}");
    let page = fs::read_to_string(folder.path().join("man/fokker-sample.1")).unwrap();
    assert!(page.contains("guidance") && page.starts_with(".ie"), "{page}");
}
