//! The commands `reproduce` and `lab`: what they write, and what they say when something is wrong.

mod support;

use std::fs;

use support::{assert_refused, fokker, succeed, text};

#[test]
fn a_figure_is_a_picture_twice_its_numbers_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&["reproduce", "papers004_figure2", "papers000_vp", "--out", "out"], folder.path());
    let read = |name: &str| fs::read(folder.path().join("out").join(name)).unwrap();
    assert!(read("papers004_figure2.png").starts_with(b"\x89PNG"));
    let svg = text(&read("papers000_vp.svg"));
    assert!(svg.starts_with("<svg") && svg.contains("Grid and closed form") && svg.contains("data:image/png;base64,"));
    let csv = text(&read("papers004_figure2-paths.csv"));
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!((rows.len(), rows[0].split(',').count()), (1002, 11));
    assert!(text(&read("papers000_vp.txt")).contains("beta_max = 12.0"));
    // The page needs no other file: its pictures are in it.
    let page = text(&read("index.html"));
    assert_eq!(page.matches("src=\"data:image/png;base64,").count(), 2);
    assert_eq!(page.matches("src=").count(), 2);
}

#[test]
fn figures_of_ones_own_are_read_strictly() {
    let folder = tempfile::tempdir().unwrap();
    let own = include_str!("../configs/figures/papers004_figure2.toml").replace("paths = 10", "paths = 3");
    fs::write(folder.path().join("mine.toml"), &own).unwrap();
    succeed(&["reproduce", "mine.toml"], folder.path());
    assert!(folder.path().join("figures/mine.svg").is_file());
    for (from, to, part) in
        [("steps = 1000", "stepz = 1000", "stepz"), ("time = 1.0", "time = -1.0", "figure.time = -1")]
    {
        fs::write(folder.path().join("mine.toml"), own.replace(from, to)).unwrap();
        assert_refused(&fokker(&["reproduce", "mine.toml"], folder.path()), 2, &[part]);
    }
    assert_refused(&fokker(&["reproduce", "figure9"], folder.path()), 2, &["papers002_figure1"]);
}

#[test]
fn densities_conditions_and_paths_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| succeed(arguments, folder.path());
    let linear = "kind = 'linear', alpha = [1.0], beta = [1.0, 2.0]";
    let data = "means = [-1.0, 1.0], stds = [0.5, 0.4], weights = [0.3, 0.7]";
    run(&["lab", "density", "--process", linear, "--data", data, "--times", "0.5,1.0", "--cells", "300"]);
    let csv = fs::read_to_string(folder.path().join("density/density.csv")).unwrap();
    let (mut distance, mut mass) = (0.0, 0.0);
    for row in csv.lines().skip(1) {
        let values: Vec<f64> = row.split(',').map(|value| value.parse().unwrap()).collect();
        distance += (values[3] - values[4]).abs() * 16.0 / 300.0;
        mass += values[3] * 16.0 / 300.0;
    }
    // 300 cells of 0.05 against deviations of 0.4 and more.
    assert!(distance < 5e-3 && (mass - 1.0).abs() < 1e-9, "{distance} {mass}");
    for noise in ["0", "1"] {
        let out = run(&["lab", "density", "--backward-noise", noise, "--cells", "120", "--steps", "300"]);
        assert!(out.contains("L1 distance"), "{out}");
    }
    let plane = "means = [[-1.0, 0.0], [1.0, 0.5]], stds = [0.6, 0.5]";
    run(&["lab", "density", "--data", plane, "--cells", "40", "--steps", "40", "--out", "plane"]);
    assert!(folder.path().join("plane/density.png").is_file());

    // sup g²/2f = 3/2 at t = 1.
    assert!(run(&["lab", "condition", "--process", linear, "--c", "1.51"]).contains("well-posed"));
    let below = run(&["lab", "condition", "--process", linear, "--c", "1.49"]);
    assert!(below.contains("not covered") && below.contains("1.5"), "{below}");
    assert!(run(&["lab", "condition", "--process", "ve"]).contains("without weight"));

    let out = run(&["lab", "paths", "geometric", "--method", "milstein", "--refine", "2", "--count", "3"]);
    assert!(out.contains("its law"), "{out}");
    let refused = fokker(&["lab", "density", "--process", "kind = 'vp', beta_maxx = 1.0"], folder.path());
    assert_refused(&refused, 2, &["beta_maxx"]);
}
