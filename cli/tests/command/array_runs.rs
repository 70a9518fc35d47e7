//! Runs on tables and arrays: columns, classes, units.

use std::fs;
use std::path::Path;

use crate::support::{assert_refused, fokker, succeed, text, write_config};

const TABLE: &str = r#"{ kind = "array", path = "people.csv", labels = "city" }"#;
const MLP: &str = r#"{ kind = "mlp", dimension = 2, width = 16, blocks = 1, num_class_embeds = 3 }"#;

/// Heights around 170 and weights around 70, of two cities.
fn write_people(folder: &Path) {
    let rows = (0..40).map(|row| {
        let city = if row % 2 == 0 { "Oslo" } else { "Rome" };
        format!("{},{city},{}\n", 160 + row / 2, 50.0 + f64::from(row))
    });
    fs::write(folder.join("people.csv"), "height,city,weight\n".to_string() + &rows.collect::<String>()).unwrap();
}

/// The numbers of a table below its head.
fn rows(path: &Path, head: &str) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(head));
    lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect()
}

#[test]
fn a_table_is_learnt_in_its_own_units_and_needed_for_training_alone() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    write_people(here);
    write_config(here, "people", TABLE, MLP);
    let train =
        ["train", "people.toml", "--set", "preprocessing.scale=standardize", "--set", "training.class_dropout=0.1"];
    let trained = fokker(&train, here);
    let said = text(&trained.stderr);
    assert!(trained.status.success(), "{said}");
    assert!(said.contains("0 = Oslo, 1 = Rome"), "{said}");
    let kept = fs::read_to_string(here.join("runs/people/config.toml")).unwrap();
    for part in
        [r#"columns = ["height", "weight"]"#, "shape = [2]", r#"classes = ["Oslo", "Rome"]"#, "mean = [", "std = ["]
    {
        assert!(kept.contains(part), "{part} is not in {kept}");
    }

    // The same command goes on, and finds the same numbers although the configuration does not have them.
    succeed(&["resume", "runs/people", "--set", "training.steps=8"], here);
    write_people(here);
    // Without the table: it is not needed.
    fs::rename(here.join("people.csv"), here.join("moved.csv")).unwrap();
    succeed(&["sample", "runs/people", "--count", "64", "--class", "Rome", "--out", "drawn.csv"], here);
    let drawn = rows(&here.join("drawn.csv"), "height,weight");
    assert_eq!((drawn.len(), drawn[0].len()), (64, 2));
    let mean = |column: usize| drawn.iter().map(|row| row[column]).sum::<f64>() / 64.0;
    // Eight steps teach little, but the units are those of the table: deviations are about 6 and 12.
    assert!((mean(0) - 170.0).abs() < 20.0 && (mean(1) - 70.0).abs() < 40.0, "{} {}", mean(0), mean(1));
    fs::rename(here.join("moved.csv"), here.join("people.csv")).unwrap();

    // Other data under the same name are refused by key.
    fs::write(here.join("people.csv"), "height,city,weight\n1,Oslo,2\n3,Bern,4\n").unwrap();
    let resumed = fokker(&["resume", "runs/people", "--set", "training.steps=9"], here);
    assert_refused(&resumed, 2, &["data.classes", "Bern", "Oslo, Rome"]);
}

#[test]
fn what_does_not_fit_is_refused_by_its_place() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    write_people(here);
    write_config(here, "people", TABLE, MLP);
    let refused = |changes: &[&str], parts: &[&str]| {
        let changes = changes.iter().flat_map(|change| ["--set", change]);
        let arguments: Vec<&str> = ["train", "people.toml"].into_iter().chain(changes).collect();
        let output = fokker(&arguments, here);
        assert_refused(&output, output.status.code().unwrap_or(0), parts);
        assert!(!output.status.success());
    };
    refused(&["data.labels=town"], &["data.labels", "town", "height, city, weight"]);
    refused(&["data.columns=[\"height\"]"], &["network.dimension"]);
    refused(&["data.path=people.txt"], &["data.path", ".safetensors"]);
    refused(&["data.path=nobody.csv"], &["nobody.csv", "No such file"]);
    refused(&["preprocessing.scale=zero_one"], &["preprocessing.scale", "standardize"]);
    fs::write(here.join("people.csv"), "height,city,weight\n170,Oslo,\n").unwrap();
    refused(&[], &["people.csv", "line 2", "column weight"]);
    fs::write(here.join("people.csv"), "height,city,weight\n170,Oslo,60\n170,Rome,70\n").unwrap();
    refused(&["preprocessing.scale=standardize"], &["column 0 is 170 in all"]);
}

/// Fields of three sides that are no pictures: drawn as numbers, and never as pixels.
#[test]
fn fields_are_drawn_as_arrays() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (16, 1, 8, 8), }\n";
    let numbers = (0..16 * 64).flat_map(|number| ((number % 7) as f32 - 3.0).to_le_bytes());
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((head.len() as u16).to_le_bytes());
    file.extend(head.bytes().chain(numbers));
    fs::write(here.join("fields.npy"), file).unwrap();
    let unet = crate::support::UNET.replace(", num_class_embeds = 11", "");
    write_config(here, "fields", r#"{ kind = "array", path = "fields.npy" }"#, &unet);
    succeed(&["train", "fields.toml", "--set", "training.steps=2"], here);
    let said = succeed(&["sample", "runs/fields", "--count", "2", "--json"], here);
    assert!(said.contains("probability_flow-seed0.npy"), "{said}");
    for name in ["x.png", "x.webp"] {
        let refused = fokker(&["sample", "runs/fields", "--count", "2", "--out", name], here);
        assert_refused(&refused, 2, &[name, "[1, 8, 8]", ".npy"]);
    }
    let shown = fokker(&["sample", "runs/fields", "--count", "2", "--trajectory", "way.gif"], here);
    assert_refused(&shown, 2, &["way.gif", "only images"]);
}
