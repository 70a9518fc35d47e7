//! The programs run to their end, and say what they should.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a program says on standard output.
fn said(program: &mut Command) -> String {
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The numbers among the words.
fn numbers(text: &str) -> Vec<f64> {
    text.split([' ', '\n', ')']).filter_map(|word| word.parse().ok()).collect()
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Points that were drawn at random would be about half a radius away from the circle.
#[test]
fn own_data() {
    let said = said(&mut Command::new(env!("CARGO_BIN_EXE_own_data")));
    let distance = numbers(said.trim_end())[0];
    assert!(distance > 0.0 && distance < 0.1, "{said}");
}

/// Seventy percent of 500 draws, within five standard errors, and the two that starting without the mean of the data costs.
#[test]
fn own_process() {
    let said = said(&mut Command::new(env!("CARGO_BIN_EXE_own_process")));
    assert!((numbers(&said)[0] - 70.0).abs() < 12.3, "{said}");
}

/// Twenty thousand samples have the moments of the law, to four standard errors and what 200 steps leave.
#[test]
fn own_sampler() {
    let said = said(&mut Command::new(env!("CARGO_BIN_EXE_own_sampler")));
    let [mean, mean_of_law, variance, variance_of_law] = numbers(&said)[..] else { panic!("{said}") };
    assert!((mean - mean_of_law).abs() < 4.0 * (variance_of_law / 20_000.0).sqrt() + 0.01, "{said}");
    assert!((variance / variance_of_law - 1.0).abs() < 0.05, "{said}");
}

/// A run with a network of one's own, which a program without that network refuses by its name.
#[test]
fn own_network_and_checkpoint_to_png() {
    let folder = folder("own_network");
    let said = said(Command::new(env!("CARGO_BIN_EXE_own_network")).current_dir(&folder));
    let page = folder.join(said.trim());
    assert!(std::fs::read_to_string(&page).unwrap().contains("own_network"), "{said}");
    let run = page.parent().unwrap();
    let Output { status, stderr, .. } =
        Command::new(env!("CARGO_BIN_EXE_checkpoint_to_png")).arg(run).current_dir(&folder).output().unwrap();
    let refusal = text(&stderr);
    assert!(!status.success() && refusal.contains("unknown network `small`, expected one of"), "{refusal}");
}
