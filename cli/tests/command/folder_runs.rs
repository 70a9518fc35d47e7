//! Runs on folders of pictures: classes by name, hardly any data, transparency.

use std::fs;
use std::path::Path;

use crate::support::{UNET, assert_refused, command, fokker, grey_picture, succeed, text, write_config};
use fokker::samples::Pictures;

const FOLDER: &str = r#"{ kind = "folder", path = "pictures", size = 8, channels = 1 }"#;

/// A grey picture.
fn picture(path: &Path, value: u8) {
    Pictures { shape: [1, 8, 8], pixels: vec![value; 64] }.save_grid(path, 1).unwrap();
}

/// The arguments of a training of one step.
fn train<'a>(config: &'a Path, changes: &[&'a str]) -> Vec<&'a str> {
    let fixed =
        ["preprocessing.scale=minus_one_one", "training.steps=1", "previews.every=0", "training.validate_every=1"];
    let changes = fixed.iter().chain(changes).flat_map(|change| ["--set", change]);
    ["train", config.to_str().unwrap()].into_iter().chain(changes).collect()
}

#[test]
fn classes_are_named_kept_and_checked() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    for (value, class) in [(20, "1"), (90, "2"), (200, "10")] {
        (0..3).for_each(|k| picture(&here.join(format!("pictures/{class}/{k}.png")), value));
    }
    let config = write_config(here, "classes", FOLDER, UNET);
    let rows = ["data.labels=true", "network.num_class_embeds=4"];
    let trained = fokker(&train(&config, &rows), here);
    let said = text(&trained.stderr);
    assert!(trained.status.success(), "{said}");
    assert!(said.contains("0 = 1, 1 = 2, 2 = 10"), "{said}");
    assert!(said.contains("training.class_dropout = 0"), "{said}");
    for file in ["config.toml", "checkpoints/step-00000001/config.toml"] {
        let kept = fs::read_to_string(here.join("runs/classes").join(file)).unwrap();
        assert!(kept.contains(r#"classes = ["1", "2", "10"]"#), "{kept}");
    }

    // By its name; class 2 is called 10.
    let draw = |class: &str| {
        succeed(&["sample", "runs/classes", "--count", "1", "--class", class, "--out", "drawn.png"], here);
        fs::read(here.join("drawn.png")).unwrap()
    };
    assert_eq!(draw("10"), draw("10"));
    assert_ne!(draw("10"), draw("1"));
    let refused = |class: &str, parts: &[&str]| {
        assert_refused(&fokker(&["sample", "runs/classes", "--class", class], here), 2, parts);
    };
    refused("cats", &["--class cats", "1, 2, 10"]);
    let guided = fokker(&["sample", "runs/classes", "--count", "1", "--guidance", "2", "--out", "a.png"], here);
    assert!(text(&guided.stderr).contains("training.class_dropout = 0"), "{}", text(&guided.stderr));

    // Another mapping is refused by name, and an unused one is said.
    picture(&here.join("pictures/3/0.png"), 5);
    let more = ["resume", "runs/classes", "--set", "training.steps=2"];
    assert_refused(&fokker(&more, here), 2, &["data.classes", "3", "1, 2, 10"]);
    fs::remove_dir_all(here.join("pictures/3")).unwrap();
    succeed(&more, here);
    let rowless = UNET.replace(", num_class_embeds = 11", "");
    let config = write_config(here, "rowless", FOLDER, &rowless);
    let unused = fokker(&train(&config, &["data.labels=true"]), here);
    assert!(unused.status.success() && text(&unused.stderr).contains("data.labels = true"), "{}", text(&unused.stderr));
    assert_refused(&fokker(&train(&config, &["network.num_class_embeds=4", "name=x"]), here), 2, &["data.labels"]);
}

#[test]
fn one_picture_is_enough_and_four_channels_are_drawn() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    picture(&here.join("pictures/only.png"), 100);
    let rowless = UNET.replace(", num_class_embeds = 11", "");
    let config = write_config(here, "one", FOLDER, &rowless);
    let trained = fokker(&train(&config, &["training.batch_size=64", "data.validation_fraction=0"]), here);
    let said = text(&trained.stderr);
    assert!(trained.status.success(), "{said}");
    assert!(said.contains("nothing held out") && said.contains("training.validate_every = 1 has no effect"), "{said}");
    let metrics = fs::read_to_string(here.join("runs/one/metrics.jsonl")).unwrap();
    assert!(metrics.contains("\"loss\"") && !metrics.contains("validation_loss"), "{metrics}");
    let absent = ["likelihood", "runs/one", "--count", "1"];
    assert_refused(&fokker(&absent, here), 2, &["data.validation_fraction"]);
    assert_refused(&fokker(&[&absent[..], &["--split", "test"]].concat(), here), 2, &["data.test_fraction"]);

    let channels = ["name=rgba", "data.channels=4", "network.in_channels=4", "network.out_channels=4"];
    succeed(&train(&config, &channels), here);
    succeed(&["sample", "runs/rgba", "--count", "2", "--out", "rgba.png"], here);
    assert!(here.join("rgba.png").is_file());
}

/// A training of pictures that are kept on the disk goes on with them in memory, to the bits of one that was never stopped.
#[test]
fn rectangles_train_from_the_disk_as_from_memory() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    for value in 0..12 {
        let shape = [1, 9, 14];
        let pixels = (0..126).map(|place| 20 * value + place).collect();
        Pictures { shape, pixels }.save_grid(&here.join(format!("pictures/{value}.png")), 1).unwrap();
    }
    let rowless = UNET.replace(", num_class_embeds = 11", "");
    let config = write_config(here, "whole", FOLDER, &rowless);
    let cached = |arguments: &[&str]| {
        let output = command(arguments, here).env("FOKKER_CACHE", here.join("caches")).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    let shape = ["data.size=[8, 12]", "data.crop=random", "preprocessing.flip=true"];
    cached(&train(&config, &[&shape[..], &["data.storage=memory", "training.steps=2"]].concat()));
    assert!(!here.join("caches").exists());
    cached(&train(&config, &[&shape[..], &["data.storage=disk", "name=parts"]].concat()));
    assert!(here.join("caches/pictures").is_dir());
    cached(&["resume", "runs/parts", "--set", "training.steps=2", "--set", "data.storage=memory"]);
    let weights = |run: &str| fs::read(here.join(format!("runs/{run}/checkpoints/step-00000002/ema.bpk"))).unwrap();
    assert!(weights("whole") == weights("parts"));
    succeed(&["sample", "runs/parts", "--count", "1", "--out", "drawn.png"], here);
    assert_eq!(grey_picture(&here.join("drawn.png")).shape, [1, 8, 12]);
    // Sides that the levels do not divide.
    succeed(&train(&config, &["data.size=[7, 13]", "training.steps=2", "name=odd"]), here);
    succeed(&["sample", "runs/odd", "--count", "1", "--out", "odd.png"], here);
    assert_eq!(grey_picture(&here.join("odd.png")).shape, [1, 7, 13]);
    let turned = train(&config, &[&shape[..], &["preprocessing.rotate=true", "name=turned"]].concat());
    assert_refused(&fokker(&turned, here), 2, &["preprocessing.rotate", "8×12"]);
}
