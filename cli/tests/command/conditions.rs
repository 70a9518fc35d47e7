//! Runs under conditions, from training to samples: a known part of a picture, numbers of a table, signals.

use std::fs;
use std::path::Path;

use fokker::samples::Pictures;

use crate::support::{DIGITS, assert_refused, fokker, grey_picture, succeed, write_config};

const UNET: &str = r#"{ kind = "unet", in_channels = 1, out_channels = 1, block_out_channels = [8, 8], condition_channels = 2,
  layers_per_block = 1, down_block_types = ["DownBlock2D", "DownBlock2D"], up_block_types = ["UpBlock2D", "UpBlock2D"],
  norm_num_groups = 4, add_attention = false }"#;
const SIGNALS: &str = r#"{ kind = "unet", dimensions = 1, in_channels = 1, out_channels = 1, block_out_channels = [8, 8],
  condition_size = 1, condition_channels = 1, layers_per_block = 1, down_block_types = ["DownBlock2D", "AttnDownBlock2D"],
  up_block_types = ["AttnUpBlock2D", "UpBlock2D"], attention_head_dim = 8, norm_num_groups = 4 }"#;

fn train(config: &Path, folder: &Path, changes: &[&str]) {
    let changes = changes.iter().flat_map(|change| ["--set", change]);
    let arguments: Vec<&str> = ["train", config.to_str().unwrap()].into_iter().chain(changes).collect();
    succeed(&arguments, folder);
}

#[test]
fn a_picture_is_completed_from_the_part_that_is_given() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    let config = write_config(here, "digits", DIGITS, UNET);
    let part = "condition.array={ kind = \"part\", rows = [14, 28] }";
    train(&config, here, &[part, "training.steps=20", "training.condition_dropout=0.2", "previews.every=20"]);
    assert!(here.join("runs/digits/samples/step-00000020.png").is_file());
    let save = |name: &str, value: fn(usize) -> u8| {
        Pictures { shape: [1, 28, 28], pixels: (0..784).map(value).collect() }.save_grid(&here.join(name), 1).unwrap();
    };
    save("bright.png", |place| if place >= 392 { 255 } else { 0 });
    // The upper half is not known, so it changes nothing.
    save("bright_too.png", |_| 255);
    save("dark.png", |_| 0);
    let drawn = |condition: &str, more: &[&str]| {
        let common =
            ["sample", "runs/digits", "--count", "3", "--columns", "3", "--condition", condition, "--out", "grid.png"];
        succeed(&[&common[..], more].concat(), here);
        grey_picture(&here.join("grid.png")).pixels
    };
    let bright = drawn("bright.png", &[]);
    assert_eq!(drawn("bright_too.png", &[]), bright);
    assert!(drawn("dark.png", &[]) != bright && drawn("none", &[]) != bright);
    assert!(drawn("bright.png", &["--guidance", "3"]) != bright);
    // A batch of one is a batch of three, up to rounding to levels on the way to another shape of the arrays.
    let one = drawn("bright.png", &["--batch-size", "1"]);
    assert!(one.iter().zip(&bright).all(|(a, b)| a.abs_diff(*b) <= 1));

    assert_refused(
        &fokker(&["sample", "runs/digits"], here),
        2,
        &["--condition", "an array of 2 channels", "none is given"],
    );
    let wrong = fokker(&["sample", "runs/digits", "--condition", "0.3,1.2"], here);
    assert_refused(&wrong, 2, &["--condition", "[2]", "[1, 28, 28]"]);
    let likelihood = ["likelihood", "runs/digits", "--count", "2", "--steps", "2"];
    succeed(&[&likelihood[..], &["--solver", "euler"]].concat(), here);
    let refused = |changes: &[&str], parts: &[&str]| {
        let changes = changes.iter().flat_map(|change| ["--set", change]);
        let arguments: Vec<&str> =
            ["train", "digits.toml", "--set", "name=refused"].into_iter().chain(changes).collect();
        assert_refused(&fokker(&arguments, here), 2, parts);
    };
    refused(&[], &["network.condition_channels", "condition.array"]);
    refused(&[part, "network.condition_channels=3"], &["network.condition_channels", "2 channels"]);
    refused(&["condition.array={ kind = \"part\", rows = [14, 29] }"], &["condition.array.rows", "14 to 29"]);
    refused(&["condition.array={ kind = \"parts\" }"], &["`part`", "`small`"]);
}

/// What training pictures are moved by is seen in training alone: nobody who draws has to know of it.
#[test]
fn pictures_are_moved_in_training_and_samples_are_not() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    let network = UNET.replace("condition_channels = 2", "augmentation_size = 9");
    let config = write_config(here, "moved", DIGITS, &network);
    let moved = "preprocessing.augmentation={ probability = 0.5, rotation = 0.1 }";
    train(&config, here, &[moved, "training.steps=4"]);
    train(&config, here, &[moved, "training.steps=2", "name=parts"]);
    succeed(&["resume", "runs/parts", "--set", "training.steps=4"], here);
    let drawn = |run: &str| {
        succeed(&["sample", run, "--count", "2", "--out", "out.npy"], here);
        fs::read(here.join("out.npy")).unwrap()
    };
    assert_eq!(drawn("runs/moved"), drawn("runs/parts"));
    let likelihood = ["likelihood", "runs/moved", "--count", "2", "--steps", "2", "--solver", "euler"];
    succeed(&likelihood, here);
    let refused = |changes: &[&str], parts: &[&str]| {
        let changes = changes.iter().flat_map(|change| ["--set", change]);
        let arguments: Vec<&str> =
            ["train", "moved.toml", "--set", "name=refused"].into_iter().chain(changes).collect();
        assert_refused(&fokker(&arguments, here), 2, parts);
    };
    refused(&[], &["preprocessing.augmentation", "network.augmentation_size"]);
    refused(&[moved, "network.augmentation_size=8"], &["preprocessing.augmentation", "augmentation_size = 9"]);
    refused(&["preprocessing.augmentation={ scaling = 2.0 }"], &["preprocessing.augmentation.scaling", "0 to 1"]);
}

/// Signals with a number and another signal each; a run with a break has the weights of one without.
#[test]
fn signals_are_drawn_for_numbers_and_signals_from_files() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    let mut head = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 1, 16), }");
    let file = |name: &str, head: &str, values: &mut dyn Iterator<Item = f32>| {
        let mut bytes = b"\x93NUMPY\x01\0\x76\0".to_vec();
        bytes.extend(head.bytes());
        bytes.extend(values.flat_map(f32::to_le_bytes));
        fs::write(here.join(name), bytes).unwrap();
    };
    let wave = |row: usize, step: usize| (0.3 * step as f32 + row as f32).sin();
    file("signals.npy", &head, &mut (0..320).map(|place| wave(place / 16, place % 16)));
    file("others.npy", &head, &mut (0..320).map(|place| 5.0 + wave(place / 16, place % 16).abs()));
    head = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (20,), }");
    file("numbers.npy", &head, &mut (0..20).map(|row| 100.0 + row as f32));
    let data = r#"{ kind = "array", path = "signals.npy", vector = ["numbers.npy"], joined = "others.npy" }"#;
    let config = write_config(here, "signals", data, SIGNALS);
    let whole = ["name=whole", "training.condition_dropout=0.3", "training.steps=6"];
    train(&config, here, &whole);
    train(&config, here, &["name=parts", "training.condition_dropout=0.3", "training.steps=4"]);
    succeed(&["resume", "runs/parts", "--set", "training.steps=6"], here);
    let kept = fs::read_to_string(here.join("runs/whole/config.toml")).unwrap();
    for part in
        ["vector_size = 1", "joined_channels = 1", "[condition.vector_units]", "[condition.array_units]", "mean = [1"]
    {
        assert!(kept.contains(part), "{part} is not in {kept}");
    }
    // Without the data: they are not needed. Three signals in turn, under one number.
    fs::rename(here.join("signals.npy"), here.join("moved.npy")).unwrap();
    let drawn = |run: &str| {
        let out = format!("{run}.csv");
        let run = format!("runs/{run}");
        let conditions = ["--condition", "105", "--condition", "others.npy"];
        succeed(&[&["sample", &run, "--count", "4", "--out", &out][..], &conditions].concat(), here);
        fs::read_to_string(here.join(out)).unwrap()
    };
    let text = drawn("whole");
    assert_eq!(text, drawn("parts"));
    assert_eq!((text.lines().count(), text.lines().next().unwrap().split(',').count()), (4, 16));
    assert_refused(&fokker(&["sample", "runs/whole", "--condition", "105"], here), 2, &["an array of 1 channels"]);
    // Signals are encoded under conditions, and what lies between two of them is drawn under one.
    let one = ["--condition", "105", "--condition", "one.csv"];
    fs::write(here.join("one.csv"), vec!["5.5"; 16].join(",") + "\n").unwrap();
    let encode = ["encode", "runs/whole", "moved.npy", "--out", "noise.npy", "--steps", "4"];
    let noise = |more: &[&str]| {
        succeed(&[&encode[..], more].concat(), here);
        fs::read(here.join("noise.npy")).unwrap()
    };
    assert!(noise(&one) != noise(&["--condition", "90", "--condition", "one.csv"]));
    assert_refused(&fokker(&encode, here), 2, &["--condition", "none is given"]);
    let between = ["interpolate", "runs/whole", "1", "2", "--of", "seeds", "--count", "3", "--out", "between.npy"];
    succeed(&[&between[..], &one].concat(), here);
    let several = ["--condition", "105", "--condition", "others.npy"];
    assert_refused(&fokker(&[&between[..], &several].concat(), here), 2, &["--condition", "20 of them"]);
}
