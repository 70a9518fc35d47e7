//! Runs with a `[start]`: from one data set to another, from outside.

use std::fs;

use crate::support::{assert_refused, fokker, succeed};

#[test]
fn a_way_from_one_data_set_to_another_is_learnt() {
    let root = tempfile::tempdir().unwrap();
    let here = root.path();
    let around = |x: f64| format!("{{ kind = 'mixture', means = [[{x:.1}, 0.5]], stds = [0.3], weights = [1.0] }}");
    let data = format!("data={}", around(2.0));
    let start = |bridge: &str| format!("start={{ data = {}, bridge = {bridge} }}", around(-2.0));
    let small = "network={ kind = 'mlp', dimension = 2, width = 32, blocks = 1 }";
    let short =
        "training={ steps = 300, batch_size = 64, learning_rate = 5e-3, ema_decay = 0.9, validate_every = 150 }";
    let quick = ["previews.every=0", "objective.coupling=independent", small, short, &data];
    let changes = |more: &[&str]| -> Vec<String> {
        let all = quick.iter().chain(more).flat_map(|change| ["--set", change]);
        ["train", "rings_to_moons"].into_iter().chain(all).map(String::from).collect()
    };
    let train = |more: &[&str]| fokker(&changes(more).iter().map(String::as_str).collect::<Vec<_>>(), here);
    let sine = start("{ kind = 'sine', scale = 0.2 }");
    let output = train(&[&sine]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let drawn = |options: &[&str]| -> Vec<f64> {
        let common = ["sample", "runs/rings_to_moons", "--count", "400", "--out", "out.csv"];
        succeed(&[&common[..], options].concat(), here);
        let text = fs::read_to_string(here.join("out.csv")).unwrap();
        text.split([',', '\n']).filter_map(|word| word.parse().ok()).collect()
    };
    let samples = drawn(&[]);
    assert_eq!(samples.len(), 800);
    for (coordinate, exact) in [(0, 2.0), (1, 0.5)] {
        let values: Vec<f64> = samples.chunks(2).map(|sample| sample[coordinate]).collect();
        let mean = values.iter().sum::<f64>() / 400.0;
        let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 400.0).sqrt();
        // From noise in the place of the start the deviation would be 1, and the mean 4 in the first coordinate.
        assert!((mean - exact).abs() < 0.2 && (0.15..0.5).contains(&std), "{coordinate}: {mean} ± {std}");
    }
    // Sample i begins with the same example in every batch, up to the rounding of products of other shapes.
    let other = drawn(&["--batch-size", "130"]);
    assert!(samples.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-4));
    assert_ne!(drawn(&["--seed", "1"]), samples);

    // Only a velocity is learnt, and the density of examples is not known.
    assert_refused(&fokker(&["sample", "runs/rings_to_moons", "--sampler", "sra"], here), 2, &["sra", "[start]"]);
    assert_refused(&fokker(&["likelihood", "runs/rings_to_moons"], here), 2, &["start", "density"]);
    let edit = ["sample", "runs/rings_to_moons", "--count", "1", "--start", "out.csv"];
    assert_refused(&fokker(&edit, here), 2, &["start", "noise"]);
    for (change, parts) in [
        (start("{ kind = 'brownian', scale = 0.2 }"), ["start.bridge", "sine"]),
        (start("{ kind = 'sine', scale = -1.0 }"), ["start", "scale = -1"]),
        ("start={ data = { kind = 'mnist' } }".into(), ["start.data", "[1, 28, 28]"]),
    ] {
        assert_refused(&train(&["name=other", &change]), 2, &parts);
    }
    assert_refused(&train(&["name=other", &sine, "process={ kind = 'vp' }"]), 2, &["process", "linear_path"]);
}
