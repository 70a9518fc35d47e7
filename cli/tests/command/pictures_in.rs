//! Pictures and arrays that go into a run: starts, noise, interpolation, and grids of choices.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{
    DIGITS, MLP, MOONS, UNET, assert_refused, checkout, fokker, grey_picture, succeed, text, write_config,
};

/// A run of two steps.
fn train(folder: &Path, name: &str, data: &str, network: &str) {
    let file = write_config(folder, name, data, network);
    let dropout = ["--set", "training.class_dropout=0.1"];
    let few = ["train", file.to_str().unwrap(), "--set", "training.steps=2", "--set", "previews.every=0"];
    succeed(&[&few[..], if network == UNET { &dropout } else { &[] }].concat(), folder);
}

fn save(folder: &Path, name: &str, side: usize, value: impl Fn(usize) -> u8) {
    let pixels = (0..side * side).map(value).collect();
    fokker::samples::Pictures { shape: [1, side, side], pixels }.save_grid(&folder.join(name), 1).unwrap();
}

/// Digits with classes and moons, and what the page calls its pictures.
fn runs_and_pictures() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    train(here, "digits", DIGITS, UNET);
    train(here, "moons", MOONS, MLP);
    save(here, "seven.png", 28, |k| if k / 28 == 5 || k % 28 == 18 { 240 } else { 10 });
    save(here, "three.png", 28, |k| (k % 251) as u8);
    fs::create_dir(here.join("pictures")).unwrap();
    for name in ["2.png", "10.png"] {
        save(here, &format!("pictures/{name}"), 28, |k| if name == "2.png" { 200 } else { (k / 28 * 9) as u8 });
    }
    fs::write(here.join("points.csv"), "0.5,-0.25\n-1,0.3\n1.2,0\n").unwrap();
    root
}

fn table(path: &Path) -> Vec<Vec<f32>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(|number| number.parse().unwrap()).collect()).collect()
}

fn distance(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().flatten().zip(other.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// One object on standard output.
fn object(arguments: &[&str], folder: &Path) -> Value {
    let said = succeed(&[&["--json"], arguments].concat(), folder);
    assert_eq!(said.lines().count(), 1, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let root = runs_and_pictures();
    let page = fs::read_to_string(checkout().join("docs/PICTURES_IN.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let mut ran = 0;
    for line in blocks.flat_map(str::lines) {
        let words: Vec<&str> = line.strip_prefix("fokker ").unwrap().split_whitespace().collect();
        let said = succeed(&words, root.path());
        let out = words.iter().position(|word| *word == "--out").map(|at| words[at + 1]).unwrap();
        assert!(said.contains(out) && root.path().join(out).is_file(), "{line}: {said}");
        ran += 1;
    }
    assert!(ran >= 14, "{ran}");
    assert_eq!(fs::read_dir(root.path().join("between")).unwrap().count(), 9);
    // Strips of nine tiles of 28, ten to a row, with gaps of 2.
    assert_eq!(grey_picture(&root.path().join("between.png")).shape, [1, 28, 9 * 30 - 2]);
    // The noise of both pictures, one row each; words stand at the grid of choices.
    assert_eq!(table(&root.path().join("noises.csv")).len(), 5);
    let choices = grey_picture(&root.path().join("choices.png")).shape;
    assert!(choices[1] > 6 * 58 && choices[2] > 3 * 58, "{choices:?}");
}

#[test]
fn strength_goes_from_the_start_to_a_draw() {
    let root = runs_and_pictures();
    let here = root.path();
    let draw = |more: &[&str]| {
        let arguments = ["sample", "runs/moons", "--seed", "3", "--out", "out.csv"];
        let object = object(&[&arguments[..], more].concat(), here);
        (table(&here.join("out.csv")), object)
    };
    let start = table(&here.join("points.csv"));
    let (same, object) = draw(&["--start", "points.csv", "--strength", "0"]);
    assert_eq!(same, start);
    assert_eq!((&object["count"], &object["network_calls"], &object["step"]), (&3.into(), &0.into(), &2.into()));
    let (plain, _) = draw(&["--count", "3"]);
    let (forgotten, _) = draw(&["--start", "points.csv", "--strength", "1"]);
    assert_eq!(forgotten, plain);
    let (near, object) = draw(&["--start", "points.csv", "--strength", "0.25"]);
    // One of four steps of Heun's method, and the last one to the data.
    assert_eq!(object["network_calls"], 3);
    let begins = &object["beginning"];
    assert_eq!(begins["strength"], 0.25);
    assert!(begins["noise_level"].as_f64().unwrap() > 0.0 && begins["time"].as_f64().unwrap() < 1.0, "{begins}");
    assert!(distance(&near, &start) > 0.0 && distance(&near, &start) < distance(&plain, &start));
    // One start serves all samples, by the same numbers in any batch, and pictures come back pixel for pixel.
    fs::write(here.join("one.csv"), "0.5,-0.25\n").unwrap();
    let (all, _) = draw(&["--start", "one.csv", "--strength", "0.5", "--count", "5"]);
    let (rest, _) =
        draw(&["--start", "one.csv", "--strength", "0.5", "--first", "3", "--count", "2", "--batch-size", "1"]);
    assert_eq!(rest, all[3..]);
    succeed(
        &["sample", "runs/digits", "--start", "seven.png", "--strength", "0", "--count", "1", "--out", "same.png"],
        here,
    );
    assert_eq!(grey_picture(&here.join("same.png")), grey_picture(&here.join("seven.png")));
}

#[test]
fn noise_leads_back_and_interpolation_has_its_ends() {
    let root = runs_and_pictures();
    let here = root.path();
    let fine = ["--sampler", "dormand_prince", "--set", "sampler={ kind = 'dormand_prince', denoise = false }"];
    let encode = |name: &str, out: &str| {
        object(&[&["encode", "runs/moons", name, "--out", out, "--decoded", "back.csv"][..], &fine].concat(), here)
    };
    let all = encode("points.csv", "noise.csv");
    let (points, back) = (table(&here.join("points.csv")), table(&here.join("back.csv")));
    let largest = all["error"]["largest"].as_f64().unwrap();
    assert!(largest < 1e-3 && f64::from(distance(&points, &back)) <= largest * 1.01 + 1e-6, "{largest}");
    assert_eq!((all["count"].as_u64(), all["data"].as_array().map(Vec::len)), (Some(3), Some(3)));
    assert!(all["network_calls"]["encoding"].as_u64() > Some(6) && all["data"][0]["noise"]["std"].is_number());
    // Drawn from the noise by the same sampler it is what was decoded.
    let sample = ["sample", "runs/moons", "--noise", "noise.csv", "--out", "again.csv"];
    succeed(&[&sample[..], &fine].concat(), here);
    assert_eq!(table(&here.join("again.csv")), back);
    // The ends of the arc between the first two points are these points.
    fs::write(here.join("a.csv"), "0.5,-0.25\n").unwrap();
    fs::write(here.join("b.csv"), "-1,0.3\n").unwrap();
    let between = ["interpolate", "runs/moons", "a.csv", "b.csv", "--count", "4", "--out", "path.csv"];
    let said = object(&[&between[..], &fine].concat(), here);
    let path = table(&here.join("path.csv"));
    assert_eq!((path.len(), said["count"].as_u64()), (4, Some(4)));
    assert!(distance(&[path[0].clone(), path[3].clone()], &points[..2]) < 1e-3, "{path:?}");
    assert!(said["degrees"].as_f64().unwrap() > 0.0);
    // Seeds: the ends are what the seeds draw.
    succeed(&["interpolate", "runs/moons", "3", "8", "--of", "seeds", "--count", "3", "--out", "path.csv"], here);
    let path = table(&here.join("path.csv"));
    for (seed, end) in [("3", &path[0]), ("8", &path[2])] {
        succeed(&["sample", "runs/moons", "--seed", seed, "--count", "1", "--out", "end.csv"], here);
        assert_eq!(&table(&here.join("end.csv"))[0], end);
    }
}

#[test]
fn choices_have_the_same_noise() {
    let root = runs_and_pictures();
    let here = root.path();
    let one = |class: &str, guidance: &str| {
        let arguments =
            ["sample", "runs/digits", "--count", "2", "--class", class, "--guidance", guidance, "--out", "one.csv"];
        succeed(&arguments, here);
        table(&here.join("one.csv"))
    };
    let arguments =
        ["sample", "runs/digits", "--count", "2", "--classes", "3,1", "--guidance", "0,2", "--out", "all.csv"];
    let said = object(&arguments, here);
    assert_eq!((&said["classes"], said["drawn"].as_u64()), (&serde_json::json!(["3", "1"]), Some(8)));
    let all = table(&here.join("all.csv"));
    let expected =
        [("3", "0"), ("3", "2"), ("1", "0"), ("1", "2")].map(|(class, guidance)| one(class, guidance)).concat();
    assert!(distance(&all, &expected) < 1e-3 && all.len() == 8);
}

#[test]
fn what_does_not_fit_is_refused_before_work_starts() {
    let root = runs_and_pictures();
    let here = root.path();
    save(here, "small.png", 14, |_| 7);
    fs::create_dir(here.join("mixed")).unwrap();
    save(here, "mixed/a.png", 28, |_| 7);
    save(here, "mixed/b.png", 20, |_| 7);
    fs::create_dir(here.join("none")).unwrap();
    fs::write(here.join("empty.png"), "").unwrap();
    fs::write(here.join("empty.csv"), "").unwrap();
    fs::write(here.join("nan.csv"), "0.5,nan\n").unwrap();
    fs::write(here.join("three.csv"), "1,2,3\n").unwrap();
    let digits = ["sample", "runs/digits", "--out", "never.csv"];
    let moons = ["sample", "runs/moons", "--out", "never.csv"];
    let wrong: &[(&[&str], &[&str], &[&str])] = &[
        (&digits, &["--start", "small.png"], &["small.png", "14×14", "28×28", "resize"]),
        (&digits, &["--start", "mixed"], &["b.png", "20×20", "28×28"]),
        (&digits, &["--start", "none"], &["none", "no picture"]),
        (&digits, &["--start", "empty.png"], &["empty.png", "empty"]),
        (&digits, &["--start", "absent.png"], &["absent.png", "no such"]),
        (&digits, &["--start", "points.csv"], &["points.csv", "[3, 2]", "[1, 28, 28]"]),
        (&digits, &["--classes", "3,33"], &["--class", "33", "0 to 9"]),
        (&digits, &["--classes", "3,cat"], &["--class cat", "no such class"]),
        (&digits, &["--noise", "seven.png"], &["seven.png", ".npy"]),
        (&moons, &["--start", "seven.png"], &["seven.png", "[2]", ".csv"]),
        (&moons, &["--start", "nan.csv"], &["nan.csv", "NaN", "finite"]),
        (&moons, &["--start", "empty.csv"], &["empty.csv"]),
        (&moons, &["--start", "three.csv"], &["three.csv", "[1, 3]", "[2]"]),
        (&moons, &["--start", "points.csv", "--strength", "1.5"], &["--strength", "1.5", "between 0"]),
        (&moons, &["--start", "points.csv", "--strength", "-0.1"], &["--strength", "-0.1"]),
        (&moons, &["--start", "points.csv", "--strength", "nan"], &["--strength", "finite"]),
        (&moons, &["--strength", "0.5"], &["--strength", "--start"]),
        (&moons, &["--start", "points.csv", "--sampler", "langevin"], &["--start", "langevin", "smallest time"]),
        (&moons, &["--start", "points.csv", "--count", "4"], &["--start", "there are 3", "count 3"]),
        (&moons, &["--noise", "points.csv", "--first", "2", "--count", "2"], &["--noise", "there are 3", "count 1"]),
        (&moons, &["--noise", "three.csv"], &["three.csv", "noise"]),
        (&moons, &["--classes", "1,2"], &["--class", "without classes"]),
        (&["encode", "runs/digits"], &["seven.png", "--out", "never.csv"], &["--class", "unconditional"]),
        (&["encode", "runs/moons"], &["points.csv", "--out", "never.png"], &["never.png", ".npy"]),
        (
            &["encode", "runs/moons"],
            &["points.csv", "--sampler", "ancestral"],
            &["ancestral", "noise", "probability_flow"],
        ),
        (&["encode", "runs/moons"], &["points.csv", "--class", "1"], &["--class", "without classes"]),
        (&["interpolate", "runs/moons"], &["points.csv", "points.csv"], &["points.csv", "holds 3"]),
        (&["interpolate", "runs/moons"], &["1", "two", "--of", "seeds"], &["two", "seed"]),
        (&["interpolate", "runs/moons"], &["1", "2", "--of", "seeds", "--count", "1"], &["--count 1", "at least 2"]),
        (
            &["interpolate", "runs/moons"],
            &["1", "2", "--of", "seeds", "--sampler", "sra"],
            &["--sampler", "sra", "noise"],
        ),
    ];
    for (command, more, parts) in wrong {
        let output = fokker(&[*command, *more].concat(), here);
        let code = output.status.code().unwrap();
        assert!(code == 1 || code == 2, "{more:?}: {code}: {}", text(&output.stderr));
        assert_refused(&output, code, parts);
        assert!(!here.join("never.csv").exists(), "{more:?}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_encoded() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    let root = runs_and_pictures();
    let many: String = (0..400).map(|k| format!("{},0.5\n", f64::from(k) * 0.005)).collect();
    fs::write(root.path().join("many.csv"), many).unwrap();
    let arguments =
        ["--json", "encode", "runs/moons", "many.csv", "--steps", "200", "--batch-size", "2", "--out", "noise.npy"];
    let mut child = crate::support::in_foreground(&arguments, root.path());
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let partial = root.path().join(".noise.npy.partial");
    let start = Instant::now();
    while fs::metadata(&partial).map_or(true, |file| file.len() <= 128) {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(2));
    }
    crate::support::signal(child.id(), "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = said["count"].as_u64().unwrap();
    assert!(0 < count && count < 400 && said["finished"] == false, "{said}");
    let bytes = fs::metadata(root.path().join("noise.npy")).unwrap().len();
    assert_eq!(bytes, 128 + 8 * count);
}
