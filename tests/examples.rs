//! The examples run to their end with small settings, and say numbers. `cargo test` builds them; with `--test` it does not, and
//! `cargo build --release --workspace --features ndarray --examples` comes first. Those that need no files of the
//! checkout run in `tests/outside/`.

use std::path::Path;
use std::process::Command;

use fokker::datasets::{Background, Channels, Picture};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The shape of a picture that was written.
fn shape(path: &Path) -> [usize; 3] {
    Picture::load(path, Channels::Grey(Background::WHITE)).unwrap().shape
}

/// What an example says on standard output. It reads recipes of the checkout and trains into `runs`.
fn example(name: &str, runs: &Path, arguments: &[&str]) -> String {
    // Next to the folder of test binaries.
    let programs = std::env::current_exe().unwrap();
    let program = programs.ancestors().nth(2).unwrap().join("examples").join(name);
    let mut command = Command::new(&program);
    command.args(arguments).env("FOKKER_DATA", std::path::absolute("datasets/data").unwrap());
    match name {
        "checkpoint_to_png" => {}
        _ => drop(command.arg(format!("runs={:?}", runs.display().to_string()))),
    }
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Numbers that end in a percent sign.
fn percents(text: &str) -> Vec<f64> {
    let marked = text.split_whitespace().filter_map(|word| word.strip_suffix('%'));
    let alone = text.split(" %").map(|before| before.split_whitespace().last().unwrap_or_default());
    marked.chain(alone).filter_map(|number| number.parse().ok()).collect()
}

const SMALL: [&str; 4] = ["training.steps=20", "training.batch_size=64", "previews.every=0", "backend.name=flex"];

/// A score that is zero has an error of 100 %.
#[test]
fn mixture_2d() {
    let runs = tempfile::tempdir().unwrap();
    let said = example("mixture_2d", runs.path(), &SMALL);
    let errors = percents(&said);
    assert_eq!(errors.len(), 4, "{said}");
    assert!(errors.iter().all(|error| *error > 0.0 && *error < 300.0), "{said}");
    assert!(errors[3] < 1.0, "at t = 1 there is noise alone, whose score is almost known without training: {said}");
}

#[test]
fn score_fpe() {
    let runs = tempfile::tempdir().unwrap();
    let said = example("score_fpe", runs.path(), &SMALL);
    assert_eq!(said.lines().count(), 10, "{said}");
    assert_eq!(percents(&said).len(), 18, "{said}");
    // Residuals of both runs, at nine times.
    let residuals = said.lines().skip(1).map(|line| line.split('|').nth(1).unwrap().split_whitespace());
    let residuals: Vec<f64> = residuals.flat_map(|row| row.take(2).map(|number| number.parse().unwrap())).collect();
    assert!(
        residuals.len() == 18 && residuals.iter().all(|residual| *residual > 0.0 && residual.is_finite()),
        "{said}"
    );
}

#[test]
fn mnist_vp_and_checkpoint_to_png() {
    let runs = tempfile::tempdir().unwrap();
    let changes = [
        "training.steps=2",
        "training.batch_size=4",
        "training.validation_examples=4",
        "training.validate_every=0",
        "previews.every=0",
        "backend.name=flex",
        "name=tiny",
        "network.block_out_channels=[8, 8, 8]",
        "network.norm_num_groups=4",
        "sampler.steps=2",
    ];
    let said = example("mnist_vp", runs.path(), &changes);
    assert_eq!(said.lines().count(), 3, "{said}");
    // Ten rows of ten digits with gaps of two pixels.
    for line in said.lines() {
        assert_eq!(shape(Path::new(line)), [1, 298, 298], "{line}");
    }
    let out = runs.path().join("grid.png");
    let said =
        example("checkpoint_to_png", runs.path(), &[runs.path().join("tiny").to_str().unwrap(), out.to_str().unwrap()]);
    assert_eq!(said.trim(), out.to_str().unwrap());
    // Four rows of four digits.
    assert_eq!(shape(&out), [1, 118, 118]);
}
