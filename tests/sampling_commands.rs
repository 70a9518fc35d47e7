//! Sampling from the command line: the list, trajectories, comparisons, and what Ctrl-C leaves behind.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{DIGITS, MLP, MOONS, UNET, assert_refused, command, fokker, succeed, text, write_config};

/// A grey picture that was drawn.
fn known(path: &Path) -> fokker::datasets::Picture {
    let grey = fokker::datasets::Channels::Grey(fokker::datasets::Background::WHITE);
    fokker::datasets::Picture::load(path, grey).unwrap()
}

/// A run of two steps.
fn train(folder: &Path, name: &str, data: &str, network: &str) {
    let file = write_config(folder, name, data, network);
    succeed(&["train", file.to_str().unwrap(), "--set", "training.steps=2", "--set", "previews.every=0"], folder);
}

#[test]
fn the_list_names_every_sampler() {
    let list = succeed(&["sample", "--list-samplers"], Path::new("."));
    for method in fokker::sampling::Method::ALL {
        assert!(list.lines().any(|line| line.starts_with(&format!("{} ", method.name()))), "{}", method.name());
    }
}

#[test]
fn every_sampler_is_reached_by_name_and_trajectories_are_pictures() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", MOONS, MLP);
    for method in fokker::sampling::Method::ALL {
        let mut arguments =
            vec!["sample", "runs/moons", "--count", "3", "--out", "out.csv", "--sampler", method.name()];
        if method != fokker::sampling::Method::DormandPrince {
            arguments.extend(["--steps", "3"]);
        }
        let output = fokker(&arguments, root.path());
        assert!(output.status.success(), "{}: {}", method.name(), text(&output.stderr));
        assert!(text(&output.stderr).contains("network calls"));
    }
    let refused = fokker(&["sample", "runs/moons", "--sampler", "dormand_prince", "--steps", "3"], root.path());
    assert_refused(&refused, 2, &["tolerance"]);

    train(root.path(), "digits", DIGITS, UNET);
    for (name, frames) in [("strip.png", "4"), ("film.gif", "5")] {
        let arguments =
            ["sample", "runs/digits", "--count", "3", "--columns", "3", "--trajectory", name, "--frames", frames];
        succeed(&arguments, root.path());
        let bytes = std::fs::read(root.path().join(name)).unwrap();
        match name {
            // Width and height of a PNG are the big-endian numbers from byte 16 on: 4 and 3 tiles of 28, gaps of 2.
            "strip.png" => assert_eq!(bytes[16..24], [0, 0, 0, 118, 0, 0, 0, 88]),
            // Width and height of a GIF are little-endian, from byte 6 on.
            _ => assert_eq!((&bytes[..6], &bytes[6..10]), (&b"GIF89a"[..], &[88, 0, 28, 0][..])),
        }
    }
    let picture = |name: &str, side: usize, value: fn(usize) -> u8| {
        let pictures =
            fokker::sampling::Pictures { shape: [1, side, side], pixels: (0..side * side).map(value).collect() };
        pictures.save_grid(&root.path().join(name), 1).unwrap();
    };
    // The left half is known to be grey.
    picture("grey.png", 28, |_| 200);
    picture("left.png", 28, |k| if k % 28 < 14 { 255 } else { 0 });
    picture("small.png", 7, |k| 5 * k as u8);
    let sample = |more: &[&str]| {
        let arguments = [&["sample", "runs/digits", "--count", "1", "--columns", "1", "--measured"], more].concat();
        fokker(&arguments, root.path())
    };
    for technique in ["replacement", "gradient"] {
        let ways = [["grey.png", "--mask", "left.png"], ["small.png", "--factor", "4"]];
        for way in ways {
            let output = sample(&[&way[..], &["--technique", technique, "--out", "known.png"]].concat());
            assert!(output.status.success(), "{}", text(&output.stderr));
            let drawn = known(&root.path().join("known.png"));
            if technique == "replacement" && way[1] == "--mask" {
                assert!(drawn.pixels.chunks(28).all(|row| row[..14].iter().all(|&pixel| pixel == 200)));
                assert!(drawn.pixels.iter().any(|&pixel| pixel != 200));
            }
        }
    }
    let wrong = [
        (&["grey.png"][..], "--mask or --factor"),
        (&["small.png", "--mask", "left.png"], "7×7"),
        (&["small.png", "--factor", "3"], "does not divide"),
        (&["grey.png", "--mask", "left.png", "--sampler", "langevin"], "gradient"),
    ];
    for (arguments, reason) in wrong {
        let output = sample(arguments);
        assert!(!output.status.success() && text(&output.stderr).contains(reason), "{}", text(&output.stderr));
    }
    let arguments = ["compare-samplers", "runs/moons", "--samplers", "ddim,unipc", "--calls", "5,10", "--count", "50"];
    assert!(succeed(&arguments, root.path()).contains("| `unipc` |"));
    assert!(root.path().join("samplers/samplers.svg").is_file());
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_half_written() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", MOONS, MLP);
    // One file is there already, the folder of the other is not.
    let earlier = root.path().join("points.csv");
    succeed(&["sample", "runs/moons", "--count", "3", "--out", "points.csv"], root.path());
    let before = std::fs::read(&earlier).unwrap();
    let arguments = ["sample", "runs/moons", "--sampler", "reverse_sde", "--steps", "1000000", "--seed", "1"];
    let mut child = command(&arguments, root.path())
        .args(["--out", "points.csv", "--trajectory", "out/film.gif"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It listens before it says what it reads; the steps would take a minute.
    let mut says = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(says.any(|line| line.unwrap().contains("step-00000002 on ")));
    std::thread::sleep(Duration::from_millis(300));
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let asked = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(asked.elapsed() < Duration::from_secs(20), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    assert_eq!(std::fs::read(&earlier).unwrap(), before);
    let mut left: Vec<_> = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["moons.toml", "points.csv", "runs"]);
}

/// The gradient leads known pixels to what was measured, to within a few levels, whatever the scale of the data.
#[test]
fn gradients_follow_what_is_measured_under_any_scale() {
    let root = tempfile::tempdir().unwrap();
    let save = |name: &str, value: fn(usize) -> u8| {
        let pixels = (0..784).map(value).collect();
        fokker::sampling::Pictures { shape: [1, 28, 28], pixels }.save_grid(&root.path().join(name), 1).unwrap();
    };
    save("stripes.png", |k| if k / 28 % 8 < 4 { 230 } else { 20 });
    save("left.png", |k| if k % 28 < 14 { 255 } else { 0 });
    let file = write_config(root.path(), "digits", DIGITS, UNET);
    // Of a network that has learnt nothing, EDM's output is the denoiser of data of deviation sigma_data: MNIST's.
    for (scale, deviation) in [("minus_one_one", "0.616"), ("zero_one", "0.308")] {
        let [name, scaled, sigma] = [
            format!("name={scale}"),
            format!("preprocessing.scale={scale}"),
            format!("parameterization.sigma_data={deviation}"),
        ];
        let arguments = ["train", file.to_str().unwrap(), "--set", "training.steps=1", "--set", "previews.every=0"];
        succeed(&[&arguments[..], &["--set", &name, "--set", &scaled, "--set", &sigma]].concat(), root.path());
        let run = format!("runs/{scale}");
        let drawing = ["sample", &run, "--count", "1", "--columns", "1", "--steps", "40", "--out", "known.png"];
        let measured = ["--measured", "stripes.png", "--mask", "left.png", "--technique", "gradient"];
        succeed(&[&drawing[..], &measured].concat(), root.path());
        let drawn = known(&root.path().join("known.png"));
        for (k, &pixel) in drawn.pixels.iter().enumerate().filter(|(k, _)| k % 28 < 14) {
            let expected: u8 = if k / 28 % 8 < 4 { 230 } else { 20 };
            assert!(pixel.abs_diff(expected) <= 4, "{scale}: pixel {k} is {pixel}, measured {expected}");
        }
    }
}
