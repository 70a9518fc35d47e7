//! `fokker evaluate`: what it measures, and what it refuses.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{DIGITS, MLP, MOONS, UNET, assert_refused, fokker, succeed, write_config};

/// Points on a line, which is no pair of moons.
fn points(folder: &Path, count: usize) {
    let rows: Vec<String> = (0..count).map(|k| format!("{0},{0}\n", k as f64 / count as f64)).collect();
    fs::write(folder.join("points.csv"), rows.concat()).unwrap();
}

fn json(arguments: &[&str], folder: &Path) -> Value {
    let text = succeed(arguments, folder);
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// A quantity of a report.
fn quantity<'a>(report: &'a Value, name: &str) -> &'a Value {
    let measured = report["evaluation"]["measured"].as_array().unwrap();
    measured.iter().find(|measured| measured["name"] == name).unwrap()
}

#[test]
fn points_in_a_file_are_measured_against_the_data_of_a_recipe() {
    let root = tempfile::tempdir().unwrap();
    points(root.path(), 200);
    let arguments = ["evaluate", "points.csv", "--against", "moons_2d", "--metric", "frechet", "--metric", "mmd"];
    let report = json(&[&arguments[..], &["--json", "--halves", "5"]].concat(), root.path());
    for name in ["frechet", "mmd"] {
        let found = quantity(&report, name);
        let [value, error, floor] =
            [&found["value"]["value"], &found["value"]["standard_error"], &found["floor"]["value"]]
                .map(|x| x.as_f64().unwrap());
        assert!(value > 5.0 * floor.abs() && error > 0.0, "{found}");
        assert_eq!(found["samples"], 200);
    }
    assert_eq!((&report["dimension"], &report["extractor"]), (&Value::from(2), &Value::from("values")));
    assert_eq!(report["copying"]["nearest"].as_array().unwrap().len(), 10);
    let table = succeed(&[&arguments[..], &["--count", "50"]].concat(), root.path());
    assert!(
        table.contains("points.csv against moons") && table.contains("frechet") && table.contains(" ± "),
        "{table}"
    );
}

#[test]
fn a_run_is_drawn_from_and_its_statistics_can_be_kept() {
    let root = tempfile::tempdir().unwrap();
    let file = write_config(root.path(), "moons", MOONS, MLP);
    succeed(&["train", file.to_str().unwrap(), "--set", "training.steps=2", "--set", "previews.every=0"], root.path());
    let run = ["evaluate", "runs/moons", "--count", "64", "--metric", "frechet", "--nearest", "0", "--json"];
    let data = quantity(&json(&[&run[..], &["--statistics", "moons.npz"]].concat(), root.path()), "frechet").clone();
    let statistics = json(&[&run[..], &["--against", "moons.npz"]].concat(), root.path());
    let found = quantity(&statistics, "frechet");
    let [one, other] = [&data, found].map(|measured| measured["value"]["value"].as_f64().unwrap());
    assert!((one / other - 1.0).abs() < 1e-9, "{one} {other}");
    assert!(found["floor"].is_null() && found["reference"].is_null(), "{found}");
}

#[test]
fn pictures_are_measured_against_the_data_of_their_run() {
    let root = tempfile::tempdir().unwrap();
    let file = write_config(root.path(), "digits", DIGITS, UNET);
    succeed(&["train", file.to_str().unwrap(), "--set", "training.steps=2", "--set", "previews.every=0"], root.path());
    succeed(&["sample", "runs/digits", "--count", "8", "--out", "drawn/"], root.path());
    let how =
        ["--extractor", "pixels", "--metric", "marginals", "--no-floor", "--halves", "3", "--nearest", "0", "--json"];
    let report = json(&[&["evaluate", "drawn", "--against", "runs/digits"], &how[..]].concat(), root.path());
    let found = quantity(&report, "marginal_wasserstein");
    assert_eq!((&found["samples"], &found["reference"]), (&Value::from(8), &Value::from(10_000)));
    // The same digits, drawn again.
    let again = json(&[&["evaluate", "runs/digits", "--count", "8"], &how[..]].concat(), root.path());
    assert_eq!(quantity(&again, "marginal_wasserstein"), found);
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    points(root.path(), 20);
    fs::write(root.path().join("wide.csv"), "1,2,3\n4,5,6\n").unwrap();
    fs::write(root.path().join("hole.csv"), "1,2\n4,NaN\n").unwrap();
    fs::write(root.path().join("one.csv"), "1,2\n").unwrap();
    let refused = |arguments: &[&str], code: i32, parts: &[&str]| {
        assert_refused(&fokker(&[&["evaluate"], arguments].concat(), root.path()), code, parts);
    };
    refused(&["points.csv"], 2, &["--against", "not a run"]);
    refused(&["points.csv", "--against", "mons"], 2, &["--against mons", "no such run", "moons_2d"]);
    refused(&["points.csv", "--against", "moons_2d", "--metric", "fid"], 2, &["frechet", "precision_recall"]);
    refused(&["points.csv", "--against", "moons_2d", "--extractor", "digits"], 2, &["--extractor digits", "vectors"]);
    let points = ["points.csv", "--against", "moons_2d", "--extractor"];
    refused(&[&points[..], &["fid"]].concat(), 2, &["unknown extractor `fid`", "`digits`, `inception`"]);
    refused(&[&points[..], &["inception"]].concat(), 2, &["--extractor inception", "--weights"]);
    #[cfg(not(feature = "onnx"))]
    refused(
        &[&points[..], &["onnx:features.onnx"]].concat(),
        2,
        &["--extractor onnx:features.onnx", "--features onnx"],
    );
    refused(&[&points[..], &["{ kind = 'pixels', size = 3 }"]].concat(), 2, &["unknown field `size`"]);
    refused(
        &[&points[..], &["inception", "--weights", "none.pth"]].concat(),
        1,
        &["none.pth", "cannot read the weights"],
    );
    refused(&[&points[..], &["inception", "--weights", "wide.csv"]].concat(), 1, &["wide.csv", "torch.save"]);
    refused(&["points.csv", "--against", "moons_2d", "--count", "1"], 2, &["--count 1", "at least 2"]);
    refused(&["wide.csv", "--against", "moons_2d"], 2, &["wide.csv", "[3]", "[2]"]);
    refused(&["hole.csv", "--against", "moons_2d"], 1, &["hole.csv", "row 1, column 1 is NaN"]);
    refused(&["one.csv", "--against", "moons_2d"], 1, &["one.csv", "1 row"]);
    refused(&["none.npy", "--against", "moons_2d"], 1, &["cannot read none.npy"]);
}
