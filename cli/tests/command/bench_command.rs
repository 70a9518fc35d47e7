//! `fokker bench`: every part with its smallest sizes, and numbers that make no sense.

use crate::support::{MLP, MOONS, assert_refused, fokker, succeed, write_config};

/// The cells of the rows of the table whose first column is called `first`.
fn rows(said: &str, first: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
    let table = said.lines().skip_while(|line| !line.starts_with(&format!("| {first} |"))).skip(2);
    table.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The number at the beginning of a cell.
fn number(cell: &str) -> f64 {
    let end = cell.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(cell.len());
    cell[..end].parse().unwrap_or_else(|_| panic!("no number: {cell}"))
}

#[test]
fn every_part_measures() {
    let root = tempfile::tempdir().unwrap();
    let config = write_config(root.path(), "moons", MOONS, MLP);
    let arguments = [
        &[
            "bench",
            "--parts",
            "machine,steps,sampling,trainer,penalty,gpu",
            "--batch",
            "1",
            "--size",
            "4",
            "--width",
            "8",
        ][..],
        &["--repetitions", "1", "--rounds", "1", "--samplers", "ddim,probability_flow", "--sampler-steps", "2"],
        &["--trainer-steps", "1", "--config", config.to_str().unwrap(), "--precision", "f32"],
        &["--gpu-batch", "1", "--gpu-size", "8", "--gpu-width", "32", "--gpu-steps", "1", "--gpu-sampler-steps", "1"],
        &["--gpu-recompute", "nothing,blocks"],
    ];
    let said = succeed(&arguments.concat(), root.path());
    assert!(said.starts_with("machine: "), "{said}");
    let steps = rows(&said, "precision");
    assert_eq!(steps.len(), 1, "{said}");
    assert_eq!(steps[0][1..5], ["f32", "8", "4", "1"]);
    assert!(number(&steps[0][5]) > number(&steps[0][6]), "a training step is more than a forward pass: {said}");
    // Two steps with the final denoising: one and two calls a step.
    let sampling = rows(&said, "sampler");
    let calls: Vec<&str> = sampling.iter().map(|row| row[3].as_str()).collect();
    assert_eq!(calls, ["3", "5"], "{said}");
    let shares: f64 = rows(&said, "part").iter().map(|row| number(&row[3])).sum();
    assert!((shares - 100.0).abs() < 0.1, "the parts of a step are all of it: {said}");
    let penalties = rows(&said, "penalty");
    assert_eq!(penalties.len(), 5, "{said}");
    assert_eq!(number(&penalties[0][4]), 1.0, "a plain step is as long as itself: {said}");
    assert!(penalties.iter().all(|row| number(&row[2]) > 0.0), "{said}");
    let gpu = rows(&said, "what");
    assert_eq!(gpu.len(), 2, "{said}");
    assert!(gpu.iter().all(|row| number(&row[3]) > 0.0 && number(&row[4]) > 0.0), "{said}");
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let wrong: [(&[&str], &str); 14] = [
        (&["--parts", "penalty", "--rounds", "0"], "--rounds"),
        (&["--parts", "penalty", "--trainer-steps", "0"], "--trainer-steps"),
        (&["--parts", "trainer", "--trainer-steps", "18446744073709551615"], "--trainer-steps"),
        (&["--parts", "gpu", "--gpu-sampler-steps", "0"], "--gpu-sampler-steps"),
        (&["--parts", "gpu", "--gpu-steps", "0"], "--gpu-steps"),
        (&["--parts", "gpu", "--gpu-size", "4294967288"], "--gpu-size"),
        (&["--parts", "gpu", "--gpu-width", "4294967264"], "--gpu-width"),
        (&["--parts", "sampling", "--sampler-steps", "0"], "--sampler-steps"),
        (&["--parts", "sampling", "--size", "30"], "--size 30"),
        (&["--parts", "sampling", "--batch", "9223372036854775807"], "--batch"),
        (&["--parts", "sampling", "--size", "4294967292"], "--size"),
        (&["--parts", "sampling", "--width", "0"], "--width"),
        (&["--parts", "steps", "--repetitions", "0"], "--repetitions"),
        (&["--parts", "steps", "--batch", "-1"], "--batch"),
    ];
    for (arguments, part) in wrong {
        assert_refused(&fokker(&[&["bench"], arguments].concat(), crate::support::checkout()), 2, &[part]);
    }
}
