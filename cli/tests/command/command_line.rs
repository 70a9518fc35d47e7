//! The command: what it does, and what it says when something is wrong.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{DIGITS, MLP, MOONS, UNET, assert_refused, command, fokker, succeed, text, write_config};

#[test]
fn train_resume_and_sample_work_together() {
    let root = tempfile::tempdir().unwrap();
    write_config(root.path(), "moons", MOONS, MLP);
    let trained = fokker(&["train", "moons.toml"], root.path());
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    let run = root.path().join("runs/moons");
    for file in ["config.toml", "metrics.jsonl", "samples/step-00000003.png", "checkpoints/step-00000006/ema.bpk"] {
        assert!(run.join(file).is_file(), "{file}");
    }
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 3);

    // A second start is refused, more steps are a matter of `resume`.
    assert_refused(&fokker(&["train", "moons.toml"], root.path()), 1, &["there is a run already", "resume"]);
    let resumed = fokker(&["resume", "runs/moons", "--set", "training.steps=8"], root.path());
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert!(run.join("checkpoints/step-00000008").is_dir());

    let out = |name: &str, more: &[&str]| {
        let mut arguments = vec!["sample", "runs/moons", "--out", name];
        arguments.extend(more);
        let output = fokker(&arguments, root.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        fs::read_to_string(root.path().join(name)).unwrap()
    };
    let all = out("all.csv", &["--count", "5"]);
    assert_eq!(all.lines().count(), 5);
    // The same samples, whatever the batch size; and sample number 3 is the same when drawn alone.
    assert_eq!(out("small.csv", &["--count", "5", "--batch-size", "2"]), all);
    let three = out("three.csv", &["--count", "1", "--first", "3"]);
    assert_eq!(three.lines().next(), all.lines().nth(3));
    assert_ne!(out("other.csv", &["--count", "5", "--seed", "1"]), all);
}

#[test]
fn wrong_requests_are_refused_and_nothing_is_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    write_config(here, "digits", DIGITS, UNET);
    let trained = fokker(&["train", "digits.toml", "--set", "training.steps=2"], here);
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    let checkpoint = here.join("runs/digits/checkpoints/step-00000002");
    let sampled = fokker(&["sample", "runs/digits", "--count", "2", "--class", "3", "--guidance", "2"], here);
    assert!(sampled.status.success(), "{}", text(&sampled.stderr));
    assert!(here.join("runs/digits/samples/probability_flow-seed0.png").is_file());

    assert_refused(&fokker(&["sample", "runs/digits", "--class", "10"], here), 2, &["--class 10", "0 to 9"]);
    assert_refused(&fokker(&["sample", "runs/digits", "--sampler", "magic"], here), 2, &["magic", "ancestral"]);
    assert_refused(&fokker(&["sample", "runs/nothing"], here), 1, &["runs/nothing"]);
    assert_refused(&fokker(&["train", "missing.toml"], here), 2, &["missing.toml"]);
    assert_refused(&fokker(&["train", "digits.toml", "--set", "training"], here), 2, &["key=value"]);
    let other = ["train", "digits.toml", "--set", "name=other"];
    let with = |more: &[&'static str]| fokker(&[&other[..], more].concat(), here);
    assert_refused(&with(&["--set", "data.path=\"nowhere\""]), 1, &["nowhere"]);
    assert_refused(&with(&["--set", "network.num_class_embeds=10"]), 2, &["num_class_embeds", "11"]);
    assert_refused(&with(&["--set", "backend.name=cuda"]), 2, &["backend.name = \"cuda\"", "--features cuda", "flex"]);
    assert_refused(&with(&["--set", "backend={name=\"flex\",device=7}"]), 2, &["number 7", "flex"]);
    assert_refused(
        &with(&["--set", "data={kind=\"folder\",path=\"no_pictures\",size=28,channels=1,labels=true}"]),
        1,
        &["no_pictures"],
    );
    // A truncated file of digits.
    let data = here.join("digits");
    fs::create_dir(&data).unwrap();
    let shipped = crate::support::checkout().join("datasets/data/mnist");
    for entry in fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, data.join(path.file_name().unwrap())).unwrap();
    }
    let images = data.join("train-images-idx3-ubyte.gz");
    let bytes = fs::read(&images).unwrap();
    fs::write(&images, &bytes[..bytes.len() / 2]).unwrap();
    assert_refused(&with(&["--set", "data.path=\"digits\""]), 1, &["train-images-idx3-ubyte.gz"]);
    assert!(!here.join("runs/other").exists(), "a refused run left a folder behind");

    // Weights of another architecture, and a flipped byte.
    let resume = ["resume", "runs/digits", "--set", "training.steps=4"];
    let wider = [&resume[..], &["--set", "network.block_out_channels=[8,16]"]].concat();
    assert_refused(&fokker(&wider, here), 2, &["network.block_out_channels"]);
    let wider = [&wider[..], &["--allow-changed", "network"]].concat();
    assert_refused(&fokker(&wider, here), 1, &["model.bpk", "does not fit the network"]);
    let ema = checkpoint.join("ema.bpk");
    let mut bytes = fs::read(&ema).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&ema, &bytes).unwrap();
    let path = checkpoint.to_str().unwrap();
    assert_refused(&fokker(&["sample", path], here), 1, &["ema.bpk", "checksum"]);
    assert_refused(&fokker(&["sample", "runs/digits"], here), 1, &["damaged"]);
}

#[test]
fn a_weighting_that_does_not_suit_its_times_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(crate::support::checkout().join("configs/mnist_rve.toml")).unwrap();
    fs::write(folder.path().join("rve.toml"), text.replace("kind = \"likelihood\"", "kind = \"sigma2\"")).unwrap();
    let said = succeed(&["config", "check", "rve.toml"], folder.path());
    assert!(said.contains(": ok") && said.contains("warning: objective.weighting = \"sigma2\""), "{said}");
}

#[test]
fn configurations_are_checked_without_starting() {
    let root = crate::support::checkout();
    let good = fokker(&["config", "check", "configs/mnist_vp.toml", "configs/moons_2d.toml"], root);
    assert!(good.status.success());
    assert_eq!(text(&good.stdout).matches(": ok").count(), 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    let text = fs::read_to_string(root.join("configs/mnist_vp.toml")).unwrap();
    fs::write(&path, text.replace("batch_size = 128", "batch_sise = 128")).unwrap();
    assert_refused(&fokker(&["config", "check", path.to_str().unwrap()], root), 2, &["batch_sise"]);
}

#[test]
fn devices_lists_every_backend() {
    let output = fokker(&["devices"], crate::support::checkout());
    assert!(output.status.success());
    let listing = text(&output.stdout);
    for name in ["flex", "wgpu", "cuda", "vulkan", "metal", "webgpu", "rocm", "ndarray"] {
        assert!(listing.contains(name), "{name} is not in: {listing}");
    }
    assert!(listing.contains("backend.name = \"auto\""), "{listing}");
}

/// Killed again and again and resumed each time, a run ends with the bits of one that was left alone.
#[test]
fn killed_runs_end_with_the_same_bits() {
    let root = tempfile::tempdir().unwrap();
    let config = r#"{ kind = "moons", examples = 256, validation_examples = 16 }"#;
    write_config(root.path(), "moons", config, MLP);
    let changes = ["training.steps=1000", "training.log_every=1", "checkpoints.every=7", "previews.every=0"];
    let changes: Vec<&str> = changes.into_iter().flat_map(|change| ["--set", change]).collect();
    let start = |name: &str| {
        let mut command = command(&[], root.path());
        let run = root.path().join("runs").join(name);
        let name = format!("name={name}");
        match run.join("config.toml").is_file() {
            true => command.arg("resume").arg(&run),
            false => command.args(["train", "moons.toml", "--set", &name]).args(&changes),
        };
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    assert!(start("whole").wait().unwrap().success());
    let run = root.path().join("runs/killed");
    let done = || {
        let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
        let line = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).next_back();
        line.and_then(|line| line["step"].as_u64()).unwrap_or(0)
    };
    // Each kill falls on another place between two checkpoints, and wherever the process is then in its step.
    for kill in 0..7 {
        let mut child = start("killed");
        while done() < 101 * kill + 1 {
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(done() < 1000, "the run was over: make it longer");
    }
    assert!(start("killed").wait().unwrap().success());
    for file in ["model.bpk", "ema.bpk", "optimizer.bpk"] {
        let read =
            |name: &str| fs::read(root.path().join("runs").join(name).join("checkpoints/step-00001000").join(file));
        assert!(read("whole").unwrap() == read("killed").unwrap(), "{file} differs");
    }
}

/// One number of a JSON file, by its path.
fn number(file: &Path, path: &str) -> f64 {
    let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    value.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or_else(|| panic!("{path} in {value}"))
}

#[test]
fn likelihoods_are_told_in_nats_and_bits() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    write_config(here, "ring", r#"{ kind = "mixture", preset = "eight_gaussians" }"#, MLP);
    let trained = fokker(&["train", "ring.toml", "--set", "training.steps=2"], here);
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    let run = |name: &str, more: &[&str]| {
        let mut arguments = vec!["likelihood", "runs/ring", "--count", "12", "--out", name];
        arguments.extend(more);
        let output = fokker(&arguments, here);
        assert!(output.status.success(), "{}", text(&output.stderr));
        (here.join(name), text(&output.stdout))
    };
    let (exact, printed) = run("exact.json", &["--tolerance", "1e-6"]);
    assert!(printed.contains("bits/dim") && printed.contains("true law"), "{printed}");
    let (nats, bits) = (number(&exact, "/nats/mean"), number(&exact, "/bits_per_dimension/mean"));
    assert!((nats / (2.0 * std::f64::consts::LN_2) - bits).abs() < 1e-12);
    assert!(number(&exact, "/nats/standard_error") > 0.0);
    assert_eq!(number(&exact, "/offset_bits"), 0.0);
    // No network can be better than the law itself, and this one has learned nothing.
    assert!(nats > number(&exact, "/truth/mean"));

    // Batches, precision and solver change nothing that can be seen.
    for more in
        [&["--tolerance", "1e-6", "--batch-size", "5"][..], &["--tolerance", "1e-6", "--double"], &["--solver", "rk4"]]
    {
        let other = number(&run("other.json", more).0, "/nats/mean");
        assert!((other - nats).abs() < 1e-3, "{more:?}: {other} {nats}");
    }
    // Probes and draws have errors of their own.
    let several = ["--divergence", "hutchinson", "--probe", "gaussian", "--probes", "3", "--draws", "2"];
    let (several, printed) = run("several.json", &several);
    assert!(printed.contains("of it, probes") && printed.contains("of it, draws"), "{printed}");
    let error = number(&several, "/nats/standard_error_probes").hypot(number(&several, "/nats/standard_error_draws"));
    assert!((number(&several, "/nats/mean") - nats).abs() < 5.0 * error, "{nats} {error}");

    // Bounds: of the chain, of the reverse SDE, and of the divergence.
    let chain = run("chain.json", &["--bound", "chain", "--steps", "20"]).0;
    assert_eq!(number(&chain, "/network_calls"), 20.0);
    let sum: f64 = (0..=20).map(|k| number(&chain, &format!("/terms/{k}/nats"))).sum();
    assert!((sum - number(&chain, "/nats/mean")).abs() < 1e-9 * sum.abs());
    let diffusion = run("diffusion.json", &["--bound", "diffusion"]).0;
    assert!(number(&diffusion, "/nats/mean") > number(&diffusion, "/truth/mean"));
    let divergence = run("kl.json", &["--bound", "kl", "--backward-noise", "0.5"]).0;
    assert!(number(&divergence, "/nats/mean") > 0.0);

    let refused = |more: &[&str], parts: &[&str]| {
        assert_refused(&fokker(&[&["likelihood", "runs/ring"], more].concat(), here), 2, parts);
    };
    refused(&["--truncation", "magic"], &["magic", "matched"]);
    refused(&["--bound", "chain", "--probes", "3"], &["--probes", "--bound"]);
    refused(&["--steps", "7"], &["steps", "dormand_prince"]);
    refused(&["--count", "0"], &["--count"]);
    refused(&["--first", "8192"], &["--first", "8192"]);
}

#[test]
fn images_are_dequantised_and_their_classes_known() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    write_config(here, "digits", r#"{ kind = "mnist" }"#, UNET);
    let dropout = "training.class_dropout=0.1";
    let trained = fokker(&["train", "digits.toml", "--set", "training.steps=2", "--set", dropout], here);
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    let run = |name: &str, more: &[&str]| {
        let mut arguments = vec!["likelihood", "runs/digits", "--count", "3", "--out", name];
        arguments.extend(more);
        let output = fokker(&arguments, here);
        assert!(output.status.success(), "{}", text(&output.stderr));
        here.join(name)
    };
    let few = ["--solver", "heun", "--steps", "8"];
    let report = run("digits.json", &few);
    assert_eq!(number(&report, "/offset_bits"), 7.0);
    assert_eq!(number(&report, "/dimension"), 784.0);
    let (bits, error) =
        (number(&report, "/bits_per_dimension/mean"), number(&report, "/bits_per_dimension/standard_error"));
    // What two steps from these weights came to. Another processor rounds otherwise, and Adam's first steps follow the signs of
    // gradients that are nearly zero; a network that knows nothing of pixels' range would be at 10.
    assert!((bits - 7.60).abs() < 0.1 && (0.05..0.2).contains(&error), "{bits} ± {error}");
    assert!(number(&report, "/bits_per_dimension/standard_error_probes") > 0.0);
    let without = run("without.json", &[&few[..], &["--unconditional"]].concat());
    assert_ne!(number(&without, "/bits_per_dimension/mean"), bits);
    // A null class that was never trained has no likelihood to speak of.
    let untrained = ["likelihood", "runs/digits", "--unconditional", "--set", "training.class_dropout=0"];
    assert_refused(&fokker(&untrained, here), 2, &["unconditional", "class_dropout"]);
    // Pixels on their levels, each with the probability of its cell.
    let chain = run("chain.json", &["--bound", "chain", "--steps", "4"]);
    assert_eq!(number(&chain, "/offset_bits"), 0.0);
    assert!(number(&chain, "/bits_per_dimension/mean") > 0.0);
    let kl = ["likelihood", "runs/digits", "--bound", "kl"];
    assert_refused(&fokker(&kl, here), 2, &["unconditional"]);
    assert_refused(&fokker(&[&kl[..], &["--unconditional"]].concat(), here), 2, &["mixture", "diffusion"]);
}
