//! Guides and formulas of guidance, and checkpoints by their steps, from outside: docs/SAMPLERS.md.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{DIGITS, MLP, MOONS, UNET, assert_refused, fokker, succeed, write_config};

fn train(here: &Path, name: &str, data: &str, network: &str, changes: &[&str]) {
    let file = write_config(here, name, data, network);
    let changes = changes.iter().flat_map(|change| ["--set", change]);
    let always = ["train", file.to_str().unwrap(), "--set", "previews.every=0"];
    succeed(&always.into_iter().chain(changes).collect::<Vec<_>>(), here);
}

/// What is drawn of six samples, and what is said of it.
fn drawn(here: &Path, run: &str, options: &[&str]) -> (String, Value) {
    let common = ["--json", "sample", run, "--count", "6", "--out", "out.csv"];
    let said = succeed(&[&common[..], options].concat(), here);
    (fs::read_to_string(here.join("out.csv")).unwrap(), serde_json::from_str(&said).unwrap())
}

#[test]
fn an_earlier_checkpoint_guides_a_network_without_a_condition() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    train(here, "moons", MOONS, MLP, &["training.steps=40", "checkpoints.every=20", "training.learning_rate=0.01"]);
    let guide = ["--guide", "runs/moons@20"];
    let (plain, said) = drawn(here, "runs/moons", &[]);
    let calls = said["network_calls"].as_u64().unwrap();
    assert_eq!(drawn(here, "runs/moons", &[&guide[..], &["--guidance", "1"]].concat()).0, plain);
    let (guided, said) = drawn(here, "runs/moons", &[&guide[..], &["--guidance", "2"]].concat());
    assert!(guided != plain && said["network_calls"].as_u64() == Some(2 * calls), "{said}");
    assert_eq!((&said["guidance"], &said["guide"]["step"]), (&json!(2.0), &json!(20)));
    // The weight 0 is the guide alone.
    let (worse, _) = drawn(here, "runs/moons", &["--step", "20"]);
    let numbers = |text: &str| -> Vec<f32> { text.split([',', '\n']).filter_map(|word| word.parse().ok()).collect() };
    let (zero, _) = drawn(here, "runs/moons", &[&guide[..], &["--guidance", "0"]].concat());
    let (zero, worse) = (numbers(&zero), numbers(&worse));
    assert!(worse.len() == 12 && zero.iter().zip(&worse).all(|(a, b)| (a - b).abs() < 1e-4), "{zero:?} {worse:?}");
    // The momentum of each sample is its own.
    let apg = [&guide[..], &["--guidance", "3", "--guidance-method", "apg", "--guidance-momentum", "-0.5"]].concat();
    let (together, said) = drawn(here, "runs/moons", &apg);
    assert_eq!(drawn(here, "runs/moons", &[&apg[..], &["--batch-size", "4"]].concat()).0, together);
    let method = json!({ "kind": "apg", "eta": 0.0, "radius": null, "momentum": -0.5 });
    assert_eq!((&said["guidance_method"], &said["guidance_interval"]), (&method, &json!([0.0, null])));

    train(here, "exploding", MOONS, MLP, &["training.steps=1", "process={ kind = \"ve\" }"]);
    train(here, "digits", DIGITS, UNET, &["training.steps=1", "training.class_dropout=0.1"]);
    let refused = |options: &[&str], parts: &[&str]| {
        let before = fs::metadata(here.join("out.csv")).unwrap().modified().unwrap();
        let common = ["sample", "runs/moons", "--count", "6", "--out", "out.csv"];
        let output = fokker(&[&common[..], options].concat(), here);
        assert_refused(&output, output.status.code().unwrap(), parts);
        assert_eq!(fs::metadata(here.join("out.csv")).unwrap().modified().unwrap(), before);
    };
    refused(&["--guidance", "2"], &["--guidance 2", "without classes", "guide"]);
    refused(&["--guidance", "2", "--guide", "runs/moons@7"], &["--step 7", "steps 20, 40"]);
    refused(&["--guidance", "2", "--guide", "runs/exploding"], &["--guide", "process"]);
    refused(&["--guidance", "2", "--guide", "runs/digits"], &["--guide", "[1, 28, 28]", "[2]"]);
    refused(&["--guidance", "2", "--guide", "runs/none"], &["runs/none"]);
    refused(&["--guidance-eta", "0.5"], &["--guidance-eta", "apg"]);
    let momentum = [&apg[..], &["--sampler", "dormand_prince"]].concat();
    refused(&momentum, &["guidance momentum", "dormand_prince"]);
    // A worse network may guide one with classes, under the same class or without one.
    let digits = ["sample", "runs/digits", "--count", "1", "--guide", "runs/digits", "--out", "out.npy"];
    for condition in [&["--class", "3"][..], &["--unconditional"]] {
        succeed(&[&digits[..], &["--guidance", "2", "--steps", "2"], condition].concat(), here);
    }
    let star = ["--class", "3", "--guidance", "2", "--guidance-method", "cfg-zero-star", "--steps", "4"];
    succeed(&[&["sample", "runs/digits", "--count", "1", "--out", "out.npy"], &star[..]].concat(), here);
    let without = ["sample", "runs/digits", "--unconditional", "--guidance", "2"];
    assert_refused(&fokker(&without, here), 2, &["--guidance 2", "the guide"]);
}

/// Every command that reads a run takes a checkpoint of it by its step.
#[test]
fn commands_take_a_checkpoint_by_its_step() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    train(here, "moons", MOONS, MLP, &["training.steps=4", "checkpoints.every=2"]);
    fs::write(here.join("points.csv"), "0.5,-0.25\n-1,0.3\n").unwrap();
    let commands: [&[&str]; 5] = [
        &["encode", "runs/moons", "points.csv", "--out", "noise.csv", "--steps", "3"],
        &["interpolate", "runs/moons", "1", "2", "--of", "seeds", "--out", "path.csv", "--steps", "3"],
        &["likelihood", "runs/moons", "--count", "4", "--solver", "euler", "--steps", "3"],
        &["evaluate", "runs/moons", "--count", "16", "--metric", "frechet", "--nearest", "0", "--halves", "2"],
        &["compare-samplers", "runs/moons", "--samplers", "ddim", "--calls", "5", "--count", "16", "--out", "table"],
    ];
    for command in commands {
        let said = succeed(&[command, &["--json", "--step", "2"]].concat(), here);
        let named = said.contains("step-00000002") && !said.contains("step-00000004");
        assert!(named || command[0] == "compare-samplers", "{said}");
        assert_refused(&fokker(&[command, &["--step", "3"]].concat(), here), 2, &["--step 3", "steps 2, 4"]);
    }
    assert_refused(&fokker(&["compare-samplers", "--step", "2"], here), 2, &["--step", "name a run"]);
}
