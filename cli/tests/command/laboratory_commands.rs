//! The commands `reproduce` and `lab`: what they write, and what they say when something is wrong.

use std::fs;

use crate::support::{assert_refused, fokker, succeed, text, write_config};

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
    let own = include_str!("../../../configs/figures/papers004_figure2.toml").replace("paths = 10", "paths = 3");
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
fn densities_and_conditions_from_the_command_line() {
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
        assert_eq!(out.lines().filter(|line| line.contains("L1 distance")).count(), 4, "{out}");
        for line in out.lines().filter(|line| line.starts_with("t = ")) {
            let distance: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            // 120 cells of 0.13 against deviations of 0.5: second order leaves some per cent at the earliest time.
            assert!(distance < 0.05, "{line}");
        }
    }
    let plane = "means = [[-1.0, 0.0], [1.0, 0.5]], stds = [0.6, 0.5]";
    run(&["lab", "density", "--data", plane, "--cells", "40", "--steps", "40", "--out", "plane"]);
    assert!(folder.path().join("plane/density.png").is_file());

    // sup g²/2f = 3/2 at t = 1.
    assert!(run(&["lab", "condition", "--process", linear, "--c", "1.51"]).contains("well-posed"));
    let below = run(&["lab", "condition", "--process", linear, "--c", "1.49"]);
    assert!(below.contains("not covered") && below.contains("1.5"), "{below}");
    assert!(run(&["lab", "condition", "--process", "ve"]).contains("without weight"));

    let refused = fokker(&["lab", "density", "--process", "kind = 'vp', beta_maxx = 1.0"], folder.path());
    assert_refused(&refused, 2, &["beta_maxx"]);
}

/// The numbers of a line that begins with `start`.
#[track_caller]
fn numbers(out: &str, start: &str) -> Vec<f64> {
    let line = out.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no '{start}' in {out}"));
    let words = line.split([' ', ',']).filter_map(|word| word.parse::<f64>().ok());
    words.collect()
}

#[test]
fn paths_of_every_equation_have_the_law_that_is_printed_next_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let (e, count) = (|x: f64| x.exp(), 400.0f64);
    // Mean, variance and quadratic variation at t = 1 from X = 1, by hand.
    let cases: [(&[&str], [f64; 3]); 4] = [
        (&["brownian"], [1.0, 1.0, 1.0]),
        // μ = 0.2, σ = 0.4: e^μ, e^{2μ} (e^{σ²} − 1), σ² (e^{2μ + σ²} − 1)/(2μ + σ²).
        (
            &["geometric", "--method", "milstein", "--refine", "2"],
            [e(0.2), e(0.4) * (e(0.16) - 1.0), 0.16 * (e(0.56) - 1.0) / 0.56],
        ),
        // λ = 5, σ = ½: e^{−λ}, (σ²/λ)(1 − e^{−2λ}), 2σ².
        (&["ornstein-uhlenbeck", "--method", "heun"], [e(-5.0), 0.05 * (1.0 - e(-10.0)), 0.5]),
        // VP: ∫β = 10.05.
        (&["process", "--refine", "1"], [e(-5.025), 1.0 - e(-10.05), 10.05]),
    ];
    for (arguments, [mean, variance, variation]) in cases {
        let more = ["--count", "400", "--steps", "250", "--seed", "1"];
        let out = succeed(&[&["lab", "paths"], arguments, &more].concat(), folder.path());
        let law = numbers(&out, "its law:");
        assert!((law[0] - mean).abs() < 1e-5 && (law[1] - variance).abs() < 1e-5, "{arguments:?}: {out}");
        let found = numbers(&out, "at t = 1:");
        // Four standard errors. The fourth moment of a log-normal law with σ = 0.4 is about twice a normal one's.
        assert!((found[0] - mean).abs() < 4.0 * (variance / count).sqrt(), "{arguments:?}: {out}");
        assert!((found[1] / variance - 1.0).abs() < 4.0 * (4.0 / count).sqrt(), "{arguments:?}: {out}");
        let varied = numbers(&out, "quadratic variation:");
        assert!((varied[1] - variation).abs() < 1e-5, "{arguments:?}: {out}");
        assert!((varied[0] / variation - 1.0).abs() < 0.1, "{arguments:?}: {out}");
    }
}

#[test]
fn the_bound_of_a_trained_network_holds_on_the_grid() {
    let folder = tempfile::tempdir().unwrap();
    let data = r#"{ kind = "mixture", means = [[-1.0], [1.0]], stds = [0.5, 0.5] }"#;
    let network = r#"{ kind = "mlp", dimension = 1, width = 16, blocks = 1 }"#;
    let config = write_config(folder.path(), "line", data, network);
    succeed(&["train", config.to_str().unwrap()], folder.path());
    let bound = |more: &[&str]| fokker(&[&["lab", "bound", "runs/line"], more].concat(), folder.path());
    let output = bound(&["--steps", "200", "--cells", "240", "--end", "0.01"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = numbers(&text(&output.stdout), "KL(data | generated)");
    assert!(printed[0] > 0.0 && printed[0] < printed[1], "{printed:?}");
    let csv = fs::read_to_string(folder.path().join("bound/bound.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        csv.lines().skip(1).map(|row| row.split(',').map(|value| value.parse().unwrap()).collect()).collect();
    // tau, truth, integrated, bound, score error, exact score.
    assert!((rows[0][1] - rows[0][3]).abs() < 1e-12 && rows[0][0] == 0.0, "{:?}", rows[0]);
    let peak = rows.iter().fold(0.0f64, |most, row| most.max(row[1]));
    for row in &rows {
        // Below the error of the grid, 1e-5 of a nat and less, neither curve says anything.
        assert!(row[1] <= row[3] * 1.001 + 1e-5, "the bound is below the truth: {row:?}");
        // Cor. 4.2 up to the trapezoidal rule and differences on the grid.
        assert!((row[1] - row[2]).abs() < 0.1 * peak + 1e-3, "{row:?}");
        assert!(row[5] <= 1e-3, "the grid's own error: {row:?}");
    }
    let last = &rows[rows.len() - 1];
    assert!((last[1] - printed[0]).abs() < 1e-5 && (last[3] - printed[1]).abs() < 1e-5, "{last:?} {printed:?}");
    for (more, name) in [
        (["--reach", "1"], "--reach"),
        (["--reach", "nan"], "--reach"),
        (["--cells", "9"], "--cells"),
        (["--cells", "9223372036854775807"], "--cells"),
        (["--steps", "0"], "--steps"),
        (["--end", "2"], "--end"),
        (["--end", "-1"], "--end"),
        (["--backward-noise", "0"], "--backward-noise"),
        (["--backward-noise", "1e308"], "--backward-noise"),
    ] {
        assert_refused(&bound(&more), 2, &[name]);
    }
}

#[test]
fn grids_follow_laws_that_reach_far_and_refuse_cells_that_are_too_wide() {
    let folder = tempfile::tempdir().unwrap();
    let exploding = "kind = 've', sigma_min = 0.1, sigma_max = 50.0";
    let density = |more: &[&str]| fokker(&[&["lab", "density", "--process", exploding], more].concat(), folder.path());
    // The law at T deviates by 50: six of that to both sides. 200 cells are wider than the data.
    assert_refused(&density(&[]), 2, &["--cells = 200", "at least 12"]);
    assert_refused(&density(&["--lower", "-8", "--upper", "8"]), 2, &["--lower, --upper", "outside"]);
    let out = succeed(&["lab", "density", "--process", exploding, "--cells", "2400", "--steps", "200"], folder.path());
    let distance: f64 =
        out.lines().find(|line| line.starts_with("t = 1 ")).unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(distance < 0.01, "{out}");
}

#[test]
fn absurd_options_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let commands: [(&[&str], &[&str], &[&str]); 4] = [
        (&["lab", "density"], &["--lower", "--upper", "--times", "--backward-noise"], &["--cells", "--steps"]),
        (&["lab", "condition"], &["--c"], &[]),
        (&["lab", "paths", "geometric"], &["--start", "--time", "--growth", "--volatility"], &["--steps", "--count"]),
        (&["lab", "paths", "ornstein-uhlenbeck"], &["--lambda", "--sigma"], &["--refine"]),
    ];
    for (command, numbers, counts) in commands {
        let absurd = numbers.iter().flat_map(|name| ["nan", "1e308", "-inf"].map(|value| (name, value)));
        let huge = counts.iter().flat_map(|name| ["-1", "9223372036854775807"].map(|value| (name, value)));
        for (name, value) in absurd.chain(huge) {
            let output = fokker(&[command, &[*name, value]].concat(), folder.path());
            assert_refused(&output, 2, &[name]);
        }
    }
    for (arguments, part) in [
        (vec!["paths", "brownian", "--steps", "0"], "--steps"),
        (vec!["paths", "brownian", "--count", "0"], "--count"),
        // 2^40 · 2^24 is 0 in 64 bits.
        (vec!["paths", "brownian", "--steps", "1000000", "--refine", "24"], "--steps × 2^--refine"),
        (vec!["paths", "ornstein-uhlenbeck", "--lambda", "200"], "at least 201"),
        (vec!["paths", "geometric", "--growth", "1000"], "--growth"),
        (vec!["density", "--data", "means = [0.0], stds = [-1.0]"], "--data.stds[0] = -1"),
        (vec!["density", "--data", "means = [nan], stds = [1.0]"], "--data.means[0]"),
        (vec!["density", "--process", "kind = 'vp', beta_max = 1e300"], "--process"),
        (vec!["density", "--process", "kind = 'linear', alpha = [1.0], beta = [1e308]"], "--process"),
    ] {
        assert_refused(&fokker(&[&["lab"], &*arguments].concat(), folder.path()), 2, &[part]);
    }
}

#[test]
fn configurations_are_all_checked_before_the_first_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let own = include_str!("../../../configs/figures/papers004_figure2.toml");
    fs::write(folder.path().join("good.toml"), own).unwrap();
    fs::write(folder.path().join("bad.toml"), own.replace("paths = 10", "paths = 9223372036854775807")).unwrap();
    let output = fokker(&["reproduce", "good.toml", "bad.toml"], folder.path());
    assert_refused(&output, 2, &["bad.toml", "figure.paths = 9223372036854775807"]);
    assert!(!folder.path().join("figures").exists());
    // Two files of one name would replace each other.
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/good.toml"), own).unwrap();
    assert_refused(&fokker(&["reproduce", "good.toml", "other/good.toml"], folder.path()), 2, &["good"]);
}
