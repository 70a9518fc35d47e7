//! Sampling from the command line: the list, trajectories, comparisons, and what Ctrl-C leaves behind.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn fokker(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fokker")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A run of a few steps on points in the plane, or on digits.
fn train(folder: &Path, name: &str, data: &str, scale: &str, network: &str) {
    let config = format!(
        r#"
name = "{name}"
backend = {{ name = "flex" }}
data = {data}
preprocessing = {{ scale = "{scale}" }}
process = {{ kind = "vp" }}
network = {network}
parameterization = {{ output = "edm", conditioning = "log_sigma" }}
objective = {{ weighting = {{ kind = "edm" }}, time = {{ kind = "log_normal" }} }}
optimizer = {{ kind = "adam" }}
training = {{ steps = 2, batch_size = 8, learning_rate = 1e-3, ema_decay = 0.9, log_every = 2 }}
checkpoints = {{ every = 2, keep = 1 }}
previews = {{ every = 0 }}
sampler = {{ kind = "probability_flow", steps = 4 }}
"#
    );
    std::fs::write(folder.join(format!("{name}.toml")), config).unwrap();
    let trained = fokker(&["train", &format!("{name}.toml")], folder);
    assert!(trained.status.success(), "{}", text(&trained.stderr));
}

const MLP: &str = r#"{ kind = "mlp", dimension = 2, width = 16, blocks = 1 }"#;
const UNET: &str = r#"{ kind = "unet", in_channels = 1, out_channels = 1, block_out_channels = [8, 8],
  layers_per_block = 1, down_block_types = ["DownBlock2D", "DownBlock2D"], up_block_types = ["UpBlock2D", "UpBlock2D"],
  norm_num_groups = 4, add_attention = false }"#;

#[test]
fn the_list_names_every_sampler() {
    let output = fokker(&["sample", "--list-samplers"], Path::new("."));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let list = text(&output.stdout);
    for method in fokker::sampling::Method::ALL {
        assert!(list.lines().any(|line| line.starts_with(&format!("{} ", method.name()))), "{}", method.name());
    }
}

#[test]
fn every_sampler_is_reached_by_name_and_trajectories_are_pictures() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", r#"{ kind = "moons" }"#, "none", MLP);
    for method in fokker::sampling::Method::ALL {
        let mut arguments =
            vec!["sample", "runs/moons", "--count", "3", "--out", "out.csv", "--sampler", method.name()];
        if method != fokker::sampling::Method::DormandPrince {
            arguments.extend(["--steps", "3"]);
        }
        let output = fokker(&arguments, root.path());
        assert!(output.status.success(), "{}: {}", method.name(), text(&output.stderr));
        assert!(text(&output.stderr).contains("network calls"));
    }
    let refused = fokker(&["sample", "runs/moons", "--sampler", "dormand_prince", "--steps", "3"], root.path());
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("tolerance"));

    train(root.path(), "digits", r#"{ kind = "mnist" }"#, "minus_one_one", UNET);
    for (name, frames) in [("strip.png", "4"), ("film.gif", "5")] {
        let arguments =
            ["sample", "runs/digits", "--count", "3", "--columns", "3", "--trajectory", name, "--frames", frames];
        let output = fokker(&arguments, root.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
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
            fokker::sampling::Pictures { shape: [1, side, side], pixels: (0..side * side).map(value).collect() };
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
            let drawn = fokker::sampling::Pictures::load(&root.path().join("known.png"), 1).unwrap();
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
    let compared = fokker(
        &["compare-samplers", "runs/moons", "--samplers", "ddim,unipc", "--calls", "5,10", "--count", "50"],
        root.path(),
    );
    assert!(compared.status.success(), "{}", text(&compared.stderr));
    assert!(text(&compared.stdout).contains("| `unipc` |"));
    assert!(root.path().join("samplers/samplers.svg").is_file());
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_half_written() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), "moons", r#"{ kind = "moons" }"#, "none", MLP);
    let mut child = Command::new(env!("CARGO_BIN_EXE_fokker"))
        .args(["sample", "runs/moons", "--sampler", "reverse_sde", "--steps", "1000000", "--out", "out/points.csv"])
        .current_dir(root.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let asked = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(asked.elapsed() < Duration::from_secs(20), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    assert!(!root.path().join("out").exists());
}
