//! Sampling from the command line: the list, trajectories, comparisons, and what Ctrl-C leaves behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{
    DIGITS, MLP, MOONS, UNET, assert_refused, fokker, grey_picture, in_foreground, signal, succeed, text, write_config,
};

/// A run of two steps.
fn train(folder: &Path, name: &str, data: &str, network: &str) {
    let file = write_config(folder, name, data, network);
    succeed(&["train", file.to_str().unwrap(), "--set", "training.steps=2", "--set", "previews.every=0"], folder);
}

/// Every sampler with its kind, the order of an equation's solution, and the network calls of three steps with the final
/// denoising, as the literature has them: the order of a method with noise is the weak one.
const SAMPLERS: [(&str, &str, &str, usize); 27] = [
    ("ancestral", "SDE", "1", 4),
    ("edm_heun", "SDE", "2", 7),
    ("exponential_euler", "SDE", "1", 4),
    // A correction after each step and one before the denoising.
    ("predictor_corrector", "SDE", "–", 8),
    ("reverse_diffusion", "SDE", "1", 4),
    ("reverse_sde", "SDE", "1", 4),
    ("sde_dpm_solver_pp_2m", "SDE", "2", 4),
    ("sde_dpm_solver_pp_3m", "SDE", "2", 4),
    ("sra", "SDE", "2", 7),
    ("stochastic_heun", "SDE", "2", 7),
    ("ddim", "ODE", "1", 4),
    // It chooses its steps.
    ("dormand_prince", "ODE", "5", 0),
    ("dpm_solver_1", "ODE", "1", 4),
    ("dpm_solver_2", "ODE", "2", 7),
    ("dpm_solver_2m", "ODE", "2", 4),
    ("dpm_solver_3", "ODE", "3", 10),
    ("dpm_solver_3m", "ODE", "3", 4),
    ("dpm_solver_pp_2m", "ODE", "2", 4),
    ("dpm_solver_pp_2s", "ODE", "2", 7),
    ("dpm_solver_pp_3m", "ODE", "3", 4),
    ("euler", "ODE", "1", 4),
    ("probability_flow", "ODE", "2", 7),
    ("rk4", "ODE", "4", 13),
    ("unipc", "ODE", "3", 4),
    // Five steps at each level.
    ("annealed_langevin", "Langevin", "–", 16),
    ("langevin", "Langevin", "–", 4),
    // Each proposal takes two, and the first state one.
    ("metropolis_langevin", "Langevin", "–", 8),
];

#[test]
fn the_list_says_what_every_sampler_is() {
    let list = succeed(&["sample", "--list-samplers"], crate::support::checkout());
    let rows: Vec<[&str; 3]> =
        list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()[..3].try_into().unwrap()).collect();
    // Those of processes with velocities stand among the others, which all other processes have.
    let of_velocities = [["phase_flow", "ODE", "2"], ["phase_reverse", "SDE", "1"], ["sscs", "SDE", "1"]];
    let (mut phase_space, scalar): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| of_velocities.contains(row));
    phase_space.sort_unstable();
    assert_eq!(phase_space, of_velocities);
    assert_eq!(scalar, SAMPLERS.map(|(name, kind, order, _)| [name, kind, order]));
}

/// The numbers of a table.
fn table(path: &Path) -> Vec<Vec<f32>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(|number| number.parse().unwrap()).collect()).collect()
}

#[test]
fn every_sampler_is_reached_by_name_and_asks_the_network_as_often_as_it_says() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", MOONS, MLP);
    let mut all = Vec::new();
    for (name, _, _, calls) in SAMPLERS {
        let mut arguments = vec!["sample", "runs/moons", "--count", "3", "--out", "out.csv", "--sampler", name];
        if calls > 0 {
            arguments.extend(["--steps", "3"]);
        }
        let output = fokker(&arguments, root.path());
        let said = text(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        let count = said.lines().find_map(|line| line.strip_suffix(" network calls for a batch")).unwrap();
        let count: usize = count.parse().unwrap();
        // Six for each step of the pair, the slope of a step's end being the next one's first, and at least one step.
        assert!(count == calls || calls == 0 && count >= 7, "{name}: {count} calls instead of {calls}");
        let points = table(&root.path().join("out.csv"));
        assert!(points.len() == 3 && points.iter().flatten().all(|x| x.is_finite()), "{name}: {points:?}");
        all.push((name, points));
    }
    // Each is a method of its own but for these: Euler's method in σ/α is DDIM and the exponential Euler method, and without
    // churn EDM's is Heun's.
    let mut same = Vec::new();
    for (k, (one, points)) in all.iter().enumerate() {
        for (other, others) in &all[k + 1..] {
            let distance = points.iter().flatten().zip(others.iter().flatten()).map(|(a, b)| (a - b).abs());
            if distance.fold(0.0, f32::max) < 1e-5 {
                same.push((*one, *other));
            }
        }
    }
    let known =
        [("edm_heun", "probability_flow"), ("ddim", "dpm_solver_1"), ("ddim", "euler"), ("dpm_solver_1", "euler")];
    assert_eq!(same, known);
    let refused = fokker(&["sample", "runs/moons", "--sampler", "dormand_prince", "--steps", "3"], root.path());
    assert_refused(&refused, 2, &["tolerance"]);
    let arguments = ["compare-samplers", "runs/moons", "--samplers", "ddim,unipc", "--calls", "5,10", "--count", "50"];
    assert!(succeed(&arguments, root.path()).contains("| `unipc` |"));
    assert!(root.path().join("samplers/samplers.svg").is_file());
}

/// Against the exact score of the mixture: more calls of a method of second order bring its samples closer to the data.
#[test]
fn samplers_are_compared_without_a_run_and_put_into_a_document() {
    let root = tempfile::tempdir().unwrap();
    let document = root.path().join("doc.md");
    std::fs::write(&document, "before\n<!-- mixture -->\nold\n<!-- end mixture -->\nafter\n").unwrap();
    let arguments =
        ["compare-samplers", "--samplers", "probability_flow", "--calls", "3,41", "--count", "200", "--into", "doc.md"];
    succeed(&arguments, root.path());
    let text = std::fs::read_to_string(&document).unwrap();
    assert!(text.starts_with("before\n<!-- mixture -->\n\n| sampler | 3 | 41 |\n"), "{text}");
    assert!(text.ends_with("<!-- end mixture -->\nafter\n") && !text.contains("old"), "{text}");
    let row = text.lines().find(|line| line.starts_with("| `probability_flow` |")).unwrap();
    let distances: Vec<f64> = row.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
    let floor: f64 = text
        .split("distance ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .trim_end_matches('.')
        .parse()
        .unwrap();
    // One step of Heun's method leaves the five bumps far from their places; 20 steps are good to what chance makes of 200
    // points.
    assert!(distances[0] > 2.0 * distances[1] && distances[1] < 2.0 * floor, "{distances:?}, {floor}");
    let refused = fokker(&["compare-samplers", "--calls", "0", "--count", "1"], root.path());
    assert_refused(&refused, 2, &["--calls"]);
    let refused = fokker(&["compare-samplers", "--count", "9223372036854775807"], root.path());
    assert_refused(&refused, 2, &["--count"]);
}

#[test]
fn trajectories_are_pictures_and_what_is_known_is_kept() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "digits", DIGITS, UNET);
    for (name, frames) in [("strip.png", "4"), ("film.gif", "5")] {
        let arguments =
            ["sample", "runs/digits", "--count", "3", "--columns", "3", "--trajectory", name, "--frames", frames];
        succeed(&arguments, root.path());
        let bytes = std::fs::read(root.path().join(name)).unwrap();
        match name {
            // Width and height of a PNG are the big-endian numbers from byte 16 on: 4 and 3 tiles of 28, gaps of 2.
            "strip.png" => assert_eq!(bytes[16..24], [0, 0, 0, 118, 0, 0, 0, 88]),
            // Width and height of a GIF are little-endian, from byte 6 on.
            _ => assert_eq!((&bytes[..6], &bytes[6..10]), (&b"GIF89a"[..], &[88, 0, 28, 0][..])),
        }
    }
    let picture = |name: &str, side: usize, value: fn(usize) -> u8| {
        let pictures =
            fokker::samples::Pictures { shape: [1, side, side], pixels: (0..side * side).map(value).collect() };
        pictures.save_grid(&root.path().join(name), 1).unwrap();
    };
    // The left half is known to be grey.
    picture("grey.png", 28, |_| 200);
    picture("left.png", 28, |k| if k % 28 < 14 { 255 } else { 0 });
    picture("small.png", 7, |k| 5 * k as u8);
    let sample = |more: &[&str]| {
        let arguments = [&["sample", "runs/digits", "--count", "1", "--columns", "1", "--measured"], more].concat();
        fokker(&arguments, root.path())
    };
    for technique in ["replacement", "gradient"] {
        let ways = [["grey.png", "--mask", "left.png"], ["small.png", "--factor", "4"]];
        for way in ways {
            let output = sample(&[&way[..], &["--technique", technique, "--out", "known.png"]].concat());
            assert!(output.status.success(), "{}", text(&output.stderr));
            let drawn = grey_picture(&root.path().join("known.png"));
            if technique == "replacement" && way[1] == "--mask" {
                assert!(drawn.pixels.chunks(28).all(|row| row[..14].iter().all(|&pixel| pixel == 200)));
                assert!(drawn.pixels.iter().any(|&pixel| pixel != 200));
            }
        }
    }
    let wrong = [
        (&["grey.png"][..], "--mask or --factor"),
        (&["small.png", "--mask", "left.png"], "7×7"),
        (&["small.png", "--factor", "3"], "does not divide"),
        (&["grey.png", "--mask", "left.png", "--sampler", "langevin"], "gradient"),
    ];
    for (arguments, reason) in wrong {
        let output = sample(arguments);
        assert!(!output.status.success() && text(&output.stderr).contains(reason), "{}", text(&output.stderr));
    }
    // Numbers without an end: the network is asked far outside of what it knows.
    let far = ["sample", "runs/digits", "--count", "3", "--class", "1", "--guidance", "1e300", "--out", "far.csv"];
    let output = fokker(&far, root.path());
    assert_refused(&output, 1, &["3 of 3 samples are not finite", "number 0, 1, 2"]);
    assert_eq!(std::fs::read_to_string(root.path().join("far.csv")).unwrap().lines().count(), 3);
    // A weight below zero is a number like any other.
    succeed(
        &["sample", "runs/digits", "--count", "1", "--class", "1", "--guidance", "-1", "--out", "less.png"],
        root.path(),
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_half_written() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", MOONS, MLP);
    // One file is there already, the folder of the other is not.
    let earlier = root.path().join("points.csv");
    succeed(&["sample", "runs/moons", "--count", "3", "--out", "points.csv"], root.path());
    let before = std::fs::read(&earlier).unwrap();
    let arguments = ["sample", "runs/moons", "--sampler", "reverse_sde", "--steps", "1000000", "--seed", "1"];
    let mut child = in_foreground(&arguments, root.path())
        .args(["--out", "points.csv", "--trajectory", "out/film.gif"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It listens before it says what it reads; the steps would take a minute.
    let mut says = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(says.any(|line| line.unwrap().contains("step-00000002 on ")));
    std::thread::sleep(Duration::from_millis(300));
    signal(child.id(), "INT");
    let asked = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(asked.elapsed() < Duration::from_secs(20), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    assert_eq!(std::fs::read(&earlier).unwrap(), before);
    let mut left: Vec<_> = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["moons.toml", "points.csv", "runs"]);
}

/// The gradient leads known pixels to what was measured, to within a few levels, whatever the scale of the data.
#[test]
fn gradients_follow_what_is_measured_under_any_scale() {
    let root = tempfile::tempdir().unwrap();
    let save = |name: &str, value: fn(usize) -> u8| {
        let pixels = (0..784).map(value).collect();
        fokker::samples::Pictures { shape: [1, 28, 28], pixels }.save_grid(&root.path().join(name), 1).unwrap();
    };
    save("stripes.png", |k| if k / 28 % 8 < 4 { 230 } else { 20 });
    save("left.png", |k| if k % 28 < 14 { 255 } else { 0 });
    let file = write_config(root.path(), "digits", DIGITS, UNET);
    // Of a network that has learnt nothing, EDM's output is the denoiser of data of deviation sigma_data: MNIST's.
    for (scale, deviation) in [("minus_one_one", "0.616"), ("zero_one", "0.308")] {
        let [name, scaled, sigma] = [
            format!("name={scale}"),
            format!("preprocessing.scale={scale}"),
            format!("parameterization.sigma_data={deviation}"),
        ];
        let arguments = ["train", file.to_str().unwrap(), "--set", "training.steps=1", "--set", "previews.every=0"];
        succeed(&[&arguments[..], &["--set", &name, "--set", &scaled, "--set", &sigma]].concat(), root.path());
        let run = format!("runs/{scale}");
        let drawing = ["sample", &run, "--count", "1", "--columns", "1", "--steps", "40", "--out", "known.png"];
        let measured = ["--measured", "stripes.png", "--mask", "left.png", "--technique", "gradient"];
        succeed(&[&drawing[..], &measured].concat(), root.path());
        let drawn = grey_picture(&root.path().join("known.png"));
        for (k, &pixel) in drawn.pixels.iter().enumerate().filter(|(k, _)| k % 28 < 14) {
            let expected: u8 = if k / 28 % 8 < 4 { 230 } else { 20 };
            assert!(pixel.abs_diff(expected) <= 4, "{scale}: pixel {k} is {pixel}, measured {expected}");
        }
    }
}
